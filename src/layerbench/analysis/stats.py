"""Statistics of repeated measurements."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """How repeated measurements of one thing lie; all but `count` are in the unit of what was measured."""

    count: int
    median: float
    minimum: float
    maximum: float
    quartile_low: float
    quartile_high: float

    @property
    def interquartile_range(self) -> float:
        """Width of the middle half."""
        return self.quartile_high - self.quartile_low

    def overlaps(self, other: Spread) -> bool:
        """Whether some measurement of the one lies within the range of the other."""
        return self.minimum <= other.maximum and other.minimum <= self.maximum


@dataclass(frozen=True, slots=True)
class ByteSpread:
    """How a number of bytes varies over builds; `median` is one that was measured (the lower of the middle two)."""

    count: int
    median: int
    minimum: int
    maximum: int

    @property
    def varies(self) -> bool:
        """Whether the builds differ at all; those with an edit of new text mostly do, by some bytes."""
        return self.minimum != self.maximum


def spread(values: Iterable[float | None]) -> Spread | None:
    """Median, extremes and quartiles; None where nothing was measured. Unknown values (None) are left out.

    Quartiles are interpolated linearly between the measurements (type 7 of Hyndman and Fan, "Sample Quantiles in
    Statistical Packages", 1996; numpy's and R's default). One measurement is its own quartiles.
    """
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    if len(known) == 1:
        return Spread(1, *known * 5)
    low, _, high = statistics.quantiles(known, n=4, method="inclusive")
    return Spread(len(known), statistics.median(known), known[0], known[-1], low, high)


def byte_spread(values: Iterable[int | None]) -> ByteSpread | None:
    """Median and extremes of byte counts; None where nothing was measured. Unknown values (None) are left out."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    return ByteSpread(len(known), statistics.median_low(known), known[0], known[-1])


def ratio_to(value: float | None, best: float | None) -> float | None:
    """`value` as a multiple of `best`; None where one of them is unknown or `best` is nothing to divide by."""
    if value is None or best is None or best <= 0:
        return None
    return value / best
