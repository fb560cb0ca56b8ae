"""The runs of a history, a row a run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from layerbench.analysis.trend.models import Entry
from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.grid import Cell
from layerbench.report.interface import Options
from layerbench.report.page import Page, render_page
from layerbench.report.trend.words import moment_text

_LEAST_NAME = 8
_FIELDS = (
    Field("commit", "left"),
    Field("of", "left"),
    Field("branch", "left", _LEAST_NAME),
    Field("bench", "left", _LEAST_NAME),
    Field("measured", "left"),
    Field("machine", "left", _LEAST_NAME),
    Field("", "left"),
)


def render(entries: Sequence[Entry], options: Options) -> str:
    """The runs as a table."""
    return render_page(options, lambda page: _print(page, entries))


def as_json(entries: Sequence[Entry]) -> str:
    """The runs as JSON: a list of objects."""
    return json.dumps([entry_object(entry) for entry in entries], indent=2) + "\n"


def entry_object(entry: Entry) -> dict[str, object]:
    """A run as JSON has it."""
    return dataclasses.asdict(entry)


def _print(page: Page, entries: Sequence[Entry]) -> None:
    if not entries:
        page.line("No run is in it.")
        return
    print_rows(page, _FIELDS, [_row(entry, page) for entry in entries])


def _row(entry: Entry, page: Page) -> tuple[Cell, ...]:
    return (
        Cell(entry.label if entry.commit else page.dash),
        Cell(moment_text(entry) if entry.commit else page.dash),
        Cell(entry.branch or page.dash),
        Cell(entry.bench),
        Cell(entry.started_at[:16].replace("T", " ")),
        Cell(entry.machine),
        Cell("" if entry.complete else "cut short", "yellow"),
    )
