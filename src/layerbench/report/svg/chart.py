"""What every chart is: a drawing of a known height, as wide as the place that it is put in."""

from __future__ import annotations

from dataclasses import dataclass

from layerbench.report.svg.elements import element

AXIS_HEIGHT = 18
"""Pixels above a chart for the numbers of its axis."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing. It says nothing by colour that it does not say in words or by form as well."""

    title: str
    description: str
    height: float
    """Pixels."""
    content: str
    """Markup, in per cent of the width and pixels of the height."""


def count_of(number: int, what: str) -> str:
    """`1 image`, `2 images`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def inline(chart: Chart, class_: str = "chart") -> str:
    """A chart inside of a page, which brings the styles, and below each chart a table of the same.

    It is named by its label: a `title` element would be shown on hover, in the way of what the marks tell.
    """
    described = f"{chart.description}; the table below has the figures"
    return element(
        "svg",
        chart.content,
        class_=class_,
        role="img",
        aria_label=f"{chart.title}. {described}",
        width="100%",
        height=chart.height,
    )
