"""A check for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from layerbench.analysis.checks.models import BudgetOutcome, CheckReport, ExpectationOutcome, Place
from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.grid import Cell
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, render_page
from layerbench.report.printable import printable
from layerbench.units import format_bytes, format_seconds

_STYLES = {
    "ok": "green",
    "confirmed": "green",
    "warning": "yellow",
    "not-measured": "yellow",
    "regression": "red",
    "refuted": "red",
}
_FIELDS = (
    Field("", "left"),
    Field("budget", "left", 20),
    Field("value"),
    Field("baseline"),
    Field("limit", "left"),
)
_MARGIN = INDENT + 2


def render(report: CheckReport, options: Options) -> str:
    """The report as text; the verdict's line is its last and is never wrapped."""
    body = render_page(options, lambda page: _print(page, report))
    return f"{body}{printable(report.verdict_line, ascii_only=options.ascii_only)}\n"


def _print(page: Page, report: CheckReport) -> None:
    if report.failures:
        _title(page, "Failed")
        for failure in report.failures:
            page.line(failure, "red", indent=INDENT, hang=2)
        page.blank()
    if report.budgets:
        _title(page, "Budgets")
        rows = [_budget_row(one) for one in report.budgets]
        print_rows(page, _FIELDS, rows, lambda at: _below_budget(report.budgets[at]))
        page.blank()
    if report.expectations:
        _title(page, "Expectations")
        for one in report.expectations:
            _expectation(page, one)
        page.blank()
    if report.waste:
        _waste(page, report)
        page.blank()
    for note in report.notes:
        page.line(f"Note: {note}", "dim", hang=2)
    if report.notes:
        page.blank()


def _title(page: Page, text: str) -> None:
    page.line(text, "bold")


def _budget_row(one: BudgetOutcome) -> tuple[Cell, ...]:
    return (
        Cell(one.outcome, _STYLES[one.outcome]),
        Cell(one.key),
        Cell(_figure(one.value, one.unit)),
        Cell(_figure(one.baseline, one.unit)),
        Cell(one.limit),
    )


def _below_budget(one: BudgetOutcome) -> Iterator[tuple[str, str]]:
    if one.outcome == "ok":
        return
    yield f"{one.sentence}{_at(one.place)}", ""
    for cause in one.causes:
        yield cause, "dim"


def _expectation(page: Page, one: ExpectationOutcome) -> None:
    level = " (warns only)" if one.outcome == "refuted" and one.level == "warn" else ""
    page.line(f"{one.outcome}{level}: {one.claim}", _STYLES[one.outcome], indent=INDENT, hang=2)
    shown = _at(one.place) if one.outcome == "refuted" else ""
    page.line(f"{one.evidence}{shown}", "dim" if one.outcome == "confirmed" else "", indent=_MARGIN, hang=2)


def _waste(page: Page, report: CheckReport) -> None:
    _title(page, "Waste that could be spared")
    totals: dict[tuple[str, str], int] = {}
    for one in report.waste:
        if not one.optional:
            totals[one.variant, one.kind] = totals.get((one.variant, one.kind), 0) + one.uncompressed_bytes
    for (variant, kind), count in sorted(totals.items(), key=lambda pair: -pair[1]):
        page.line(f"{variant}: {format_bytes(count)} of {kind}", indent=INDENT, hang=2)


def _figure(value: float | None, unit: Literal["bytes", "seconds", "count"]) -> str:
    if value is None:
        return ""
    if unit == "count":
        return f"{value:g}"
    return format_bytes(value) if unit == "bytes" else format_seconds(value)


def _at(place: Place | None) -> str:
    if place is None:
        return ""
    return f" ({place.path}:{place.line})" if place.line else f" ({place.path})"
