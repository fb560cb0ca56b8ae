"""When a run that goes on until it is decided may end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.models import Side
from layerbench.analysis.undecided import undecided_times
from layerbench.results.models import Build, Result, Step
from tests.results import factory

SCENARIO = "cold"


def measured(rounds: int, seconds: float) -> Result:
    """Some rounds of one variant; each round takes a little longer than the one before."""
    whole = factory.result()
    variant = whole.bench.variants[0]
    builds = tuple(
        Build(variant.name, SCENARIO, number, "built", seconds * (1 + number / 1000), None, None)
        for number in range(1, rounds + 1)
    )
    scenarios = tuple(one for one in whole.bench.scenarios if one.name == SCENARIO)
    bench = replace(whole.bench, rounds=rounds, variants=(variant,), scenarios=scenarios)
    return replace(whole, bench=bench, builds=builds, images=(), side_file=None, smoke_tests=())


@pytest.mark.parametrize(
    ("rounds", "most_rounds", "is_decided"),
    [(8, 10, False), (9, 10, False), (10, 10, True), (8, 8, True), (10, 20, True), (11, 20, False), (20, 20, True)],
)
def test_a_slower_side_is_seen_at_a_look_only(rounds: int, most_rounds: int, is_decided: bool) -> None:
    left = undecided_times(measured(rounds, 10.0), measured(rounds, 12.0), most_rounds)
    assert (left == ()) is is_decided


@pytest.mark.parametrize(("rounds", "is_decided"), [(4, False), (5, True), (6, True)])
def test_no_difference_may_be_seen_after_any_round(rounds: int, is_decided: bool) -> None:
    left = undecided_times(measured(rounds, 10.0), measured(rounds, 10.1), 20)
    assert (left == ()) is is_decided


def test_what_is_compared_in_the_end_keeps_to_the_looks() -> None:
    """One of twelve rounds the other way round: p = 26 / 4096 is enough for one look, not for the second of two."""
    base, head = measured(12, 10.0), measured(12, 12.0)
    builds = (replace(one, wall_seconds=8.0) if one.round == 4 else one for one in head.builds)
    sides = Side("a", base, None), Side("b", replace(head, builds=tuple(builds)), None)
    verdicts = [compare_results(*sides, looks=looks).pairs[0].time for looks in (1, 2)]
    assert [found.verdict for found in verdicts if found] == ["slower", "undecided"]


def with_step(whole: Result, seconds: float, scatter: float = 0.002) -> Result:
    """The result with a RUN in each build; its times scatter from round to round, not the same on sides of other times.

    The builds as wholes stay as they were.
    """

    def change(build: Build) -> Build:
        sway = (build.round * (7 if seconds == 1.0 else 4)) % 11 - 5
        step = Step(None, 2, 2, "RUN make -j2", 2, 2, False, seconds * (1 + sway * scatter), 0.0)
        return replace(build, steps=(step,))

    return replace(whole, builds=tuple(change(build) for build in whole.builds))


@pytest.mark.parametrize(
    ("rounds", "most_rounds", "is_decided"),
    [(5, 20, False), (8, 20, False), (9, 20, False), (10, 20, True), (11, 20, False), (12, 12, True)],
)
def test_a_slower_step_in_a_build_without_a_difference_is_gone_on_for(
    rounds: int, most_rounds: int, is_decided: bool
) -> None:
    base, head = with_step(measured(rounds, 10.0), 1.0), with_step(measured(rounds, 10.1), 1.1)
    left = undecided_times(base, head, most_rounds)
    assert (left == ()) is is_decided
    for one in left:
        assert one.step == "make"
        assert one.told().startswith("naive, cold, make")


def test_equal_steps_do_not_make_a_run_go_on() -> None:
    base, head = with_step(measured(5, 10.0), 1.0), with_step(measured(5, 10.1), 1.001)
    assert undecided_times(base, head, 20) == ()


def test_a_step_that_scatters_too_much_for_the_rounds_there_may_be_does_not_either() -> None:
    base, head = with_step(measured(6, 10.0), 1.0, 0.02), with_step(measured(6, 10.1), 1.1, 0.02)
    assert undecided_times(base, head, 20) == ()
    [left] = undecided_times(base, head, 1000)
    assert left.rounds_needed is not None
    assert 20 < left.rounds_needed <= 1000


def test_where_the_builds_differ_no_step_is_waited_for() -> None:
    base, head = with_step(measured(10, 10.0), 1.0, 0.02), with_step(measured(10, 12.0), 1.05, 0.02)
    assert undecided_times(base, head, 20) == ()
