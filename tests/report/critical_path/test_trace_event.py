"""The Trace Event format, held to the rules of its specification, and to the record."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from layerbench.cli import layerbench
from layerbench.report import trace_event
from layerbench.report.critical_path.words import NO_TIMES
from layerbench.report.interface import Options
from layerbench.results.file import write_result
from layerbench.results.models import Result
from tests.analysis.critical_path import builds
from tests.report import examples as other_examples
from tests.report.critical_path import examples
from tests.results import factory, strategies

Event = dict[str, Any]
_METADATA = {
    "process_name": "name",
    "thread_name": "name",
    "process_sort_index": "sort_index",
    "thread_sort_index": "sort_index",
}
# A float of microseconds has room for nanoseconds up to some months.
_TOLERANCE = 1e-3


def events_of(result: Result) -> list[Event]:
    content = json.loads(trace_event.render(result, Options()))
    assert set(content) == {"displayTimeUnit", "otherData", "traceEvents"}
    assert content["displayTimeUnit"] in {"ms", "ns"}
    found: list[Event] = content["traceEvents"]
    return found


def check(events: list[Event]) -> None:
    """The rules of "Trace Event Format" for the phases that are used, and those by which viewers draw."""
    slices: defaultdict[tuple[int, int], list[Event]] = defaultdict(list)
    named: set[tuple[str, int, int]] = set()
    flows: defaultdict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        assert {"name", "ph", "ts", "pid", "tid"} <= set(event)
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        assert isinstance(event["ts"], int | float)
        assert event["ts"] >= 0
        match event["ph"]:
            case "M":
                assert set(event["args"]) == {_METADATA[event["name"]]}
                named.add((event["name"], event["pid"], event["tid"]))
            case "X":
                assert isinstance(event["dur"], int | float)
                assert event["dur"] >= 0
                assert isinstance(event["cat"], str)
                assert isinstance(event["args"], dict)
                slices[event["pid"], event["tid"]].append(event)
            case "s" | "f":
                assert event["ph"] == "s" or event["bp"] == "e"
                flows[event["cat"], event["name"], event["id"]].append(event)
            case other:
                pytest.fail(f"phase {other} is not used")
    for process, track in slices:
        assert ("process_name", process, 0) in named
        assert ("thread_name", process, track) in named
    for track_slices in slices.values():
        check_nesting(track_slices)
    for ends in flows.values():
        assert Counter(event["ph"] for event in ends) == {"s": 1, "f": 1}
        start, finish = sorted(ends, key=lambda event: str(event["ph"]), reverse=True)
        assert start["ts"] <= finish["ts"]
        for event in ends:
            assert any(
                one["ts"] - _TOLERANCE <= event["ts"] <= one["ts"] + one["dur"] + _TOLERANCE and one["dur"] > 0
                for one in slices[event["pid"], event["tid"]]
            )


def check_nesting(events: list[Event]) -> None:
    """Complete events of one track lie side by side or within each other."""
    open_ends: list[float] = []
    for event in sorted(events, key=lambda one: (one["ts"], -one["dur"])):
        while open_ends and open_ends[-1] <= event["ts"] + _TOLERANCE:
            open_ends.pop()
        assert not open_ends or event["ts"] + event["dur"] <= open_ends[-1] + _TOLERANCE
        open_ends.append(event["ts"] + event["dur"])


def test_the_check_finds_what_it_looks_for() -> None:
    def complete(start: float, dur: float) -> Event:
        return {"name": "x", "ph": "X", "cat": "c", "ts": start, "dur": dur, "pid": 1, "tid": 1, "args": {}}

    check_nesting([complete(0, 10), complete(2, 3), complete(5, 5), complete(10, 1)])
    with pytest.raises(AssertionError):
        check_nesting([complete(0, 10), complete(5, 10)])


@pytest.mark.parametrize(
    "result",
    [
        examples.planned(),
        examples.real(),
        factory.result(rounds=2),
        other_examples.damaged(),
        other_examples.hostile(),
        examples.with_builds(),
    ],
    ids=["planned", "real", "sample", "damaged", "hostile", "empty"],
)
def test_the_format_is_kept(result: Result) -> None:
    check(events_of(result))


@settings(max_examples=60, deadline=None)
@given(builds.odd())
def test_the_format_is_kept_whatever_the_clocks_said(build: Any) -> None:
    check(events_of(examples.with_builds(build)))


@settings(max_examples=15, deadline=None)
@given(strategies.result(2))
def test_the_format_is_kept_for_any_result(result: Result) -> None:
    check(events_of(result))


def test_slices_are_the_steps_of_the_record() -> None:
    result = examples.planned()
    [build] = result.builds
    steps = [event for event in events_of(result) if event.get("cat") == "step"]
    assert build.startup_seconds is not None
    assert [(one["name"], one["ts"], one["dur"]) for one in steps] == [
        (step.instruction, (step.started_seconds + build.startup_seconds) * 1e6, (step.seconds or 0) * 1e6)
        for step in build.steps
        if step.started_seconds is not None
    ]
    assert steps[1]["args"] == {
        "on_critical_path": False,
        "slack_seconds": 1.0,
        "instruction": "RUN make right",
        "stage": "right",
        "line_start": 3,
        "line_end": 3,
        "cached": False,
    }


def test_stages_are_tracks_and_dependencies_are_flows() -> None:
    events = events_of(examples.planned())
    tracks = [event["args"]["name"] for event in events if event["name"] == "thread_name"]
    assert tracks == ["whole build", "critical path", "left", "right", "last", "export"]
    slices = {(one["pid"], one["tid"], one["name"]) for one in events if one["ph"] == "X"}
    assert (1, 3, "RUN make left") in slices
    assert (1, 4, "RUN strip right") in slices
    flows = [(one["id"], one["ph"], one["tid"]) for one in events if one["ph"] in "sf"]
    assert flows == [
        ("1.1.2", "s", 4), ("1.1.2", "f", 4), ("1.0.3", "s", 3), ("1.0.3", "f", 5), ("1.2.3", "s", 4),
        ("1.2.3", "f", 5), ("1.3.4", "s", 5), ("1.3.4", "f", 6),
    ]  # fmt: skip


def test_builds_are_processes_and_what_overlaps_in_a_stage_has_a_track_of_its_own() -> None:
    events = events_of(examples.real())
    processes = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert processes == [f"{name}, cold, round 1" for name in examples.RECORDINGS]
    tracks = [event["args"]["name"] for event in events if event["name"] == "thread_name" and event["pid"] == 1]
    assert tracks == ["whole build", "critical path", "context transfer", "steps", "steps (2)", "steps (3)", "export"]


def test_a_record_without_start_times_is_its_whole_build_and_says_so() -> None:
    [build] = examples.planned().builds
    steps = tuple(replace(step, started_seconds=None, intervals_seconds=()) for step in build.steps)
    trace = json.loads(trace_event.render(examples.with_builds(replace(build, steps=steps)), Options()))
    [slice_] = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert (slice_["dur"], slice_["args"]["note"]) == (8e6, NO_TIMES)


def test_the_command_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_result(examples.planned(), path)
    done = CliRunner().invoke(layerbench, ["report", str(path), "--format", "trace", "-o", str(tmp_path / "t.json")])
    assert (done.exit_code, done.stdout) == (0, "")
    check(json.loads((tmp_path / "t.json").read_text())["traceEvents"])
