"""Layers of several images as bars below each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layerbench.report.svg.axis import bytes_label, draw_axis
from layerbench.report.svg.chart import AXIS_HEIGHT, Chart, count_of
from layerbench.report.svg.elements import clipped, element, percent, text
from layerbench.units import format_bytes

LAYER_COLOURS = 8
_ROW_HEIGHT, _BAR_HEIGHT, _BAR_TOP = 46, 20, 20
_LEAST_LABELLED_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class BarPart:
    """A layer."""

    name: str
    size_bytes: int
    tip: str
    is_base: bool
    """Whether it is one of the base image, which the Dockerfile does not make."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """An image."""

    name: str
    parts: tuple[BarPart, ...]

    @property
    def size_bytes(self) -> int:
        """All of its layers."""
        return sum(part.size_bytes for part in self.parts)


def layer_class(position: int, *, is_base: bool) -> str:
    """How a layer is coloured, in every chart: the base's in greys, so that what the Dockerfile makes stands out."""
    return f"lb{position % 2}" if is_base else f"l{position % LAYER_COLOURS}"


def draw_bars(rows: Sequence[BarRow], title: str, description: str = "") -> Chart:
    """A row an image, with its layers from left to right, the base's first."""
    most = max((row.size_bytes for row in rows), default=0) or 1
    height = AXIS_HEIGHT + len(rows) * _ROW_HEIGHT
    drawn = [element("g", draw_axis(most, height, bytes_label), class_="axis")]
    for at, row in enumerate(rows):
        drawn.append(_row(row, AXIS_HEIGHT + at * _ROW_HEIGHT, most))
    said = description or f"{count_of(len(rows), 'image')}; the largest has {format_bytes(most)}"
    return Chart(title, said, height, "".join(drawn))


def _row(row: BarRow, top: float, most: int) -> str:
    drawn = [
        text(row.name, 0, top + 14, "lane"),
        text(format_bytes(row.size_bytes), "100%", top + 14, "value", "end"),
    ]
    left = 0
    for at, part in enumerate(row.parts):
        share = part.size_bytes / most
        colour = layer_class(at, is_base=part.is_base)
        drawn.append(
            element(
                "rect",
                x=percent(left / most),
                y=top + _BAR_TOP,
                width=percent(share),
                height=_BAR_HEIGHT,
                class_=f"t {colour}",
                data_tip=part.tip,
            )
        )
        if share >= _LEAST_LABELLED_SHARE:
            drawn.append(clipped(part.name, percent(left / most), top + _BAR_TOP, percent(share), _BAR_HEIGHT, "tl"))
        left += part.size_bytes
    return "".join(drawn)
