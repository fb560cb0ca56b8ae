"""Impacts for a terminal: what a commit costs, then the files of each variant, then what could be left out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from layerbench.analysis.impact.models import Ignorable, Impact, VariantImpact
from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.grid import GAP, Cell, Column, Grid
from layerbench.report.impact.words import (
    READING_HELP,
    EffectCells,
    commit_cells,
    commit_sentence,
    effect_cells,
    ignorable_lines,
    ignorable_text,
    ignore_files,
    worst_files,
)
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, render_page

_NAMED_FILES = 6
_LEAST_ROOM = 24
_LEAST_WIDTH_FOR_ALL = 45


def render(impact: Impact, options: Options, *, top: int) -> str:
    """The impact as text.

    Args:
        impact: what was found.
        options: width, colour and characters.
        top: rows of each variant.
    """
    return render_page(options, lambda page: _print(impact, page, top))


def _print(impact: Impact, page: Page, top: int) -> None:
    _print_commits(impact, page)
    for variant in impact.variants:
        _print_variant(variant, page, top)
    _print_ignorable(impact, page)
    for note in impact.notes:
        page.line(f"Note: {note}", "yellow", hang=2)
    page.line(READING_HELP, "dim", hang=2)


def _print_commits(impact: Impact, page: Page) -> None:
    rows = commit_cells(impact, page.dash)
    if not rows:
        return
    page.line("what a commit costs", "bold")
    has_room = page.width >= _LEAST_WIDTH_FOR_ALL
    fields = (
        Field("variant", "left", least_width=6),
        Field("rebuild"),
        Field("redeploy"),
        *([Field("run a step")] if has_room else []),
    )
    cells = [
        [
            Cell(row.variant, "bold green" if at == 0 else ""),
            Cell(row.seconds),
            Cell(row.redeploy),
            *([Cell(row.touching)] if has_room else []),
        ]
        for at, row in enumerate(rows)
    ]
    costs = [one.commits for one in impact.variants if one.commits is not None]
    print_rows(page, fields, cells, lambda at: ((text, "dim") for text in (worst_files(costs[at]),) if text))
    page.line(commit_sentence(impact), "", hang=2)
    page.blank()


def _print_variant(variant: VariantImpact, page: Page, top: int) -> None:
    page.line(variant.variant, "bold", hang=2)
    rows = [effect_cells(effect, _NAMED_FILES, page.dash) for effect in variant.effects]
    if rows:
        _print_effects(rows[:top], page)
    if len(rows) > top:
        page.line(f"and {len(rows) - top} more", "dim", indent=INDENT)
    for note in variant.notes:
        page.line(f"Note: {note}", "yellow", indent=INDENT, hang=2)
    page.blank()


def _print_effects(rows: Sequence[EffectCells], page: Page) -> None:
    headers = {"seconds": "seconds", "redeploy": "redeploy", "count": "files"}
    widths = {name: max(len(header), *(len(getattr(row, name)) for row in rows)) for name, header in headers.items()}
    room = page.width - INDENT - sum(widths.values()) - GAP * (len(widths) + 1)
    files = min(max(cell_len(page.plain(row.files)) for row in rows), room // 2)
    if room < _LEAST_ROOM:
        for row in rows:
            page.line(f"{row.seconds}, {row.redeploy}: {row.files}", "", indent=INDENT, hang=2)
            page.line(f"runs again: {row.steps}", "dim", indent=INDENT * 2, hang=2)
        return
    columns = [Column(header, widths[name]) for name, header in headers.items()]
    grid = Grid([*columns, Column("", files, "left"), Column("runs again", room - files, "left")])
    for row in rows:
        figures = [Cell(getattr(row, name)) for name in headers]
        grid.add_row([*figures, Cell(page.wrap(row.files, files)), Cell(page.wrap(row.steps, room - files), "dim")])
    page.lines(grid.lines())


def _print_ignorable(impact: Impact, page: Page) -> None:
    found = ignorable_lines(impact)
    if not found:
        return
    for ignore_file in ignore_files(impact):
        page.line(f"copied into the image, and could be left out by a line in {ignore_file}", "bold", hang=2)
        _print_lines([pair for pair in found if pair[0].ignore_file == ignore_file], len(impact.variants), page)
        page.blank()


def _print_lines(found: Sequence[tuple[Ignorable, tuple[str, ...]]], variants: int, page: Page) -> None:
    fields = (Field("line", "left", least_width=12), Field("what it leaves out", "left", least_width=16))
    rows = [[Cell(one.line), Cell(ignorable_text(one, copying, variants), "dim")] for one, copying in found]
    print_rows(page, fields, rows, lambda at: ((f"careful: {warning}", "yellow") for warning in found[at][0].warnings))
