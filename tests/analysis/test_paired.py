from __future__ import annotations

import math
import random
import statistics
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.paired import Outlier, compare_times, round_scatter

Times = dict[int, float]
NOISE = [1.01, 0.99, 1.02, 0.98, 1.0, 1.015, 0.985, 1.005, 0.995, 1.0]
"""Scatter of a side over ten rounds, around 1."""


def rounds(*seconds: float) -> Times:
    return dict(enumerate(seconds, 1))


def noisy(seconds: float, count: int = 10, shift: int = 0) -> Times:
    return {at + 1: seconds * NOISE[(at + shift) % 10] for at in range(count)}


def test_figures_of_ten_rounds_by_hand() -> None:
    base = rounds(10, 10, 10, 10, 10, 10, 10, 10, 10, 10)
    head = rounds(11.0, 11.2, 10.9, 11.1, 11.0, 11.3, 10.8, 11.0, 11.1, 11.0)
    found = compare_times(base, head)
    assert found is not None
    assert found.ratio == pytest.approx(1.1)
    assert found.difference_seconds == pytest.approx(1.0)
    # numpy, a million resamples: 0.7 % of their medians are at most 1.09, 3.2 % at most 1.095, 97.3 % at most 1.11.
    assert (found.interval_low, found.interval_high) == (pytest.approx(1.095), pytest.approx(1.115))
    assert found.p_value == 2 / 1024
    # The moving ranges of the logarithms by numpy: 3 of 0.00905, 0.01802, 0.01818, 0.01835, 0.02691, 0.02715, 0.04526.
    assert found.noise_floor == pytest.approx(0.01965, abs=1e-5)
    assert found.verdict == "slower"
    assert (found.rounds, found.rounds_needed) == (10, None)
    assert (found.outliers, found.first_round_is_slow) == ((), False)


def test_the_other_way_round_it_is_faster() -> None:
    found = compare_times(noisy(11), noisy(10, shift=3))
    assert found is not None
    assert found.verdict == "faster"
    assert found.interval_high is not None
    assert found.interval_high < 1
    assert found.difference_seconds < 0


def test_equal_code_with_little_noise_is_no_difference() -> None:
    found = compare_times(noisy(10), noisy(10, shift=3))
    assert found is not None
    assert found.verdict == "no-difference"
    assert found.rounds_needed is None


def test_equal_times_are_no_difference() -> None:
    found = compare_times(rounds(*[8.0] * 5), rounds(*[8.0] * 5))
    assert found is not None
    assert (found.verdict, found.p_value, found.ratio) == ("no-difference", 1.0, 1.0)
    assert found.noise_floor == 0.01


def test_only_rounds_of_both_sides_count() -> None:
    found = compare_times({1: 10.0, 2: 10.0, 4: 30.0}, {2: 20.0, 3: 10.0, 4: 30.0})
    assert found is not None
    assert found.rounds == 2
    assert found.ratio == 1.5
    assert compare_times({1: 10.0}, {2: 10.0}) is None
    assert compare_times({}, {}) is None


@pytest.mark.parametrize("nothing", [0.0, -1.0, math.nan, math.inf])
def test_a_round_whose_time_is_none_is_left_out(nothing: float) -> None:
    found = compare_times({1: 10.0, 2: nothing}, {1: 10.0, 2: 10.0})
    assert found is not None
    assert found.rounds == 1
    assert compare_times({1: 10.0}, {1: nothing}) is None


def test_what_one_round_cannot_tell_is_none() -> None:
    found = compare_times({3: 10.0}, {3: 20.0})
    assert found is not None
    assert (found.interval_low, found.interval_high, found.p_value, found.noise_floor) == (None, None, None, None)
    assert (found.verdict, found.rounds_needed) == ("undecided", None)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_below_five_rounds_nothing_is_claimed(count: int) -> None:
    for seconds in (10.0, 20.0):
        found = compare_times(noisy(10, count), noisy(seconds, count, shift=3))
        assert found is not None
        assert (found.verdict, found.p_value) == ("undecided", None)
        assert found.interval_low is not None
        assert found.rounds_needed is not None
        assert found.rounds_needed >= 8


@pytest.mark.parametrize(("count", "verdict"), [(5, "undecided"), (7, "undecided"), (8, "slower")])
def test_two_patterns_of_128_are_too_many_and_two_of_256_are_not(count: int, verdict: str) -> None:
    found = compare_times(noisy(10, count), noisy(20, count, shift=3))
    assert found is not None
    assert found.p_value == 2 / 2**count
    assert found.verdict == verdict


def test_a_steady_difference_below_the_floor_is_none() -> None:
    found = compare_times(noisy(10), {number: seconds * 1.008 for number, seconds in noisy(10).items()})
    assert found is not None
    assert found.p_value is not None
    assert found.p_value < 0.01
    assert found.verdict == "no-difference"


def test_a_steady_difference_of_two_percent_is_claimed_though_it_is_small() -> None:
    found = compare_times(noisy(10), {number: seconds * 1.02 for number, seconds in noisy(10).items()})
    assert found is not None
    assert found.verdict == "slower"


