"""Paths through builds that real engines did; what the record keeps of their times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layerbench.analysis.critical_path.path import critical_path
from layerbench.results.models import Build
from layerbench.runner.records import startup_seconds
from tests.analysis.critical_path.recorded import finished, recorded
from tests.buildx.cases import CASES, NEW, OLD

BUILT = sorted(name for name in CASES if not name.startswith(("failed", "cancelled", "syntax", "noisy")))


def position(build: Build, instruction: str) -> int:
    [found] = [at for at, step in enumerate(build.steps) if step.instruction.startswith(instruction)]
    return found


@pytest.mark.parametrize("name", BUILT)
def test_the_path_is_as_long_as_the_build(name: str) -> None:
    build = recorded(NEW, name)
    path = critical_path(build)
    assert path is not None
    assert sum(segment.seconds for segment in path.segments) == pytest.approx(build.wall_seconds)
    assert path.segments[0].gap == "client-start"
    assert path.segments[0].seconds == pytest.approx(0.2)
    assert path.segments[-1].gap == "after"
    assert path.segments[-1].seconds == pytest.approx(0.05)
    assert [segment.kind for segment in path.segments].count("export") == 1


def test_a_linked_copy_is_at_work_before_and_after_its_parent() -> None:
    build = recorded(NEW, "copy-link")
    run, copy = build.steps[position(build, "RUN echo parent")], build.steps[position(build, "COPY --link a.txt")]
    assert copy.reads_context
    assert not run.reads_context
    assert not run.intervals_seconds
    assert run.started_seconds is not None
    assert run.seconds is not None
    first, *_, last = copy.intervals_seconds
    assert first[0] == copy.started_seconds
    assert first[1] < run.started_seconds + run.seconds <= last[0]
    path = critical_path(build)
    assert path is not None
    on_path = [segment.step for segment in path.segments if segment.step is not None]
    assert on_path.index(position(build, "RUN echo parent")) < on_path.index(position(build, "COPY --link a.txt"))


def test_an_older_engine_makes_a_linked_copy_at_once() -> None:
    assert [step.instruction for step in recorded(OLD, "copy-link").steps if step.intervals_seconds] == []


def test_a_step_reads_a_context_where_it_is_sent_and_not_where_it_is_an_image() -> None:
    folder, named = recorded(NEW, "context-folder"), recorded(NEW, "named-context")
    readers = [step.instruction for step in folder.steps if step.reads_context]
    assert readers == ["COPY --from=extra big.txt /", "COPY a.txt /"]
    assert [step.instruction for step in named.steps if step.reads_context] == ["COPY a.txt ."]
    # The second context came after the first.
    assert folder.transfer_started_seconds is not None
    assert folder.transfer_seconds is not None
    started = [step.started_seconds for step in folder.steps if step.reads_context and step.started_seconds]
    assert folder.transfer_started_seconds + folder.transfer_seconds <= min(started)


def test_the_start_of_the_client_is_unknown_where_the_clocks_disagree() -> None:
    ended = finished(NEW, "one-stage")
    assert startup_seconds(ended) == pytest.approx(0.2)
    assert ended.started_nanoseconds is not None
    for offset in (-(10**10), 10**10):
        assert startup_seconds(replace(ended, started_nanoseconds=ended.started_nanoseconds + offset)) is None
    assert startup_seconds(replace(ended, started_nanoseconds=None)) is None
