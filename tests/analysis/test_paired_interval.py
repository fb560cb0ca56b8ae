from __future__ import annotations

import itertools
import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.paired_interval import MOST_VALUES, median_interval, order_statistic_rank, resampled_medians

TIMES = st.lists(st.floats(1e-3, 1e4), min_size=2, max_size=25)


@pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, 2.0, 4.0], [1.0, 2.0, 4.0, 8.0], [1.0, 1.0, 3.0, 7.0, 7.0]])
def test_every_resample_is_counted(values: list[float]) -> None:
    # The oracle draws all n^n resamples, each once.
    resamples = list(itertools.product(values, repeat=len(values)))
    drawn = Counter(statistics.median(resample) for resample in resamples)
    found: Counter[float] = Counter()
    for value, probability in resampled_medians(values):
        found[value] += probability  # type: ignore[assignment]
    reached = {value: probability for value, probability in found.items() if probability > 0}
    assert reached == pytest.approx({value: times / len(resamples) for value, times in drawn.items()})


@pytest.mark.parametrize(
    ("values", "low", "high", "mean", "deviation"),
    # numpy: median of 2,000,000 resamples; the ends agree with scipy.stats.bootstrap(method="percentile").
    [
        ([0.9171, 0.9395, 0.9706, 0.9841, 0.9998, 1.0113, 1.0292, 1.0626], 0.9395, 1.0292, 0.990612, 0.019840),
        ([0.9348, 0.9895, 0.9947, 0.9962, 0.9972, 0.9983, 1.004, 1.0345, 1.0668], 0.9895, 1.0345, 0.998588, 0.007710),
    ],
)
def test_what_two_million_drawn_resamples_say(
    values: list[float], low: float, high: float, mean: float, deviation: float
) -> None:
    medians = resampled_medians(values)
    expected = sum(value * probability for value, probability in medians)
    variance = sum((value - expected) ** 2 * probability for value, probability in medians)
    assert median_interval(values[::-1], 0.95) == (low, high)
    assert expected == pytest.approx(mean, abs=5e-5)
    assert variance**0.5 == pytest.approx(deviation, abs=5e-5)


def test_up_to_six_values_it_is_their_whole_range() -> None:
    assert median_interval([3.0, 1.0, 2.0, 5.0, 4.0], 0.95) == (1.0, 5.0)
    assert median_interval([3.0, 1.0], 0.95) == (1.0, 3.0)


def test_one_value_has_no_interval() -> None:
    assert median_interval([], 0.95) is None
    assert median_interval([2.0], 0.95) is None


@pytest.mark.parametrize(
    ("count", "rank"),
    # scipy.stats.binom, and the sign test's tables: the 2nd of 10 and the 6th of 20 from either end.
    [(5, 1), (6, 1), (8, 1), (10, 2), (15, 4), (20, 6), (100, 40), (201, 87), (300, 133), (500, 228)],
)
def test_ranks_of_the_sign_test(count: int, rank: int) -> None:
    assert order_statistic_rank(count, 0.025) == rank


def test_very_many_values_have_the_sign_tests_interval() -> None:
    assert median_interval([float(value) for value in range(1, 301)], 0.95) == (133.0, 168.0)


def test_both_kinds_of_interval_meet_where_one_takes_over() -> None:
    values = [float(value) for value in range(1, MOST_VALUES + 1)]
    rank = order_statistic_rank(MOST_VALUES, 0.025)
    found = median_interval(values, 0.95)
    assert found is not None
    assert found == pytest.approx((rank, MOST_VALUES + 1 - rank), abs=1)


@given(TIMES)
def test_an_interval_holds_the_median_and_lies_within_the_range(values: list[float]) -> None:
    found = median_interval(values, 0.95)
    assert found is not None
    assert min(values) <= found[0] <= statistics.median(values) <= found[1] <= max(values)
    assert sum(probability for _, probability in resampled_medians(sorted(values))) == pytest.approx(1)


@given(TIMES)
def test_less_confidence_is_no_wider(values: list[float]) -> None:
    wide, narrow = median_interval(values, 0.95), median_interval(values, 0.5)
    assert wide is not None
    assert narrow is not None
    assert wide[0] <= narrow[0]
    assert narrow[1] <= wide[1]
