"""A comparison for a terminal: a row a scenario, then where bytes come from, then the strongest differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from layerbench.analysis.comparison.findings import findings
from layerbench.analysis.comparison.models import Comparison, ScenarioPair
from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.comparison.words import (
    PairCells,
    attributed,
    pair_cells,
    pair_remarks,
    reading_help,
    title,
    variant_groups,
)
from layerbench.report.grid import GAP, Cell, Column, Grid
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, break_name, render_page

_HEADERS = {
    "scenario": "scenario",
    "time": "time",
    "ratio": "ratio",
    "interval": "interval",
    "verdict": "difference",
    "steps": "cached\nsteps",
    "compressed": "com-\npressed",
    "uncompressed": "uncom-\npressed",
    "redeploy": "redeploy",
}
_FIGURES = ("time", "ratio", "interval", "verdict", "steps", "compressed", "uncompressed", "redeploy")
# From the widest to the narrowest; what one leaves out stands on a line of its own under each row.
_LAYOUTS = (
    _FIGURES,
    _FIGURES[:-1],
    ("time", "ratio", "verdict", "steps", "compressed"),
    ("time", "verdict"),
    (),
)
_LEAST_NAME = 12
_STYLES = {"faster": "green", "slower": "red"}


def render(comparison: Comparison, options: Options, *, top: int) -> str:
    """The comparison as text.

    Args:
        comparison: what was found.
        options: width, colour and characters.
        top: how many rows say at most where the bytes of a scenario come from.
    """
    return render_page(options, lambda page: _print(comparison, page, top))


def _print(comparison: Comparison, page: Page, top: int) -> None:
    page.line(title(comparison), "bold", hang=2)
    layout = _Layout.choose([pair_cells(pair, page.dash) for pair in comparison.pairs], page)
    for name, pairs in variant_groups(comparison):
        page.blank()
        page.line(name, "bold", hang=2)
        _print_grid(pairs, page, layout)
        for pair in pairs:
            for style, remark in pair_remarks(pair):
                page.line(remark, style, indent=INDENT, hang=2)
        _print_parts(pairs, page, top)
    page.blank()
    for sentence in findings(comparison):
        page.line(f"* {sentence}", "", hang=2)
    page.blank()
    for note in comparison.notes:
        page.line(f"Note: {note}", "yellow", hang=2)
    page.line(reading_help(comparison), "dim", hang=2)


@dataclass(frozen=True, slots=True)
class _Layout:
    """The columns that there is room for, the same in all grids of a comparison."""

    name_width: int
    widths: dict[str, int]
    """In terminal columns, of the figures that are shown, in order."""
    left_out: tuple[str, ...]
    """Figures that stand on a line of their own under each row."""

    @classmethod
    def choose(cls, rows: Sequence[PairCells], page: Page) -> _Layout:
        """The widest layout that fits these rows."""
        used = [field for field in _FIGURES if any(getattr(row, field) for row in rows)]
        names = max((cell_len(page.plain(row.scenario)) for row in rows), default=0)
        names = max(names, len(_HEADERS["scenario"]))
        for fields in _LAYOUTS:
            widths = {field: _width(rows, field) for field in fields if field in used}
            left = page.width - INDENT - sum(widths.values()) - GAP * len(widths)
            if left >= min(names, _LEAST_NAME):
                break
        return cls(max(1, min(names, left)), widths, tuple(field for field in used if field not in widths))


def _print_grid(pairs: Sequence[ScenarioPair], page: Page, layout: _Layout) -> None:
    rows = [pair_cells(pair, page.dash) for pair in pairs]
    columns = [Column(_HEADERS["scenario"], layout.name_width, "left")]
    columns += [Column(_HEADERS[field], width) for field, width in layout.widths.items()]
    grid = Grid(columns)
    for row in rows:
        name = Cell(break_name(page.plain(row.scenario), layout.name_width), "bold")
        grid.add_row([name, *(_cell(row, field) for field in layout.widths)])
    if not layout.left_out:
        page.lines(grid.lines())
        return
    page.lines(grid.header_lines())
    for number, row in enumerate(rows):
        page.lines(grid.row_lines(number))
        page.line(_second_line(row, layout.left_out), "dim", indent=INDENT + 2, hang=2)


def _width(rows: Sequence[PairCells], field: str) -> int:
    return max(*(len(part) for part in _HEADERS[field].split("\n")), *(cell_len(getattr(row, field)) for row in rows))


def _cell(row: PairCells, field: str) -> Cell:
    text: str = getattr(row, field)
    style = ""
    match field:
        case "verdict":
            style = _STYLES.get(text, "")
        case "compressed" | "uncompressed":
            style = {"+": "red", "-": "green"}.get(text[:1], "")
        case "steps" if text.startswith("-"):
            style = "red"
        case "steps" if text.startswith("+"):
            style = "green"
        case "interval":
            style = "dim"
    return Cell(text, style)


def _second_line(row: PairCells, fields: Sequence[str]) -> str:
    told = ((_HEADERS[field].replace("-\n", "").replace("\n", " "), getattr(row, field)) for field in fields)
    return "; ".join(f"{name} {text}" for name, text in told if text)


def _print_parts(pairs: Sequence[ScenarioPair], page: Page, top: int) -> None:
    for scenarios, parts, others in attributed(pairs, top):
        page.blank()
        page.line(f"where the uncompressed bytes come from: {scenarios}", "", indent=INDENT, hang=2)
        rows = [(Cell(part.kind, "dim"), Cell(part.delta, _delta_style(part.delta)), Cell(part.text)) for part in parts]
        fields = (Field("", "left"), Field(""), Field("", "left", least_width=8))
        print_rows(page, fields, rows)
        if others:
            page.line(f"and {others} more", "dim", indent=INDENT + 2)


def _delta_style(delta: str) -> str:
    return {"+": "red", "-": "green"}.get(delta[:1], "")
