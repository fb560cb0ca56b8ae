"""When a run that goes on until it is decided may end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.models import Side
from layerbench.analysis.undecided import looks_of, undecided_times
from layerbench.results.models import Build, Result
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


@pytest.mark.parametrize(("most_rounds", "looks"), [(1, 1), (8, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_looks(most_rounds: int, looks: int) -> None:
    assert looks_of(most_rounds) == looks


def test_what_is_compared_in_the_end_keeps_to_the_looks() -> None:
    base, head = (Side(name, measured(8, seconds), None) for name, seconds in (("a", 10.0), ("b", 12.0)))
    verdicts = [compare_results(base, head, looks=looks).pairs[0].time for looks in (1, 2)]
    assert [found.verdict for found in verdicts if found] == ["slower", "undecided"]
