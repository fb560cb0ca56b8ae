from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.stats import byte_spread, ratio_to, spread

FIGURES = st.lists(st.floats(0, 1e9), min_size=1, max_size=30)


def test_quartiles_are_those_of_type_7() -> None:
    # R: quantile(c(1, 2, 4, 8, 16), c(.25, .75), type = 7)
    found = spread([16, 1, 8, 2, 4])
    assert found is not None
    assert (found.median, found.minimum, found.maximum) == (4, 1, 16)
    assert (found.quartile_low, found.quartile_high, found.interquartile_range) == (2, 8, 6)


def test_between_two_figures_quartiles_are_interpolated() -> None:
    found = spread([1.0, 2.0])
    assert found is not None
    assert (found.quartile_low, found.median, found.quartile_high) == (1.25, 1.5, 1.75)


def test_nothing_measured_is_none_and_not_nought() -> None:
    assert spread([]) is None
    assert spread([None, None]) is None
    assert byte_spread([None]) is None


def test_one_measurement_has_no_width() -> None:
    found = spread([None, 2.5])
    assert found is not None
    assert found.count == 1
    assert found.interquartile_range == 0


@given(FIGURES)
def test_the_order_of_a_spread(values: list[float]) -> None:
    found = spread(values)
    assert found is not None
    slack = 1e-9 * found.maximum  # interpolation rounds
    assert found.minimum <= found.quartile_low + slack
    assert found.quartile_low <= found.median + slack
    assert found.median <= found.quartile_high + slack
    assert found.quartile_high <= found.maximum + slack
    assert found.median == statistics.median(values)
    assert found.count == len(values)


@given(FIGURES, st.randoms())
def test_the_order_of_measurements_does_not_matter(values: list[float], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert spread(shuffled) == spread(values)


@given(FIGURES, FIGURES)
def test_overlap_is_mutual_and_means_a_shared_range(one: list[float], other: list[float]) -> None:
    first, second = spread(one), spread(other)
    assert first is not None
    assert second is not None
    assert first.overlaps(second) == second.overlaps(first)
    assert first.overlaps(second) == (not (max(one) < min(other) or max(other) < min(one)))


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_a_median_of_bytes_was_measured(values: list[int]) -> None:
    found = byte_spread(values)
    assert found is not None
    assert found.median in values
    assert found.minimum <= found.median <= found.maximum
    assert found.varies == (len(set(values)) > 1)


@pytest.mark.parametrize(
    ("value", "best", "expected"),
    [(3, 2, 1.5), (2, 2, 1), (None, 2, None), (2, None, None), (2, 0, None), (2, -1, None)],
)
def test_a_ratio_needs_something_to_divide_by(value: float | None, best: float | None, expected: float | None) -> None:
    assert ratio_to(value, best) == expected
