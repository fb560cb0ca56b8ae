"""Rows that fit the terminal: long instructions, paths and names are cut in their middle, figures never."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.text import Text

from layerbench.report.grid import GAP, Cell, Column, Grid
from layerbench.report.page import INDENT, Page


@dataclass(frozen=True, slots=True)
class Field:
    """A column before its width is known."""

    header: str
    justify: Literal["left", "right"] = "right"
    least_width: int | None = None
    """What it may be cut to; None where nothing of it may be lost."""


def print_rows(
    page: Page,
    fields: Sequence[Field],
    rows: Sequence[Sequence[Cell]],
    below: Callable[[int], Iterator[tuple[str, str]]] | None = None,
) -> None:
    """Print rows under their headers.

    Args:
        page: where.
        fields: the columns; without a single header there is no line of headers.
        rows: a cell a column; the text of a cell is what others wrote, made safe here.
        below: texts with their styles that stand under a row, on as many lines as they need.
    """
    plain = [[Cell(page.plain(cell.text), cell.style) for cell in row] for row in rows]
    widths = _widths(fields, plain, page.width - INDENT)
    ellipsis = "..." if page.ascii_only else "…"
    grid = Grid([Column(field.header, width, field.justify) for field, width in zip(fields, widths, strict=True)])
    for row in plain:
        grid.add_row(
            [
                cell if field.least_width is None else Cell(shorten(cell.text, width, ellipsis), cell.style)
                for field, cell, width in zip(fields, row, widths, strict=True)
            ]
        )
    if below is None:
        page.lines(grid.lines() if _has_headers(fields) else _all_rows(grid))
        return
    page.lines(grid.header_lines())
    for number in range(len(plain)):
        page.lines(grid.row_lines(number))
        for text, style in below(number):
            page.line(text, style, indent=INDENT + 2, hang=2)


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most so many terminal columns, with an ellipsis in place of its middle."""
    if cell_len(text) <= width:
        return text
    room = max(0, width - len(ellipsis))
    start = _start(text, room - room // 2)
    end = _start(text[::-1], room // 2)[::-1]
    return f"{start}{ellipsis}{end}"


def _start(text: str, width: int) -> str:
    """As much of the text as fits, from its start."""
    taken = 0
    for at, character in enumerate(text):
        taken += cell_len(character)
        if taken > width:
            return text[:at]
    return text


def _has_headers(fields: Sequence[Field]) -> bool:
    return any(field.header for field in fields)


def _all_rows(grid: Grid) -> Iterator[Text]:
    for number in range(len(grid.rows)):
        yield from grid.row_lines(number)


def _widths(fields: Sequence[Field], rows: Sequence[Sequence[Cell]], room: int) -> list[int]:
    """Each column as wide as its widest cell; where that is too much, the widest of those that may be cut give way."""
    widths = [
        max(cell_len(field.header), *(min(room, cell_len(row[at].text)) for row in rows), 0)
        for at, field in enumerate(fields)
    ]
    excess = sum(widths) + GAP * (len(fields) - 1) - room
    least = [field.least_width for field in fields]
    for _ in range(excess):
        shrinkable = [at for at, floor in enumerate(least) if floor is not None and widths[at] > floor]
        if not shrinkable:
            break
        widths[max(shrinkable, key=widths.__getitem__)] -= 1
    return widths
