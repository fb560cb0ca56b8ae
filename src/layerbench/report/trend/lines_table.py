"""Lines for a terminal: a row a line, and below it each commit at which its level changed."""

from __future__ import annotations

from collections.abc import Iterator

from layerbench.analysis.trend.models import Line, is_worse
from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.grid import Cell
from layerbench.report.interface import Options
from layerbench.report.page import Page, render_page
from layerbench.report.trend.apart import told_apart
from layerbench.report.trend.words import METRIC_NAMES, bench_names, figure_text, sentence, spark_text, summary

_SPARK_WIDTH = 20
_MOST_CHANGES = 5
_LEAST_NAME = 10


def render(lines: tuple[Line, ...], options: Options) -> str:
    """The lines as text, those that moved first."""
    return render_page(options, lambda page: _print(page, lines))


def _print(page: Page, lines: tuple[Line, ...]) -> None:
    has_benches = len(bench_names(lines)) > 1
    apart = told_apart(lines)
    page.line(summary(lines), "bold", hang=2)
    page.blank()
    fields = (
        *((Field("bench", "left", _LEAST_NAME),) if has_benches else ()),
        Field("variant", "left", _LEAST_NAME),
        Field("scenario", "left", _LEAST_NAME),
        Field("figure", "left"),
        Field("runs"),
        Field("first"),
        Field("last"),
        Field("", "left"),
    )
    rows = [_row(line, page, has_bench=has_benches) for line in lines]
    print_rows(page, fields, rows, lambda at: _below(lines[at], apart.get(lines[at].key)))
    told = {line.key.conditions for line in lines if line.key.metric == "seconds"}
    if len(told) > 1:
        page.blank()
        page.line(f"Times of {len(told)} kinds of machine or builder are on lines of their own.", "dim", hang=2)


def _row(line: Line, page: Page, *, has_bench: bool) -> tuple[Cell, ...]:
    key = line.key
    return (
        *((Cell(key.bench),) if has_bench else ()),
        Cell(key.variant),
        Cell(key.scenario),
        Cell(METRIC_NAMES[key.metric]),
        Cell(str(len(line.points))),
        Cell(figure_text(line.points[0].value, key.metric)),
        Cell(figure_text(line.points[-1].value, key.metric)),
        Cell(spark_text(line, _SPARK_WIDTH, ascii_only=page.ascii_only)),
    )


def _below(line: Line, apart: str | None) -> Iterator[tuple[str, str]]:
    """What tells the line from others of the same names, and its changes."""
    if apart:
        yield apart, "dim"
    yield from _changes(line)


def _changes(line: Line) -> Iterator[tuple[str, str]]:
    """The newest changes; the others are counted."""
    left_out = len(line.changes) - _MOST_CHANGES
    if left_out > 0:
        yield f"{left_out} earlier change{'s' if left_out > 1 else ''}", "dim"
    for change in line.changes[-_MOST_CHANGES:]:
        yield sentence(line, change), "red" if is_worse(line.key.metric, change) else "green"
