"""Rows of steps whose last cell is a text of any length: it is wrapped, the instruction is cut in its middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len

from layerbench.report.anatomy.layout import shorten
from layerbench.report.grid import GAP, Cell, Column, Grid
from layerbench.report.page import INDENT, Page

_LEAST_STEP, _MOST_STEP_SHARE, _LEAST_TEXT = 20, 0.45, 28
_STYLES = {"ran": "yellow", "hit": "green"}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step as it is shown; a column whose cells are all empty is left out."""

    line: str
    stage: str
    step: str
    outcome: str
    text: str
    seconds: str = ""


def print_step_rows(page: Page, rows: Sequence[StepRow], text_header: str) -> None:
    """Print steps under their headers, each on two lines where the page is too narrow for columns."""
    fixed = [name for name in ("line", "stage", "outcome", "seconds") if any(getattr(row, name) for row in rows)]
    widths = {name: _width(page, rows, name) for name in fixed}
    room = page.width - INDENT * 2 - sum(widths.values()) - GAP * (len(fixed) + 1)
    step = min(max(cell_len(page.plain(row.step)) for row in rows), max(_LEAST_STEP, int(room * _MOST_STEP_SHARE)))
    if room - step < _LEAST_TEXT:
        _print_narrow(page, rows)
        return
    order = ("line", "stage", "step", "outcome", "seconds", "text")
    columns = {
        **{name: Column(_HEADERS[name], width, _JUSTIFY[name]) for name, width in widths.items()},
        "step": Column("step", step, "left"),
        "text": Column(text_header, room - step, "left"),
    }
    grid = Grid([columns[name] for name in order if name in columns])
    ellipsis = "..." if page.ascii_only else "…"
    for row in rows:
        cells = {
            "line": Cell(row.line, "dim"),
            "stage": Cell(page.plain(row.stage), "dim"),
            "step": Cell(shorten(page.plain(row.step), step, ellipsis)),
            "outcome": Cell(row.outcome, _STYLES.get(row.outcome, "")),
            "seconds": Cell(row.seconds),
            "text": Cell(page.wrap(row.text, room - step)),
        }
        grid.add_row([cells[name] for name in order if name in columns])
    page.lines(grid.lines(), indent=INDENT * 2)


_HEADERS = {"line": "line", "stage": "stage", "outcome": "", "seconds": "seconds"}
_JUSTIFY: dict[str, Literal["left", "right"]] = {
    "line": "right", "stage": "left", "outcome": "left", "seconds": "right",
}  # fmt: skip


def _width(page: Page, rows: Sequence[StepRow], name: str) -> int:
    return max(len(_HEADERS[name]), *(cell_len(page.plain(getattr(row, name))) for row in rows))


def _print_narrow(page: Page, rows: Sequence[StepRow]) -> None:
    for row in rows:
        place = " ".join(part for part in (row.line and f"line {row.line}", row.stage) if part)
        told = [row.outcome, row.step, f"({place})" if place else "", row.seconds]
        page.line(" ".join(part for part in told if part), "bold", indent=INDENT * 2, hang=2)
        page.line(row.text, "", indent=INDENT * 3, hang=2)
