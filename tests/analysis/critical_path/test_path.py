"""The path that bounds a build: planned builds, recorded ones, and any."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.analysis.critical_path.models import CriticalPath
from layerbench.analysis.critical_path.path import critical_path
from layerbench.results.models import Build, StepError
from tests.analysis.critical_path import builds
from tests.analysis.critical_path.builds import build, step


def path_of(one: Build) -> CriticalPath:
    found = critical_path(one)
    assert found is not None
    return found


def told(found: CriticalPath) -> list[tuple[str | int, float, float]]:
    return [
        (one.gap or (one.kind if one.step is None else one.step), one.start_seconds, one.end_seconds)
        for one in found.segments
    ]


TWO_STAGES = build(
    step(0.5, 4.0, stage="left"),
    step(0.5, 1.0, stage="right"),
    step(1.5, 2.0, [1], stage="right"),
    step(5.0, 1.0, [0, 2], stage="last"),
    wall=8.0,
    export=1.0,
    export_started_seconds=6.0,
    startup_seconds=0.25,
)


def test_two_stages_side_by_side() -> None:
    found = path_of(TWO_STAGES)
    assert told(found) == [
        ("client-start", -0.25, 0.0),
        ("before-steps", 0.0, 0.5),
        (0, 0.5, 4.5),
        ("between", 4.5, 5.0),
        (3, 5.0, 6.0),
        ("export", 6.0, 7.0),
        ("after", 7.0, 7.75),
    ]
    assert found.slack_seconds == {0: 0.0, 1: 1.0, 2: 1.0, 3: 0.0}
    assert (found.busy_seconds, found.elapsed_seconds) == (9.0, 8.0)
    assert found.parallelism == 9 / 8
    [pair] = found.overlaps
    assert (pair.first, pair.second) == ("left", "right")
    assert (pair.overlap_seconds, pair.possible_seconds) == (3.0, 3.0)


def test_stages_that_ran_one_after_the_other_could_have_overlapped() -> None:
    [pair] = path_of(build(step(0, 4, stage="a"), step(4, 3, stage="b"), step(7, 1, [0, 1], stage="c"))).overlaps
    assert (pair.first, pair.second, pair.overlap_seconds, pair.possible_seconds) == ("a", "b", 0.0, 3.0)


def test_stages_that_wait_for_each_other_cannot_overlap() -> None:
    assert path_of(build(step(0, 4, stage="a"), step(4, 3, [0], stage="b"))).overlaps == ()


def test_the_context_is_waited_for_by_the_steps_that_read_it() -> None:
    steps = (step(0.1, 0.2, cached=None), step(2.0, 1.0, [0], reads_context=True))
    one = build(*steps, transfer_started_seconds=0.2, transfer_seconds=1.5)
    assert [name for name, *_ in told(path_of(one))] == ["before-steps", "transfer", "between", 1]
    other = replace(one, steps=(steps[0], replace(steps[1], reads_context=False)))
    assert [name for name, *_ in told(path_of(other))] == ["before-steps", 0, "between", 1]


def test_a_linked_copy_does_its_first_part_before_its_parent_has_ended() -> None:
    one = build(
        step(0.0, 0.5),
        step(0.5, 6.0, [0]),
        step(0.1, 0.4, [1], instruction="COPY --link a b", intervals_seconds=((0.1, 0.3), (6.5, 6.7))),
    )
    found = path_of(one)
    assert told(found) == [(0, 0.0, 0.5), (1, 0.5, 6.5), (2, 6.5, 6.7)]
    assert found.slack_seconds == {0: 0.0, 1: 0.0, 2: 0.0}


def test_a_failed_build_ends_with_the_step_that_failed() -> None:
    error = StepError(1, 1, "exit code: 1")
    one = build(step(0, 1), step(1, 2, [0]), step(1, 2.1, [0]), wall=4.0, outcome="failed", error=error)
    assert told(path_of(one)) == [(0, 0.0, 1.0), (1, 1.0, 3.0), ("after", 3.0, 4.0)]
    assert path_of(one).slack_seconds[2] == pytest.approx(0.9)


def test_one_step() -> None:
    assert told(path_of(build(step(0.0, 2.0), wall=2.0))) == [(0, 0.0, 2.0)]


def test_a_build_of_hits_only_is_made_of_what_belongs_to_no_step() -> None:
    hits = (step(0.2, 0.0, cached=True), step(0.2, 0.0, [0], cached=True))
    found = path_of(build(*hits, wall=0.5, export=0.1, export_started_seconds=0.2))
    assert [name for name, *_ in told(found)] == ["before-steps", 0, 1, "export", "after"]
    assert found.busy_seconds == pytest.approx(0.1)


def test_an_older_record_has_its_export_behind_the_last_step() -> None:
    assert told(path_of(build(step(0, 1), wall=2.0, export=0.5))) == [
        (0, 0.0, 1.0),
        ("export", 1.0, 1.5),
        ("after", 1.5, 2.0),
    ]


@pytest.mark.parametrize(
    "one",
    [
        build(wall=3.0),
        build(step(None, 2.0), wall=3.0),
        build(step(None, None)),
        build(wall=None),
        # What the build itself did is no path: all the work of the steps would be one of its gaps.
        build(step(None, 2.0), wall=3.0, export=0.5),
        build(step(None, 2.0), wall=3.0, export=0.5, export_started_seconds=2.2),
        build(wall=3.0, export=0.5, export_started_seconds=2.2, transfer_started_seconds=0.1, transfer_seconds=0.1),
    ],
)
def test_without_times_there_is_no_path(one: Build) -> None:
    assert critical_path(one) is None


def test_a_hit_that_is_named_once_more_was_not_waited_for() -> None:
    """As BuildKit does when a `COPY --from` takes up a stage of which some steps are hits."""
    one = build(
        step(0.1, 0.0, cached=True, intervals_seconds=((0.1, 0.1), (2.5, 2.5001))),
        step(0.1, 2.0, [0]),
        step(2.5001, 0.5, [0, 1], instruction="COPY --from=builder /venv /venv"),
    )
    found = path_of(one)
    assert [name for name, *_ in told(found)] == ["before-steps", 0, 1, "between", 2]
    assert found.slack_seconds[1] == 0.0


def test_a_hit_that_is_fetched_when_it_is_needed_was_waited_for() -> None:
    one = build(
        step(0.1, 0.0, cached=True, intervals_seconds=((0.1, 0.1), (0.5, 1.5))),
        step(1.5, 1.0, [0]),
    )
    assert told(path_of(one))[-2:] == [(0, 0.5, 1.5), (1, 1.5, 2.5)]


def test_steps_that_were_never_started_are_looked_through() -> None:
    found = path_of(build(step(0, 1), step(None, None, [0]), step(1.5, 1, [1])))
    assert told(found) == [(0, 0.0, 1.0), ("between", 1.0, 1.5), (2, 1.5, 2.5)]
    assert set(found.slack_seconds) == {0, 2}


def test_an_input_that_ended_after_its_user_began_cuts_it_short() -> None:
    assert told(path_of(build(step(0, 2), step(1, 3, [0])))) == [(0, 0.0, 2.0), (1, 2.0, 4.0)]


@settings(max_examples=60, deadline=None)
@given(builds.scheduled())
def test_the_path_is_the_bound(one: Build) -> None:
    found = path_of(one)
    assert found.elapsed_seconds == pytest.approx(one.wall_seconds)
    assert sum(segment.seconds for segment in found.segments) == pytest.approx(found.elapsed_seconds)
    for segment in found.segments:
        if segment.step is not None:
            assert found.slack_seconds[segment.step] == pytest.approx(0.0, abs=1e-9)
            assert segment.seconds == pytest.approx(one.steps[segment.step].seconds)


@settings(max_examples=60, deadline=None)
@given(builds.scheduled(), st.data())
def test_a_step_may_take_its_slack_longer_and_no_more(one: Build, data: st.DataObject) -> None:
    """Slack is what it says: a step that takes that much longer leaves the schedule's end where it is."""
    position = data.draw(st.integers(0, len(one.steps) - 1))
    slack = path_of(one).slack_seconds[position]
    last = last_end(one, position, slack)
    assert last <= last_end(one, position, 0.0) + 1e-9
    assert last_end(one, position, slack + 0.5) == pytest.approx(last_end(one, position, 0.0) + 0.5)


