"""Builds without some of their steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.analysis.critical_path.findings import path_findings, what_if_sentences
from layerbench.analysis.critical_path.path import critical_path
from layerbench.analysis.critical_path.what_if import best_what_ifs, what_if_without
from layerbench.results.models import Build
from tests.analysis.critical_path import builds
from tests.analysis.critical_path.builds import build, image, step
from tests.analysis.critical_path.test_path import TWO_STAGES


def without(one: Build, *positions: int) -> float:
    found = what_if_without(one, positions)
    assert found is not None
    return found


def test_the_other_stage_bounds_the_build_then() -> None:
    # Without 4.0 s, and its first start stays the build's own: the other stage ends at 3.5 instead of 4.5.
    assert without(TWO_STAGES, 0) == pytest.approx(7.0)
    assert without(TWO_STAGES, 1) == without(TWO_STAGES, 2) == 8.0
    assert without(TWO_STAGES, 0, 2) == pytest.approx(5.0)
    assert without(TWO_STAGES, 3) == pytest.approx(6.5)


def test_what_goes_with_a_step_is_the_gap_before_it_but_not_that_before_the_first() -> None:
    one = build(step(1.0, 2.0), step(3.5, 1.0, [0]), wall=5.0)
    assert without(one, 0) == pytest.approx(3.0)
    assert without(one, 1) == pytest.approx(3.5)


def test_a_layer_takes_its_part_of_the_export_with_it() -> None:
    steps = (step(0, 1), step(1, 1, [0]), step(2, 0, [1], cached=True))
    one = build(*steps, wall=6.0, export=4.0, image=image((50_000_000, None), (2_000_000, 0), (1_000_000, 1), (9, 2)))
    assert without(one, 0) == pytest.approx(6 - 1 - 4 * 2 / 4)
    assert without(one, 1) == pytest.approx(6 - 1 - 4 * 1 / 4)
    assert without(one, 2) == pytest.approx(6)


def test_the_context_is_not_sent_where_nothing_reads_it() -> None:
    steps = (step(2.0, 1.0, reads_context=True), step(3.0, 1.0, [0]), step(3.0, 0.5, [0], reads_context=True))
    one = build(*steps, wall=4.0, transfer_started_seconds=0.5, transfer_seconds=1.5)
    assert without(one, 0) == pytest.approx(3.0)
    assert without(one, 0, 2) == pytest.approx(1.5)


def test_a_step_that_was_a_hit_is_no_what_if() -> None:
    one = build(step(0, 1, cached=True), step(1, 3, [0]), step(0, 1), wall=4.5)
    assert [found.positions for found in best_what_ifs(one)] == [(1,)]
    assert best_what_ifs(build(step(None, 1.0))) == ()


def test_sentences() -> None:
    steps = (
        replace(TWO_STAGES.steps[0], instruction="RUN pip install --no-cache-dir -r requirements.txt"),
        *TWO_STAGES.steps[1:],
    )
    one = replace(TWO_STAGES, steps=steps)
    path = critical_path(one)
    assert path is not None
    assert path_findings(one, path) == (
        "9.00 s of work by steps, transfer and export in a build of 8.00 s: 1.12 at a time",
        "the stages left and right overlap by 3.00 s of 3.00 s possible",
        "without `RUN work` (line 1) the cold build takes 6.50 s instead of 8.00 s (an estimate)",
        "without `RUN pip install` the cold build takes 7.00 s instead of 8.00 s (an estimate)",
    )
    assert what_if_sentences(replace(one, outcome="failed")) == ()


@settings(max_examples=60, deadline=None)
@given(builds.scheduled(), st.data())
def test_without_some_steps_it_is_never_longer(one: Build, data: st.DataObject) -> None:
    positions = data.draw(st.sets(st.integers(0, len(one.steps) - 1)))
    seconds = without(one, *positions)
    assert one.wall_seconds is not None
    assert 0 <= seconds <= one.wall_seconds + 1e-9
    for more in range(len(one.steps)):
        assert without(one, *positions, more) <= seconds + 1e-9
    assert without(one) == pytest.approx(one.wall_seconds)


@settings(max_examples=60, deadline=None)
@given(builds.scheduled(), st.data())
def test_a_step_that_takes_no_time_changes_nothing(one: Build, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(one.steps) - 1))
    found = one.steps[position]
    ready = max(
        ((one.steps[at].started_seconds or 0) + (one.steps[at].seconds or 0) for at in found.inputs), default=None
    )
    instant = replace(found, seconds=0.0, started_seconds=found.started_seconds if ready is None else ready)
    steps = (*one.steps[:position], instant, *one.steps[position + 1 :])
    changed = replace(one, steps=steps)
    path = critical_path(changed)
    assert path is not None
    assert without(changed, position) == pytest.approx(path.elapsed_seconds)


@settings(max_examples=60, deadline=None)
@given(builds.scheduled(), st.data())
def test_a_step_with_slack_saves_nothing(one: Build, data: st.DataObject) -> None:
    path = critical_path(one)
    assert path is not None
    beside = [at for at, slack in path.slack_seconds.items() if slack > 1e-6]
    if beside:
        assert without(one, data.draw(st.sampled_from(beside))) == pytest.approx(one.wall_seconds)


@settings(max_examples=100, deadline=None)
@given(builds.odd(), st.sets(st.integers(-1, 6), max_size=4))
def test_odd_records_give_a_time_that_can_be(one: Build, positions: set[int]) -> None:
    path, seconds = critical_path(one), what_if_without(one, positions)
    assert (path is None) == (seconds is None)
    if path is not None and seconds is not None:
        assert 0 <= seconds <= path.elapsed_seconds
        assert what_if_without(one, ()) == pytest.approx(path.elapsed_seconds, abs=1e-9)
