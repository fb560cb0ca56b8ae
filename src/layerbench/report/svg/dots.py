"""Rounds as dots: every single measurement, with the median as a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layerbench.report.svg.axis import draw_axis, seconds_label
from layerbench.report.svg.chart import AXIS_HEIGHT, Chart, count_of
from layerbench.report.svg.elements import element, percent, text
from layerbench.units import format_seconds

_ROW_HEIGHT, _MIDDLE, _LABEL = 42, 29, 14
_RADIUS = 4.5
_EDGE = 0.15
"""Share of the width at either end in which there is no room for words beyond a dot."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A build."""

    seconds: float
    round: int
    is_outlier: bool


@dataclass(frozen=True, slots=True)
class DotRow:
    """A variant in a scenario."""

    name: str
    dots: tuple[Dot, ...]
    median_seconds: float | None
    note: str = ""
    """Why there are no dots."""


def draw_dots(rows: Sequence[DotRow], title: str, description: str = "") -> Chart:
    """A row a variant, a dot a round, all on one scale from 0. An outlier is a ring with its round beside it."""
    most = max((dot.seconds for row in rows for dot in row.dots), default=0.0) * 1.04 or 1.0
    height = AXIS_HEIGHT + len(rows) * _ROW_HEIGHT
    drawn = [element("g", draw_axis(most, height, seconds_label), class_="axis")]
    for at, row in enumerate(rows):
        drawn.append(_row(row, AXIS_HEIGHT + at * _ROW_HEIGHT, most))
    said = description or f"{count_of(len(rows), 'variant')}, a dot a build"
    return Chart(title, said, height, "".join(drawn))


def _row(row: DotRow, top: float, most: float) -> str:
    value = format_seconds(row.median_seconds) if row.median_seconds is not None else row.note
    names = text(row.name, 0, top + _LABEL, "lane") + text(value, "100%", top + _LABEL, "value", "end")
    drawn = [element("line", x2="100%", class_="rail")]
    if row.median_seconds is not None:
        x = percent(row.median_seconds / most)
        drawn.append(element("line", x1=x, x2=x, y1=-9, y2=9, class_="median"))
    for dot in row.dots:
        x = percent(dot.seconds / most)
        tip = f"{row.name}, round {dot.round}: {format_seconds(dot.seconds)}{', an outlier' if dot.is_outlier else ''}"
        kind = "dot outlier" if dot.is_outlier else "dot"
        drawn.append(element("circle", cx=x, r=_RADIUS, class_=kind, data_tip=tip))
        if dot.is_outlier:
            is_left = _is_named_on_the_left(dot.seconds, row.median_seconds, most)
            drawn.append(
                element(
                    "svg",
                    text(f"round {dot.round}", -8 if is_left else 8, 4, "tick", "end" if is_left else None),
                    x=x,
                    class_="over",
                )
            )
    return names + element("svg", *drawn, y=top + _MIDDLE, class_="over")


def _is_named_on_the_left(seconds: float, median_seconds: float | None, most: float) -> bool:
    """Whether the words beside a ring are to its left: away from the other dots, unless they would be cut off there."""
    if not _EDGE * most <= seconds <= (1 - _EDGE) * most:
        return seconds > most / 2
    return seconds < (median_seconds or 0.0)
