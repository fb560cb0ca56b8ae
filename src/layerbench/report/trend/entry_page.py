"""All figures of one run."""

from __future__ import annotations

import json
from collections.abc import Iterable

from layerbench.analysis.trend.models import Entry, Figure
from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.grid import Cell
from layerbench.report.interface import Options
from layerbench.report.page import Page, render_page
from layerbench.report.trend.entries_table import entry_object
from layerbench.report.trend.words import METRIC_NAMES, figure_text, place_text


def render(entry: Entry, figures: tuple[Figure, ...], options: Options) -> str:
    """A table a variant, a row a scenario."""
    return render_page(options, lambda page: _print(page, entry, figures))


def as_json(entry: Entry, figures: tuple[Figure, ...]) -> str:
    """The run with its figures as JSON."""
    rows = [
        {
            "variant": figure.key.variant,
            "scenario": figure.key.scenario,
            "metric": figure.key.metric,
            "definition": figure.key.definition,
            "conditions": figure.key.conditions,
            "value": figure.value,
            "low": figure.low,
            "high": figure.high,
            "builds": figure.count,
        }
        for figure in figures
    ]
    return json.dumps({**entry_object(entry), "figures": rows}, indent=2) + "\n"


def _print(page: Page, entry: Entry, figures: tuple[Figure, ...]) -> None:
    branch = f" on {entry.branch}" if entry.branch else ""
    page.line(f"{entry.bench}: {place_text(entry)}{branch}", "bold", hang=2)
    page.line(f"measured {entry.started_at[:16].replace('T', ' ')}, {entry.machine}, {entry.builder}", "dim", hang=2)
    metrics = _in_order(figure.key.metric for figure in figures)
    fields = (Field("scenario", "left"), *(Field(METRIC_NAMES[metric]) for metric in metrics))
    for variant in _in_order(figure.key.variant for figure in figures):
        own = {(figure.key.scenario, figure.key.metric): figure for figure in figures if figure.key.variant == variant}
        page.blank()
        page.line(variant, "bold")
        rows = [
            (Cell(scenario), *(_cell(own.get((scenario, metric))) for metric in metrics))  # type: ignore[arg-type]
            for scenario in _in_order(scenario for scenario, _ in own)
        ]
        print_rows(page, fields, rows)


def _cell(figure: Figure | None) -> Cell:
    return Cell("" if figure is None else figure_text(figure.value, figure.key.metric))


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
