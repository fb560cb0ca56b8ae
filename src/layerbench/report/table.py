"""The table for a terminal: per scenario a row a variant, or steps as rows and scenarios as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console

from layerbench.analysis.figures import ScenarioTable, scenario_tables
from layerbench.analysis.findings import findings
from layerbench.analysis.remarks import alarms, remarks
from layerbench.report.cells import (
    RowCells,
    header_lines,
    reading_help,
    row_cells,
    scenario_title,
    table_remarks,
)
from layerbench.report.grid import GAP, Cell, Column, Grid
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, break_name, render_page
from layerbench.report.step_rows import FAILED
from layerbench.report.step_table import print_step_tables
from layerbench.report.terminal import is_ascii_only
from layerbench.results.models import Result

_LEAST_NAME = 16
"""A column of names is folded to this width before figures leave the row."""


@dataclass(frozen=True, slots=True)
class _Column:
    field: str
    header: str


_VARIANT = _Column("variant", "\nvariant")
_TIME = _Column("time", "\ntime")
_RANGE = _Column("range", "\nrange")
_STEPS = _Column("steps", "steps\ncached/all")
_COMPRESSED = _Column("compressed", "\ncompressed")
_UNCOMPRESSED = _Column("uncompressed", "\nuncompressed")
_TIME_RATIO = _Column("time_ratio", "time\nvs best")
_SIZE_RATIO = _Column("size_ratio", "size\nvs best")

# From the widest to the narrowest. The last has what it leaves out on a second line under each row.
_LAYOUTS: tuple[tuple[_Column, ...], ...] = (
    (_TIME, _RANGE, _TIME_RATIO, _STEPS, _COMPRESSED, _UNCOMPRESSED, _SIZE_RATIO),
    (_TIME, _RANGE, _TIME_RATIO, _STEPS, _COMPRESSED, _UNCOMPRESSED),
    (
        _TIME,
        _RANGE,
        _TIME_RATIO,
        _Column("steps", "cached\n/all"),
        _Column("compressed", "com-\npressed"),
        _Column("uncompressed", "uncom-\npressed"),
    ),
    (_TIME, _TIME_RATIO, _STEPS),
)


def render(result: Result, options: Options) -> str:
    """The report as text; see `layerbench.report.interface.Reporter`."""
    if options.critical_path:
        from layerbench.report.critical_path import table as critical_path_table

        return critical_path_table.render(result, options)
    return render_page(options, lambda page: _print(result, page, steps=options.steps))


def print_table(result: Result, console: Console, *, steps: bool = False, ascii_only: bool | None = None) -> None:
    """Print header, tables, findings and what the figures rest on.

    `ascii_only` is found from the console's encoding and the locale where it is not given. For `console` see
    `layerbench.report.terminal.console_for`.
    """
    is_plain = is_ascii_only(console.encoding) if ascii_only is None else ascii_only
    _print(result, Page(console, ascii_only=is_plain), steps=steps)


def _print(result: Result, page: Page, *, steps: bool) -> None:
    tables = scenario_tables(result)
    title, *about = header_lines(result)
    page.line(title, "bold")
    for line in about:
        page.line(line, "dim")
    for alarm in alarms(result):
        page.line(f"! {alarm}", "bold red", hang=2)
    if steps:
        print_step_tables(result, page)
    else:
        _print_scenarios(tables, page)
    if found := findings(result, tables):
        page.blank()
        for sentence in found:
            page.line(f"* {sentence}", "", hang=2)
    page.blank()
    for remark in remarks(result):
        page.line(f"Note: {remark}", "yellow", hang=2)
    page.line(reading_help(result, steps=steps), "dim", hang=2)


def _print_scenarios(tables: Sequence[ScenarioTable], page: Page) -> None:
    cells = [[row_cells(row, page.dash) for row in table.rows] for table in tables]
    compares = any(len(table.rows) > 1 for table in tables)
    has_ranges = any(row.range for rows in cells for row in rows)
    layout, widths = _choose_layout([row for rows in cells for row in rows], page, compares, has_ranges)
    is_short = layout[-1].field not in {"uncompressed", "size_ratio"}
    columns = _columns(layout, widths)
    for table, rows in zip(tables, cells, strict=True):
        page.blank()
        page.line(scenario_title(table), "bold")
        grid = Grid(columns)
        for row in rows:
            grid.add_row([_name(row, widths["variant"], page), *(_cell(row, column.field) for column in layout)])
        if is_short:
            page.lines(grid.header_lines())
            for number, row in enumerate(rows):
                page.lines(grid.row_lines(number))
                page.line(_second_line(row), "dim", indent=INDENT + 2, hang=2)
        else:
            page.lines(grid.lines())
        for is_bad, remark in table_remarks(table):
            page.line(f"! {remark}", "red" if is_bad else "yellow", indent=INDENT, hang=2)


def _choose_layout(
    rows: Sequence[RowCells], page: Page, compares: bool, has_ranges: bool
) -> tuple[tuple[_Column, ...], dict[str, int]]:
    """The widest layout that fits, with the width of each column."""
    hidden = set() if compares else {"time_ratio", "size_ratio"}
    if not has_ranges:
        hidden.add("range")
    names = max((cell_len(page.plain(row.variant)) for row in rows), default=0)
    names = max(names, len("variant"))
    for layout in _LAYOUTS:
        columns = tuple(column for column in layout if column.field not in hidden)
        widths = {column.field: _width(column, rows) for column in columns}
        left = page.console.width - INDENT - sum(widths.values()) - GAP * len(columns)
        if left >= min(names, _LEAST_NAME):
            break
    widths["variant"] = max(1, min(names, left))
    return columns, widths


def _width(column: _Column, rows: Sequence[RowCells]) -> int:
    cells = (str(getattr(row, column.field)) for row in rows)
    return max(*(len(part) for part in column.header.split("\n")), *(cell_len(cell) for cell in cells), 0)


def _columns(layout: Sequence[_Column], widths: dict[str, int]) -> list[Column]:
    name = Column(_header(_VARIANT, layout), widths["variant"], "left")
    return [name, *(Column(_header(column, layout), widths[column.field]) for column in layout)]


def _header(column: _Column, layout: Sequence[_Column]) -> str:
    """The column's header, on one line where no column of the layout needs two."""
    needs_two = any(not one.header.startswith("\n") for one in layout)
    return column.header if needs_two else column.header.strip("\n")


def _name(row: RowCells, width: int, page: Page) -> Cell:
    return Cell(break_name(page.plain(row.variant), width), "red" if row.is_broken else "bold")


def _cell(row: RowCells, field: str) -> Cell:
    style = ""
    match field:
        case "time" if not row.steps and not row.range:
            style = "red" if row.time in {FAILED, "invalid"} else ""
        case "time" | "time_ratio" if row.is_fastest:
            style = "green"
        case "size_ratio" if row.is_smallest:
            style = "green"
        case "range":
            style = "dim"
    return Cell(str(getattr(row, field)), style)


def _second_line(row: RowCells) -> str:
    sizes = f"{row.compressed or 'unknown'} compressed, {row.uncompressed} uncompressed" if row.uncompressed else ""
    return "; ".join(part for part in (row.range, sizes) if part)
