"""The critical path of real builds whose steps sleep for known times, two stages side by side."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from layerbench.analysis.critical_path.models import CriticalPath
from layerbench.analysis.critical_path.path import critical_path
from layerbench.analysis.critical_path.what_if import what_if_without
from layerbench.buildx.docker import DockerClient
from layerbench.results.models import Build
from tests.e2e.project import Project, Ran

pytestmark = pytest.mark.e2e

LEFT, LEFT_MORE, RIGHT, LAST = 1.0, 0.7, 0.4, 0.3
DOCKERFILE = """FROM {base} AS left
COPY app.py /app.py
RUN sleep 1.0 && echo left > /left
RUN sleep 0.7 && echo more >> /left

FROM {base} AS right
RUN sleep 0.4 && echo right > /right

FROM {base}
COPY --from=left /left /left
COPY --from=right /right /right
RUN sleep 0.3 && cat /left /right
"""


@dataclass(frozen=True)
class Measured:
    """One run, and the path of its cold build."""

    project: Project
    ran: Ran

    @property
    def whole(self) -> Build:
        return self.ran.build("whole", "cold")

    @property
    def path(self) -> CriticalPath:
        found = critical_path(self.whole)
        assert found is not None
        return found

    def position(self, instruction: str) -> int:
        [found] = [at for at, step in enumerate(self.whole.steps) if step.instruction.startswith(instruction)]
        return found

    def report(self, *arguments: str) -> str:
        process = self.project.start(str(self.project.result_file), *arguments, output="", command="report")
        return self.project.finish(process).stdout


@pytest.fixture(scope="module")
def measured(
    containerd_docker: DockerClient,
    base_of: Callable[[DockerClient], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Measured]:
    base = base_of(containerd_docker)
    project = Project(containerd_docker, tmp_path_factory.mktemp("critical-path") / "project")
    project.write(
        {
            "app.py": "print('hello')\n" * 1000,
            "whole.Dockerfile": DOCKERFILE.format(base=base),
            "layerbench.toml": "[variants.whole]\ndockerfile = 'whole.Dockerfile'\n",
        }
    )
    ran = project.run("--scenario", "cold", "--scenario", "warm", "--rounds", "1")
    yield Measured(project, ran)
    project.kill()


def test_the_path_goes_through_the_slower_stage(measured: Measured) -> None:
    steps = [measured.whole.steps[one.step] for one in measured.path.segments if one.step is not None]
    ran = [step.instruction.partition(" &&")[0] for step in steps if step.instruction.startswith(("RUN", "COPY -"))]
    assert ran == [
        "RUN sleep 1.0",
        "RUN sleep 0.7",
        "COPY --from=left /left /left",
        "COPY --from=right /right /right",
        "RUN sleep 0.3",
    ]
    slept = {"RUN sleep 1.0": LEFT, "RUN sleep 0.7": LEFT_MORE, "RUN sleep 0.3": LAST}
    for one in measured.path.segments:
        if one.step is not None:
            instruction = measured.whole.steps[one.step].instruction.partition(" &&")[0]
            assert one.seconds >= slept.get(instruction, 0.0)


def test_the_path_is_as_long_as_the_build(measured: Measured) -> None:
    build, path = measured.whole, measured.path
    assert build.startup_seconds is not None
    assert path.segments[0].start_seconds == -build.startup_seconds
    assert path.elapsed_seconds == pytest.approx(build.wall_seconds)
    assert sum(one.seconds for one in path.segments) == pytest.approx(build.wall_seconds)
    for one, following in itertools.pairwise(path.segments):
        assert one.end_seconds == following.start_seconds
    assert [one.gap for one in path.segments if one.gap not in {None, "between"}] == [
        "client-start",
        "before-steps",
        "after",
    ]
    assert [one.kind for one in path.segments].count("export") == 1


def test_the_quicker_stage_has_slack_and_the_path_none(measured: Measured) -> None:
    slack = measured.path.slack_seconds
    for one in measured.path.segments:
        if one.step is not None:
            assert slack[one.step] == pytest.approx(0.0, abs=1e-9)
    beside = measured.position("RUN sleep 0.4")
    ends = {at: (step.started_seconds or 0.0) + (step.seconds or 0.0) for at, step in enumerate(measured.whole.steps)}
    # What waits for it also waits for the copy from the other stage.
    assert slack[beside] == pytest.approx(ends[measured.position("COPY --from=left")] - ends[beside])
    assert slack[beside] > 0


def test_the_record_says_when_context_and_export_were_at_work(measured: Measured) -> None:
    build = measured.whole
    assert build.transfer_started_seconds is not None
    assert build.transfer_seconds is not None
    assert build.export_started_seconds is not None
    copy = build.steps[measured.position("COPY app.py")]
    assert copy.started_seconds is not None
    assert build.transfer_started_seconds + build.transfer_seconds <= copy.started_seconds
    assert [step.instruction for step in build.steps if step.reads_context] == ["COPY app.py /app.py"]
    assert build.export_started_seconds >= max(step.started_seconds or 0.0 for step in build.steps)


def test_the_stages_overlap_while_both_sleep(measured: Measured) -> None:
    [pair] = [one for one in measured.path.overlaps if {one.first, one.second} == {"left", "right"}]
    assert 0 < pair.overlap_seconds <= pair.possible_seconds
    assert pair.possible_seconds >= RIGHT


def test_without_a_step_the_build_is_shorter_by_what_it_slept(measured: Measured) -> None:
    wall = measured.whole.wall_seconds
    assert wall is not None
    without = what_if_without(measured.whole, [measured.position("RUN sleep 0.3")])
    assert without is not None
    assert wall - without >= LAST
    without = what_if_without(measured.whole, [measured.position("RUN sleep 0.7")])
    assert without is not None
    assert LEFT + LAST <= without < wall
    # Beside the path nothing is won.
    assert what_if_without(measured.whole, [measured.position("RUN sleep 0.4")]) == pytest.approx(wall)


def test_the_table_and_json_tell_it(measured: Measured) -> None:
    text = measured.report("--critical-path", "--variant", "whole", "--scenario", "cold")
    assert "whole, cold: round 1" in text
    assert "[left] RUN sleep 1.0" in text
    assert "the stages left and right overlap by" in text
    assert "without `RUN sleep` (line 3) the cold build takes" in text
    answer = json.loads(measured.report("--critical-path", "--format", "json"))
    assert [(one["variant"], one["scenario"]) for one in answer["critical_paths"]] == [
        ("whole", "cold"),
        ("whole", "warm"),
    ]
    for one in answer["critical_paths"]:
        assert sum(part["seconds"] for part in one["segments"]) == pytest.approx(one["elapsed_seconds"])


def test_spans_and_trace_are_those_of_the_record(measured: Measured) -> None:
    build = measured.whole
    request = json.loads(measured.report("--format", "otlp", "--variant", "whole", "--scenario", "cold"))
    spans: list[dict[str, Any]] = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    root = int(spans[0]["startTimeUnixNano"])
    by_name = {span["name"]: span for span in spans}
    trace = json.loads(measured.report("--format", "trace", "--variant", "whole", "--scenario", "cold"))
    slices = {event["name"]: event for event in trace["traceEvents"] if event["ph"] == "X" and event["cat"] == "step"}
    assert build.startup_seconds is not None
    for step in build.steps:
        if step.started_seconds is None or step.intervals_seconds:
            continue
        span, piece = by_name[step.instruction], slices[step.instruction]
        started = step.started_seconds + build.startup_seconds
        assert (int(span["startTimeUnixNano"]) - root) / 1e9 == pytest.approx(started, abs=1e-8)
        took = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9
        assert took == pytest.approx(step.seconds, abs=1e-8)
        assert piece["ts"] / 1e6 == pytest.approx(started, abs=1e-8)
        assert piece["dur"] / 1e6 == pytest.approx(step.seconds, abs=1e-8)