def test_what_a_round_does_to_both_sides_cancels_out() -> None:
    load = [1.0, 1.6, 0.9, 1.3, 2.0, 1.1, 0.8, 1.7, 1.2, 1.4]
    base = {at: seconds * load[at - 1] for at, seconds in noisy(10).items()}
    head = {at: seconds * load[at - 1] for at, seconds in noisy(11, shift=3).items()}
    loaded, calm = compare_times(base, head), compare_times(noisy(10), noisy(11, shift=3))
    assert loaded is not None
    assert calm is not None
    assert loaded.verdict == "slower"
    assert loaded.noise_floor == pytest.approx(calm.noise_floor)
    assert loaded.interval_low == pytest.approx(calm.interval_low)


def test_a_very_noisy_run_is_undecided_and_says_how_many_rounds_it_takes() -> None:
    source = random.Random(2)
    base, head = ({at: source.lognormvariate(2, 0.1) for at in range(1, 11)} for _ in range(2))
    found = compare_times(base, head)
    assert found is not None
    assert found.verdict == "undecided"
    scatter = round_scatter([math.log(head[at] / base[at]) for at in sorted(base)])
    assert scatter is not None
    # (2.5758 + 0.8416) standard errors of a median have to fit into 5 %.
    assert found.rounds_needed == math.ceil((3.41745 * 1.25331 * scatter / math.log(1.05)) ** 2)
    assert found.rounds_needed > 50


def test_rounds_needed_are_more_than_there_were() -> None:
    # Seven quiet rounds that cannot be significant, however large the difference.
    found = compare_times(noisy(10, 7), noisy(20, 7))
    assert found is not None
    assert (found.verdict, found.rounds_needed) == ("undecided", 8)


def test_rounds_that_should_have_been_enough_need_one_more() -> None:
    # Six of twelve rounds say 7 %, six say nothing; neighbours agree, so their scatter asks for the least of rounds.
    found = compare_times(rounds(*[10.0] * 12), rounds(*[10.0] * 6, *[10.7] * 6))
    assert found is not None
    assert found.noise_floor == 0.01
    assert (found.verdict, found.rounds_needed) == ("undecided", 13)


def test_scatter_is_that_of_neighbours_so_a_drift_is_none() -> None:
    # NIST/SEMATECH e-Handbook, 6.3.2.2, with the median in place of the mean of the moving ranges.
    assert round_scatter([0.0, 1.0, 0.0, 1.0]) == pytest.approx(1 / 0.95387, rel=1e-4)
    assert round_scatter([0.0, 0.01, 0.02, 0.03, 5.0]) == pytest.approx(0.01 / 0.95387, rel=1e-4)
    assert round_scatter([1.0]) is None


def test_an_outlier_is_pointed_out_and_stays() -> None:
    head = noisy(10, shift=3)
    head[6] = 14.0
    found = compare_times(noisy(10), head)
    assert found is not None
    assert found.outliers == (Outlier("head", 6, 14.0),)
    assert found.rounds == 10
    assert found.verdict == "no-difference"


def test_one_outlier_does_not_hide_what_eleven_rounds_agree_on() -> None:
    base, head = noisy(10, 12), noisy(11, 12, shift=3)
    base[4] = 16.0
    found = compare_times(base, head)
    assert found is not None
    assert found.outliers == (Outlier("base", 4, 16.0),)
    assert found.verdict == "slower"


def test_outliers_of_both_sides_are_in_the_order_of_rounds() -> None:
    base, head = noisy(10), noisy(10, shift=3)
    base[7], head[7], head[2] = 5.0, 15.0, 20.0
    found = compare_times(base, head)
    assert found is not None
    assert [(outlier.round, outlier.side) for outlier in found.outliers] == [(2, "head"), (7, "base"), (7, "head")]


def test_no_outlier_is_within_five_percent_however_still_the_machine() -> None:
    head = rounds(10, 10, 10, 10, 10, 10.4)
    found = compare_times(rounds(*[10.0] * 6), head)
    assert found is not None
    assert found.outliers == ()
    found = compare_times(rounds(*[10.0] * 6), {**head, 6: 10.6})
    assert found is not None
    assert found.outliers == (Outlier("head", 6, 10.6),)


@pytest.mark.parametrize(
    ("base", "head", "is_slow"),
    [
        (rounds(15, 10, 10.1, 9.9), rounds(10, 10, 10.1, 9.9), True),
        (rounds(10, 10, 10.1, 9.9), rounds(15, 10, 10.1, 9.9), True),
        (rounds(6, 10, 10.1, 9.9), rounds(10, 10, 10.1, 9.9), False),
        (rounds(10, 10, 15, 9.9), rounds(10, 10, 10.1, 9.9), False),
        (rounds(15, 10, 10.1), rounds(15, 10, 10.1), False),
        ({4: 15.0, 5: 10.0, 6: 10.1, 8: 9.9}, {4: 10.0, 5: 10.0, 6: 10.1, 8: 9.9}, True),
    ],
)
def test_a_slow_first_round(base: Times, head: Times, is_slow: bool) -> None:
    found = compare_times(base, head)
    assert found is not None
    assert found.first_round_is_slow is is_slow


