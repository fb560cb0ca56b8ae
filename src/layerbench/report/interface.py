"""What every format has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

if TYPE_CHECKING:
    from layerbench.results.models import Result

FormatName = Literal["table", "json", "markdown", "csv", "trace", "otlp", "html", "svg", "badge"]
FORMATS: tuple[FormatName, ...] = get_args(FormatName)

ChartName = Literal["sizes", "times", "steps", "timeline"]
CHARTS: tuple[ChartName, ...] = get_args(ChartName)

PLAIN_WIDTH = 100
"""Columns of a table that does not go to a terminal."""

ColorSystem = Literal["standard", "256", "truecolor"]


@dataclass(frozen=True, slots=True)
class Options:
    """How a report is to look. Width, colour and ASCII concern only the formats that are made to be looked at."""

    steps: bool = False
    """Whether single steps are shown."""
    width: int = PLAIN_WIDTH
    """In columns of the terminal."""
    color_system: ColorSystem | None = None
    """None: no escape sequences at all."""
    ascii_only: bool = False
    """Whether the reader's locale or terminal has no more than ASCII."""
    critical_path: bool = False
    """Whether the critical path of each variant and scenario is shown; table and JSON have it."""
    chart: ChartName = "sizes"
    """Which picture; only for SVG."""


class Reporter(Protocol):
    """One format."""

    def render(self, result: Result, options: Options) -> str:
        """The whole report, with a line break at its end."""
        ...


def reporter(name: FormatName) -> Reporter:
    """The format of that name; its module, and what that needs, is imported only now."""
    match name:
        case "table":
            from layerbench.report import table

            return table
        case "json":
            from layerbench.report import json_figures

            return json_figures
        case "markdown":
            from layerbench.report import markdown

            return markdown
        case "csv":
            from layerbench.report import csv_rows

            return csv_rows
        case "trace":
            from layerbench.report import trace_event

            return trace_event
        case "otlp":
            from layerbench.report import otlp

            return otlp
        case "html":
            from layerbench.report.html import page

            return page
        case "svg":
            from layerbench.report import pictures

            return pictures
        case "badge":
            from layerbench.report import badge

            return badge
