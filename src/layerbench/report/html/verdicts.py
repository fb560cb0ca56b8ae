"""Budgets and expectations with their evidence."""

from __future__ import annotations

from dataclasses import dataclass

from layerbench.analysis.checks.models import BudgetOutcome, CheckReport, Place
from layerbench.units import format_bytes, format_seconds

_MARKS = {"ok": "✓", "confirmed": "✓", "warning": "!", "not-measured": "?", "regression": "✗", "refuted": "✗"}
_CLASSES = {
    "ok": "good",
    "confirmed": "good",
    "warning": "warn",
    "not-measured": "warn",
    "regression": "bad",
    "refuted": "bad",
}


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """A budget or an expectation."""

    outcome: str
    mark: str
    class_: str
    name: str
    evidence: str
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All of a check."""

    line: str
    class_: str
    rows: tuple[VerdictRow, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]


def verdicts(report: CheckReport) -> Verdicts:
    """The check, what does not hold first."""
    rows = [_budget(one) for one in report.budgets]
    for one in report.expectations:
        class_ = "warn" if one.outcome == "refuted" and one.level == "warn" else _CLASSES[one.outcome]
        level = ("does not fail the check",) if class_ == "warn" and one.outcome == "refuted" else ()
        place = (_at(one.place),) if one.place and class_ != "good" else ()
        details = (f"condition: {one.condition}", *level, *place)
        rows.append(VerdictRow(one.outcome, _MARKS[one.outcome], class_, one.claim, one.evidence, details))
    order = {"bad": 0, "warn": 1, "good": 2}
    rows.sort(key=lambda row: order[row.class_])
    class_ = {"ok": "good", "warning": "warn"}.get(report.verdict, "bad")
    return Verdicts(report.verdict_line, class_, tuple(rows), report.failures, report.notes)


def _budget(one: BudgetOutcome) -> VerdictRow:
    figures = f"{_figure(one.value, one.unit)}, limit {one.limit}"
    if one.baseline is not None:
        figures += f", baseline {_figure(one.baseline, one.unit)}"
    details = (*(one.causes if one.outcome != "ok" else ()), *((_at(one.place),) if one.outcome != "ok" else ()))
    evidence = figures if one.outcome == "ok" else one.sentence
    return VerdictRow(
        one.outcome, _MARKS[one.outcome], _CLASSES[one.outcome], one.key, evidence, tuple(filter(None, details))
    )


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "not measured"
    return f"{value:g}" if unit == "count" else format_bytes(value) if unit == "bytes" else format_seconds(value)


def _at(place: Place | None) -> str:
    if place is None:
        return ""
    return f"{place.path}:{place.line}" if place.line else place.path
