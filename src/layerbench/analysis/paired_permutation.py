"""Whether paired differences have a side: the sign-flip permutation test."""

from __future__ import annotations

import math
import random
import statistics
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

MOST_EXACT = 28
"""Up to this many differences every one of the 2^n patterns of signs is counted; above, some are drawn."""
DRAWN = 19_999
"""Patterns that are drawn, so that a p-value can be as low as 0.00005: what is left of one in a hundred for one of six
questions at the seventh look."""
DRAWN_FIRST = 4_999
CLEARLY_MANY = 100
"""So many extreme ones among the first are 2 %, which claims nothing; to know it better is not worth the time."""
_CHUNK = 8


def sign_flip_p_value(differences: Sequence[float]) -> float:
    """Two-sided p-value of "the differences lie evenly around nought" by their sum (Fisher 1935).

    With equal code on both sides a difference is as likely as its opposite, so every pattern of signs is as likely as
    the one measured. The p-value is the share of patterns whose sum is at least as far from nought; it cannot be below
    2 / 2^n.

    Args:
        differences: one a pair, such as logarithms of ratios; at least one.
    """
    sizes = [abs(difference) for difference in differences]
    total = sum(sizes)
    # Sums of the same numbers in another order differ in their last bits; they have to count as equal.
    limit = abs(sum(differences)) - 1e-9 * total
    if limit <= 0:
        return 1.0
    # A pattern is known by the sum of what it makes negative: the sum of all is then `total - 2 * negative`.
    low, high = (total - limit) / 2, (total + limit) / 2
    if len(sizes) > MOST_EXACT:
        return _drawn(sizes, low, high, _seed(differences))
    return _exact(sizes, low, high)


def capped(differences: Sequence[float]) -> list[float]:
    """The differences, none larger than the median of their sizes: an outlier counts as one, however far it lies.

    The cap is the same for every pattern of signs, so the test of capped differences is as exact as that of the bare
    ones (Maritz 1979; Rosenbaum 2007).
    """
    cap = statistics.median(abs(difference) for difference in differences)
    return [math.copysign(min(cap, abs(difference)), difference) for difference in differences]


def _exact(sizes: Sequence[float], low: float, high: float) -> float:
    """Count all patterns, by the sums of each half: 2^(n/2) steps instead of 2^n."""
    middle = len(sizes) // 2
    ones, others = _subset_sums(sizes[:middle]), sorted(_subset_sums(sizes[middle:]))
    extreme = sum(bisect_right(others, low - one) + len(others) - bisect_left(others, high - one) for one in ones)
    return min(1.0, extreme / (1 << len(sizes)))


def _drawn(sizes: Sequence[float], low: float, high: float, seed: bytes) -> float:
    """Draw patterns; the one measured counts as one of them, so that the p-value is never nought."""
    source = random.Random(seed)  # noqa: S311 - not for secrets
    tables = [_subset_sums(sizes[at : at + _CHUNK]) for at in range(0, len(sizes), _CHUNK)]
    extreme = 0
    for drawn in range(1, DRAWN + 1):
        pattern = source.randbytes(len(tables))
        # The last table may be shorter; its length is a power of two as well.
        negative = sum([table[byte % len(table)] for table, byte in zip(tables, pattern, strict=True)])
        extreme += negative <= low or negative >= high
        if drawn == DRAWN_FIRST and extreme >= CLEARLY_MANY:
            break
    return (extreme + 1) / (drawn + 1)


def _subset_sums(sizes: Sequence[float]) -> list[float]:
    sums = [0.0]
    for size in sizes:
        sums += [size + smaller for smaller in sums]
    return sums


def _seed(differences: Sequence[float]) -> bytes:
    """The same for the same data, so that a p-value can be had again."""
    return struct.pack(f"<{len(differences)}d", *differences)
