"""Steps as rows and scenarios as columns, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.cells import cell_len

from layerbench.analysis.steps import StepTable
from layerbench.report.grid import GAP, Cell, Column, Grid
from layerbench.report.page import INDENT, Page, break_name
from layerbench.report.step_rows import CACHED, FAILED, VARIES, shown_rows, titled_step_tables, varying_steps
from layerbench.results.models import Result

_STEP_SHARE = 0.4
"""Part of the width that the steps' text keeps; scenarios that no longer fit beside it go into a further table."""
_LEAST_STEP, _MOST_STEP = 18, 30
_HEADER_WIDTH = 10


def print_step_tables(result: Result, page: Page) -> None:
    """One table a variant; where the terminal is too narrow for all scenarios, several below each other."""
    for title, table in titled_step_tables(result):
        page.blank()
        page.line(title, "bold")
        _print(table, page)


def _print(table: StepTable, page: Page) -> None:
    rows = list(shown_rows(table, page.dash))
    headers = [break_name(page.plain(name), _HEADER_WIDTH) for name in table.scenarios]
    widths = [
        max(*(cell_len(part) for part in header.split("\n")), *(cell_len(row.cells[at]) for row in rows))
        for at, header in enumerate(headers)
    ]
    line_width = max(len("line"), *(len(row.line) for row in rows))
    left = page.width - INDENT - line_width - GAP
    least_step = max(_LEAST_STEP, min(_MOST_STEP, round(page.width * _STEP_SHARE)))
    for number, (first, last) in enumerate(_chunks(widths, left - least_step)):
        if number:
            page.blank()
        text_width = max(_LEAST_STEP, left - sum(width + GAP for width in widths[first:last]))
        grid = Grid(
            [
                Column("line", line_width),
                Column("step", text_width, "left"),
                *(Column(header, width) for header, width in zip(headers[first:last], widths[first:last], strict=True)),
            ]
        )
        stage: str | None = ""
        for row in rows:
            if row.stage and row.stage != stage:
                grid.add_row([Cell(""), Cell(page.wrap(f"[{row.stage}]", text_width), "dim")])
            stage = row.stage
            style = "bold" if row is rows[-1] else ""
            cells = (_styled(cell, style) for cell in row.cells[first:last])
            grid.add_row([Cell(row.line, "dim"), Cell(page.wrap(row.text, text_width), style), *cells])
        page.lines(grid.lines())
    for said in varying_steps(table):
        page.line(f"! {said}", "yellow", indent=INDENT, hang=2)


def _chunks(widths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Ranges of columns that fit into the room, at least one column each, and about as many in each."""
    fewest = _fill(widths, room, len(widths))
    evenly = _fill(widths, room, math.ceil(len(widths) / len(fewest)))
    return evenly if len(evenly) == len(fewest) else fewest


def _fill(widths: Sequence[int], room: int, most: int) -> list[tuple[int, int]]:
    chunks, first = [], 0
    while first < len(widths):
        last, taken = first + 1, widths[first] + GAP
        while last < len(widths) and last - first < most and taken + widths[last] + GAP <= room:
            taken += widths[last] + GAP
            last += 1
        chunks.append((first, last))
        first = last
    return chunks


def _styled(cell: str, style: str) -> Cell:
    return Cell(cell, {CACHED: "green", FAILED: "bold red", VARIES: "yellow"}.get(cell, style))
