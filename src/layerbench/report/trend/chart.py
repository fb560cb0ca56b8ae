"""One line as an SVG picture: the points with their spread, and a mark where the level changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from layerbench.analysis.trend.levels import level_bounds
from layerbench.analysis.trend.models import Line, TrendMetric
from layerbench.report.trend.words import figure_text

WIDTH, HEIGHT = 720, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 14, 14, 22
_MOST_POINTS = 700
"""A picture has no more columns than that: longer lines keep the lowest and highest value of each."""
_MOST_DOTS = 120
_TICKS = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """A level change in the picture."""

    number: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws; all coordinates are in the picture's units."""

    path: str
    band: str
    dots: tuple[tuple[float, float, int], ...]
    """Place, and position of the point; none where there are too many to be told apart."""
    levels: tuple[tuple[float, float, float], ...]
    """From, to and height of each level."""
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    first: str
    last: str


def draw(line: Line) -> Chart:
    """Lay a line out. The axis begins at zero, so that a small change looks small."""
    points = line.points
    top = _nice_top(max(point.high for point in points), line.key.metric)
    span = max(1, len(points) - 1)

    def x(at: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (at / span if len(points) > 1 else 0.5), 1)

    def y(value: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * min(1.0, value / top), 1)

    values = [point.value for point in points]
    kept = thinned(values, _MOST_POINTS)
    bounds = level_bounds([change.position for change in line.changes], len(points))
    return Chart(
        path="M" + "L".join(f"{x(at)},{y(values[at])}" for at in kept),
        band=_band([(x(at), y(points[at].low), y(points[at].high)) for at in kept]),
        dots=tuple((x(at), y(values[at]), at) for at in kept) if len(points) <= _MOST_DOTS else (),
        levels=tuple((x(begin), x(end - 1), y(median(values[begin:end]))) for begin, end in bounds),
        marks=tuple(
            Mark(number, x(change.position), y(change.after)) for number, change in enumerate(line.changes, start=1)
        ),
        ticks=tuple(
            (y(top * at / _TICKS), figure_text(top * at / _TICKS, line.key.metric)) for at in range(_TICKS + 1)
        ),
        first=points[0].entry.label,
        last=points[-1].entry.label,
    )


def thinned(values: Sequence[float], most: int) -> list[int]:
    """Positions that a picture of `most` points needs: of each stretch the lowest and the highest value."""
    if len(values) <= most:
        return list(range(len(values)))
    stretches = most // 2
    kept: set[int] = {0, len(values) - 1}
    for number in range(stretches):
        places = range(len(values) * number // stretches, len(values) * (number + 1) // stretches)
        kept.add(min(places, key=values.__getitem__))
        kept.add(max(places, key=values.__getitem__))
    return sorted(kept)


def _band(edges: Sequence[tuple[float, float, float]]) -> str:
    upper = [f"{x},{high}" for x, _, high in edges]
    lower = [f"{x},{low}" for x, low, _ in reversed(edges)]
    return "M" + "L".join([*upper, *lower]) + "Z"


def _nice_top(value: float, metric: TrendMetric) -> float:
    """A round number above all values, so that the ticks are round as well."""
    if value <= 0:
        return 1.0
    if metric in ("layers", "cached_steps"):
        return float(math.ceil(value / _TICKS) * _TICKS)
    size = 10.0 ** math.floor(math.log10(value))
    return next(size * factor for factor in (1.2, 1.5, 1.8, 2.4, 3, 3.6, 4.5, 6, 7.5, 9, 12) if size * factor >= value)