def test_a_smaller_share_of_wrong_claims_asks_for_a_smaller_p_value() -> None:
    base, head = noisy(10, 8), noisy(12, 8, shift=3)
    once, twice = compare_times(base, head), compare_times(base, head, significance=0.005)
    assert once is not None
    assert twice is not None
    assert once.p_value == twice.p_value == 2 / 256
    assert (once.verdict, twice.verdict) == ("slower", "undecided")


POSITIVE = st.lists(st.floats(1e-3, 1e4), min_size=1, max_size=30)
PAIRS = st.lists(st.tuples(st.floats(1e-3, 1e4), st.floats(1e-3, 1e4)), min_size=1, max_size=30)


@given(PAIRS)
def test_the_answer_is_the_same_each_time_and_holds_together(pairs: list[tuple[float, float]]) -> None:
    base, head = rounds(*[pair[0] for pair in pairs]), rounds(*[pair[1] for pair in pairs])
    found = compare_times(base, head)
    assert found is not None
    assert found == compare_times(dict(reversed(base.items())), head)
    assert found.ratio == statistics.median(head[at] / base[at] for at in base)
    assert (found.rounds_needed is not None) == (found.verdict == "undecided" and found.rounds >= 2)
    if found.rounds >= 2:
        assert found.interval_low is not None
        assert found.interval_high is not None
        assert found.interval_low <= found.ratio <= found.interval_high


@given(POSITIVE)
def test_another_unit_of_time_changes_no_verdict(values: list[float]) -> None:
    base = rounds(*values)
    head = rounds(*[value * 1.1 for value in values])
    found, scaled = (
        compare_times(base, head),
        compare_times(
            {at: seconds * 1024 for at, seconds in base.items()}, {at: seconds * 1024 for at, seconds in head.items()}
        ),
    )
    assert found is not None
    assert scaled is not None
    assert (found.verdict, found.ratio, found.p_value) == (scaled.verdict, scaled.ratio, scaled.p_value)


# Simulation. One comparison of ten rounds takes about half a millisecond.

Machine = Callable[[random.Random, float], tuple[Times, Times]]


def machine(
    *, scatter: float, outliers: float = 0.0, drift: float = 0.0, load: float = 0.0, count: int = 10
) -> Machine:
    """Build times as machines give them.

    `scatter` is of each build, `drift` a round; `load` is what a round does to both sides; `outliers` is the share of
    builds that take 10 to 50 % longer.
    """

    def draw(source: random.Random, ratio: float) -> tuple[Times, Times]:
        base, head = {}, {}
        for at in range(1, count + 1):
            both = 8 * math.exp(source.gauss(0, load) + drift * at)
            for side, factor in ((base, 1.0), (head, ratio)):
                extra = source.uniform(1.1, 1.5) if source.random() < outliers else 1.0
                side[at] = both * factor * extra * source.lognormvariate(0, scatter)
        return base, head

    return draw


def verdicts(draw: Machine, ratio: float, comparisons: int) -> Counter[str]:
    source = random.Random(20)
    found: Counter[str] = Counter()
    for _ in range(comparisons):
        compared = compare_times(*draw(source, ratio))
        assert compared is not None
        found[compared.verdict] += 1
    return found


@pytest.mark.parametrize(
    "draw",
    [
        machine(scatter=0.01),
        machine(scatter=0.03),
        machine(scatter=0.03, count=8),
        machine(scatter=0.03, outliers=0.05, drift=0.005, load=0.05),
        machine(scatter=0.15, outliers=0.1),
    ],
    ids=["still", "usual", "eight rounds", "outliers, drift and load", "very noisy"],
)
def test_equal_code_is_told_apart_in_at_most_one_of_a_hundred(draw: Machine) -> None:
    found = verdicts(draw, 1.0, 1000)
    assert found["slower"] + found["faster"] <= 10


@pytest.mark.parametrize(
    ("draw", "least"),
    [
        (machine(scatter=0.01), 100),
        (machine(scatter=0.02), 99),
        (machine(scatter=0.03), 94),
        (machine(scatter=0.02, drift=0.01, load=0.1), 99),
    ],
    ids=["1 %", "2 %", "3 %", "drift and load"],
)
def test_ten_percent_are_found_within_ten_rounds(draw: Machine, least: int) -> None:
    found = verdicts(draw, 1.1, 300)
    assert 100 * found["slower"] >= least * 300
    assert found["no-difference"] == found["faster"] == 0


def test_a_real_ten_percent_is_hardly_ever_called_no_difference() -> None:
    found = verdicts(machine(scatter=0.05, outliers=0.05, count=6), 1.1, 500)
    assert found["no-difference"] <= 5
    assert found["slower"] == 0  # six rounds cannot be significant


def test_an_interval_holds_the_true_ratio_about_as_often_as_it_says() -> None:
    source, draw, held = random.Random(3), machine(scatter=0.03), 0
    for _ in range(1000):
        found = compare_times(*draw(source, 1.0))
        assert found is not None
        assert found.interval_low is not None
        assert found.interval_high is not None
        held += found.interval_low <= 1 <= found.interval_high
    assert 915 <= held <= 985
