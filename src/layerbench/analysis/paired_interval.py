"""Where the median of few measurements lies: the percentile bootstrap interval, worked out exactly instead of drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

MOST_VALUES = 200
"""Above this many values the order-statistic interval serves: it is the same to a rank, and needs no table of pairs."""

_Weighted = tuple[float, float]
"""A value that the median of a resample may have, and its probability."""


def median_interval(values: Sequence[float], confidence: float) -> tuple[float, float] | None:
    """Interval for the median, in the unit of the values; None below two of them.

    The bootstrap's distribution of the median is known in closed form (Efron 1979, Maritz and Jarrett 1978), so no
    random numbers are drawn: the same values always give the same interval.

    Args:
        values: the measurements, in any order.
        confidence: such as 0.95; what is left is split evenly between both ends.
    """
    if len(values) < 2:
        return None
    ordered, tail = sorted(values), (1 - confidence) / 2
    if len(ordered) > MOST_VALUES:
        rank = order_statistic_rank(len(ordered), tail)
        return ordered[rank - 1], ordered[-rank]
    medians = resampled_medians(ordered)
    return _quantile(medians, tail), _quantile(medians[::-1], tail)


def resampled_medians(ordered: Sequence[float]) -> list[_Weighted]:
    """Every value that the median of a resample (drawn with replacement, of the same length) may have, ascending.

    Args:
        ordered: the measurements, ascending.
    """
    half, is_odd = divmod(len(ordered), 2)
    return sorted(_of_odd(ordered, half + 1) if is_odd else _of_even(ordered, half))


def order_statistic_rank(count: int, tail: float) -> int:
    """The highest rank k (at least 1) such that the median lies below the k-th lowest with at most `tail` probability.

    Exact for any distribution without ties: the number of measurements below the median is binomial.
    """
    below = accumulate(math.comb(count, at) / 2**count for at in range(count // 2 + 1))
    return max(1, sum(1 for probability in below if probability <= tail))


def _of_odd(ordered: Sequence[float], middle: int) -> list[_Weighted]:
    count = len(ordered)
    reached = [_binomial_tail(count, at / count, middle) for at in range(count + 1)]
    return [(value, reached[at + 1] - reached[at]) for at, value in enumerate(ordered)]


def _of_even(ordered: Sequence[float], half: int) -> list[_Weighted]:
    """The median is the mean of the middle two, which may be any two of the measurements, or twice the same."""
    count = len(ordered)
    powers = [(at / count) ** half for at in range(count + 1)]
    ways = math.comb(count, half)
    reached = [_binomial_tail(count, at / count, half) for at in range(count + 1)]
    found = []
    for low in range(count):
        lower = ways * (powers[low + 1] - powers[low])
        # All resamples whose lower middle value is this one, without those whose upper middle value is a later one.
        both_same = reached[low + 1] - reached[low] - lower * powers[count - low - 1]
        found.append((ordered[low], max(0.0, both_same)))
        found += [
            ((ordered[low] + ordered[high]) / 2, lower * (powers[count - high] - powers[count - high - 1]))
            for high in range(low + 1, count)
        ]
    return found


def _binomial_tail(count: int, probability: float, least: int) -> float:
    """Probability of at least `least` hits in `count` trials."""
    return sum(
        math.comb(count, hits) * probability**hits * (1 - probability) ** (count - hits)
        for hits in range(least, count + 1)
    )


def _quantile(weighted: Sequence[_Weighted], tail: float) -> float:
    """The first value, in the order given, at which more than `tail` of the probability is reached."""
    reached = 0.0
    for value, probability in weighted:
        reached += probability
        if reached > tail:
            return value
    return weighted[-1][0]