def last_end(one: Build, position: int, more: float) -> float:
    """When the last step ends where one takes longer; written without the code that is tested."""
    ends: list[float] = []
    old = [(at.started_seconds or 0.0) + (at.seconds or 0.0) for at in one.steps]
    for at, found in enumerate(one.steps):
        gap = (found.started_seconds or 0.0) - max((old[above] for above in found.inputs), default=0.0)
        start = max((ends[above] for above in found.inputs), default=0.0) + gap
        ends.append(start + (found.seconds or 0.0) + (more if at == position else 0.0))
    return max(ends)


@settings(max_examples=150, deadline=None)
@given(builds.odd())
def test_odd_clocks_and_graphs_still_give_a_path_without_holes(one: Build) -> None:
    found = critical_path(one)
    if found is None:
        return
    segments = found.segments
    assert sum(segment.seconds for segment in segments) == pytest.approx(found.elapsed_seconds, abs=1e-9)
    assert all(segment.end_seconds >= segment.start_seconds for segment in segments)
    assert [one.end_seconds for one in segments[:-1]] == [one.start_seconds for one in segments[1:]]
    assert all(slack >= 0 for slack in found.slack_seconds.values())
    assert all(0 <= pair.overlap_seconds <= pair.possible_seconds for pair in found.overlaps)
