from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.trend.levels import exact_changes, level_bounds, noisy_changes


def noise(count: int, seed: int, level: float = 3.0, spread: float = 0.05) -> list[float]:
    """Times of runs: mostly near their level, now and then one far above it."""
    chance = random.Random(seed)
    return [
        level * chance.lognormvariate(0, spread) * (chance.uniform(1.3, 2.5) if chance.random() < 0.03 else 1)
        for _ in range(count)
    ]


def test_bytes_change_where_they_change() -> None:
    assert exact_changes([5, 5, 6, 6, 5]) == (2, 4)
    assert exact_changes([5, 5, 5]) == ()
    assert exact_changes([]) == ()


def test_a_slow_creep_is_found_although_each_step_is_within_the_tolerance() -> None:
    assert exact_changes([100, 104, 108, 112, 116], 10) == (3,)


@pytest.mark.parametrize("count", [8, 20, 60, 200])
def test_flat_series_have_no_change(count: int) -> None:
    """At most 1 of 100: where that is so, more than 5 of 150 come in one of 250 trials."""
    found = sum(bool(noisy_changes(noise(count, seed))) for seed in range(150))
    assert found <= 5


@pytest.mark.parametrize(
    ("before", "after", "least"), [(10, 10, 18), (20, 6, 14), (6, 20, 14), (60, 60, 20), (400, 12, 18)]
)
def test_a_planted_change_is_found_where_it_is(before: int, after: int, least: int) -> None:
    found = 0
    for seed in range(20):
        changes = noisy_changes([*noise(before, seed), *noise(after, seed + 1000, level=4.2)])
        found += any(abs(at - before) <= 2 for at in changes)
    assert found >= least


def test_two_changes_are_found() -> None:
    values = [*noise(30, 1), *noise(30, 2, level=5), *noise(30, 3, level=2)]
    changes = noisy_changes(values)
    assert len(changes) == 2
    assert abs(changes[0] - 30) <= 2
    assert abs(changes[1] - 60) <= 2


def test_a_small_shift_is_left_alone_however_certain() -> None:
    assert noisy_changes([1.0 + at % 3 / 1e6 for at in range(40)] + [1.01 + at % 3 / 1e6 for at in range(40)]) == ()


@given(st.lists(st.floats(0.01, 1000), max_size=80))
def test_positions_are_within_and_in_order(values: list[float]) -> None:
    changes = noisy_changes(values)
    assert list(changes) == sorted(set(changes))
    assert all(0 < at < len(values) for at in changes)
    assert sum(end - begin for begin, end in level_bounds(changes, len(values))) == len(values)


@given(st.lists(st.floats(0.01, 1000), min_size=8, max_size=80))
def test_the_unit_does_not_matter(values: list[float]) -> None:
    # By a power of two, so that no value is rounded.
    assert noisy_changes(values) == noisy_changes([value * 4.0 for value in values])
