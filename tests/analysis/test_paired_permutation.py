from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis import paired_permutation
from layerbench.analysis.paired_permutation import capped, sign_flip_p_value

# Darwin's self- and cross-fertilised maize in eighths of an inch, from Fisher, "The Design of Experiments", 1935, § 21.
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
# Log ratios of forty rounds each, drawn once; p-values by scipy.stats.permutation_test(permutation_type="samples").
FORTY = [
    0.011, -0.007, -0.004, -0.016, -0.028, -0.008, 0.018, -0.003, 0.033, -0.002, 0.005, 0.05, 0.02, -0.011, -0.001,
    0.02, 0.062, -0.004, -0.003, 0.034, -0.023, -0.005, 0.03, 0.021, 0.007, 0.024, -0.081, 0.035, -0.025, -0.046,
    0.012, 0.025, -0.009, -0.028, 0.005, 0.002, 0.046, 0.026, 0.01, 0.037,
]  # fmt: skip
FORTY_P_VALUE = 0.19383
SMALL = st.lists(st.integers(-20, 20).map(lambda value: value / 100), min_size=1, max_size=9)


def test_fishers_maize() -> None:
    # Fisher counts 863 of 32,768 patterns on one side, 28 of which have just the sum that was measured.
    assert sign_flip_p_value([float(value) for value in MAIZE]) == 2 * 863 / 2**15


def test_ties_are_ties_in_fractions_too() -> None:
    assert sign_flip_p_value([value / 1000 for value in MAIZE]) == 2 * 863 / 2**15


def test_ten_log_ratios_as_scipy_has_them() -> None:
    logs = [0.091, -0.047, 0.043, 0.013, 0.016, 0.024, -0.031, 0.023, 0.004, 0.13]
    assert sign_flip_p_value(logs) == 156 / 1024


def test_drawn_patterns_come_near_what_a_million_say() -> None:
    # Five standard errors of 4,999 drawn patterns.
    tolerance = 5 * (0.16 / paired_permutation.DRAWN_FIRST) ** 0.5
    assert sign_flip_p_value(FORTY) == pytest.approx(FORTY_P_VALUE, abs=tolerance)


def test_drawn_and_counted_patterns_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = FORTY[:21]  # no multiple of the tables' length
    exact = sign_flip_p_value(logs)
    monkeypatch.setattr(paired_permutation, "MOST_EXACT", 0)
    assert sign_flip_p_value(logs) == pytest.approx(exact, abs=5 * (0.25 / paired_permutation.DRAWN_FIRST) ** 0.5)
    assert sign_flip_p_value(logs) == sign_flip_p_value(logs)


def test_a_drawn_p_value_is_never_nought() -> None:
    assert sign_flip_p_value([0.1] * 60) == 1 / (paired_permutation.DRAWN + 1)


@pytest.mark.parametrize("count", [1, 5, 7, 8, 10])
def test_it_cannot_go_below_two_patterns(count: int) -> None:
    assert sign_flip_p_value([0.1] * count) == 2 / 2**count


@given(SMALL)
def test_every_pattern_of_signs_is_counted(differences: list[float]) -> None:
    # In whole hundredths, so that the oracle's sums are exact.
    hundredths = [round(difference * 100) for difference in differences]
    least = abs(sum(hundredths))
    patterns = list(itertools.product((1, -1), repeat=len(hundredths)))
    extreme = sum(
        abs(sum(sign * size for sign, size in zip(signs, hundredths, strict=True))) >= least for signs in patterns
    )
    assert sign_flip_p_value(differences) == extreme / len(patterns)


@given(SMALL)
def test_sides_swapped_it_is_the_same(differences: list[float]) -> None:
    assert sign_flip_p_value(differences) == sign_flip_p_value([-difference for difference in differences])


def test_a_cap_keeps_signs_and_every_difference() -> None:
    assert capped([0.1, -0.5, 0.2, 0.05, -0.01]) == [0.1, -0.1, 0.1, 0.05, -0.01]
    assert capped([0.0, 0.0, 3.0]) == [0.0, 0.0, 0.0]


def test_an_outlier_does_not_drown_eleven_that_agree() -> None:
    logs = [0.09, 0.1, 0.11, 0.08, 0.1, 0.12, 0.09, 0.1, 0.11, 0.1, 0.09, -0.4]
    assert sign_flip_p_value(logs) > 0.01
    assert sign_flip_p_value(capped(logs)) < 0.01


def test_more_patterns_are_drawn_only_where_the_p_value_may_be_small() -> None:
    even = [0.1, -0.1] * 19 + [0.1, 0.1]
    few, many = (paired_permutation.DRAWN_FIRST + 1, paired_permutation.DRAWN + 1)
    assert sign_flip_p_value(even) * few == pytest.approx(round(sign_flip_p_value(even) * few))
    assert sign_flip_p_value([0.1] * 40) == 1 / many
