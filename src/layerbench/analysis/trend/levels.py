"""Where the level of a series changed: exactly for figures without noise, by a rank test for times.

docs/trends.md has the formulas. The test asks only for the order of the values, so one slow run claims nothing, and it
takes the values for exchangeable where nothing changed: a machine that drifts from run to run breaks that.
"""

from __future__ import annotations

import itertools
import math
import operator
import random
from collections.abc import Iterator, Sequence
from statistics import median

_SIGNIFICANCE = 0.01
"""Share of flat series in which a change may be claimed."""
_LEAST_SIDE = 3
"""Values on each side of a change: fewer are outliers."""
_LEAST_VALUES = 8
_EXACT_VALUES = 60
"""Up to here the test's distribution is drawn from permutations; beyond, Pettitt's formula serves."""
_PERMUTATIONS = 1999
_LEAST_SHARE = 0.02
"""A smaller change in time is left alone, however certain it is."""


def exact_changes(values: Sequence[float], tolerance: float = 0) -> tuple[int, ...]:
    """Positions at which a series is further than a tolerance from the value that its level began with.

    Held against the level's beginning and not against the neighbour, so that a slow creep is found as well.
    """
    found: list[int] = []
    for at in range(1, len(values)):
        if abs(values[at] - values[found[-1] if found else 0]) > tolerance:
            found.append(at)
    return tuple(found)


def noisy_changes(values: Sequence[float]) -> tuple[int, ...]:
    """Positions at which the level of a noisy series changed, found by halving at the strongest change again and again.

    At most 1 of 100 flat series has one. Changes of less than 2 % are not told.
    """
    return tuple(sorted(_split(values, 0, len(values))))


def level_bounds(changes: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Begin and end of each level between the changes of a series of `count` values."""
    edges = [0, *changes, count]
    return list(itertools.pairwise(edges))


def _split(values: Sequence[float], begin: int, end: int) -> list[int]:
    found: list[int] = []
    pending = [(begin, end)]
    while pending:
        low, high = pending.pop()
        part = values[low:high]
        at = _change_in(part)
        if at is None:
            continue
        before, after = median(part[:at]), median(part[at:])
        if before > 0 and abs(after / before - 1) < _LEAST_SHARE:
            continue
        found.append(low + at)
        pending += [(low, low + at), (low + at, high)]
    return found


def _change_in(values: Sequence[float]) -> int | None:
    """The strongest change of a series, where it is significant."""
    if len(values) < _LEAST_VALUES:
        return None
    ranks = _ranks(values)
    if len(values) <= _EXACT_VALUES:
        return _by_permutation(ranks, _SIGNIFICANCE)
    at = _by_formula(ranks, _SIGNIFICANCE / 2)
    if at is not None:
        return at
    # A change in the newest runs is weak in a long series, and the one that people ask for.
    start = len(values) - _EXACT_VALUES
    newest = _by_permutation(_ranks(values[start:]), _SIGNIFICANCE / 2)
    return None if newest is None else start + newest


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, equal values sharing the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for at in order[begin:end]:
            ranks[at] = (begin + 1 + end) / 2
        begin = end
    return ranks


def _by_permutation(ranks: Sequence[float], significance: float) -> int | None:
    """The split with the largest standardised rank sum, where fewer permutations than the share have a larger one."""
    count = len(ranks)
    mean = (count + 1) / 2
    weights = [
        1 / math.sqrt(at * (count - at)) if _LEAST_SIDE <= at <= count - _LEAST_SIDE else 0.0 for at in range(count)
    ]
    centred = [rank - mean for rank in ranks]
    strengths = list(_strengths(centred, weights))
    best = max(strengths)
    if best <= 0:
        return None
    allowed = math.floor(significance * (_PERMUTATIONS + 1)) - 1
    draw = random.Random(count).random  # noqa: S311 - a fixed seed: equal series give equal answers
    larger = 0
    for _ in range(_PERMUTATIONS):
        # Sorting by random keys permutes in a third of the time that `shuffle` takes.
        keys = [draw() for _ in centred]
        shuffled = [value for _, value in sorted(zip(keys, centred, strict=True))]
        if max(_strengths(shuffled, weights)) >= best - 1e-9:
            larger += 1
            if larger > allowed:
                return None
    return strengths.index(best)


def _strengths(centred: Sequence[float], weights: Sequence[float]) -> Iterator[float]:
    """How strong a change at each position would be: the standardised rank sum of what is before it."""
    before = itertools.accumulate(centred, initial=0.0)
    return map(operator.mul, map(abs, before), weights)


def _by_formula(ranks: Sequence[float], significance: float) -> int | None:
    """Pettitt's test: p is about 2 exp(-6 K^2 / (n^3 + n^2)) for the largest K of |2 sum of ranks - t (n + 1)|.

    Source: A. N. Pettitt, "A Non-Parametric Approach to the Change-Point Problem", Applied Statistics 28 (1979), 126.
    """
    count = len(ranks)
    total, largest, place = 0.0, 0.0, 0
    for at in range(1, count):
        total += ranks[at - 1]
        strength = abs(2 * total - at * (count + 1))
        if strength > largest and _LEAST_SIDE <= at <= count - _LEAST_SIDE:
            largest, place = strength, at
    chance = 2 * math.exp(-6 * largest**2 / (count**3 + count**2))
    return place if chance <= significance else None
