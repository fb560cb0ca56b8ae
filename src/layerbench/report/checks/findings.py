"""What a CI shows of a check: each thing that does not hold, with its rule, its severity and the line to look at."""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from layerbench.analysis.checks.models import (
    BudgetOutcome,
    BudgetStatus,
    CheckReport,
    ExpectationOutcome,
    Place,
    WasteFinding,
)
from layerbench.report.printable import printable
from layerbench.units import format_bytes

Severity = Literal["error", "warning", "note"]
Kind = Literal["build", "budget", "expectation", "waste"]
P = TypeVar("P", Place, Place | None)

_BUDGET_SEVERITIES: dict[BudgetStatus, Severity] = {
    "ok": "note",
    "warning": "warning",
    "regression": "error",
    "not-measured": "note",
}
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold, is not known or could be spared. Its texts hold no control characters."""

    kind: Kind
    rule: str
    """Such as `budget/compressed_bytes` or `waste/pip-cache`."""
    severity: Severity
    title: str
    lines: tuple[str, ...]
    """The sentence, then what explains it, a line each."""
    place: Place
    fingerprint: str
    """The same as long as it is the same finding, whatever its figures."""
    is_measured: bool = True
    """False where the run did not measure what was asked for."""

    @property
    def line(self) -> int:
        """Line to show it at, from 1."""
        return self.place.line or 1


def findings(report: CheckReport) -> tuple[Finding, ...]:
    """All of a report, the gravest first; within a severity builds, budgets, expectations, waste, in its order."""
    found = sorted(_all(report), key=lambda one: _ORDER[one.severity])
    seen: Counter[str] = Counter()
    numbered = []
    for one in found:
        seen[one.fingerprint] += 1
        # Two alike, such as a budget that warns and one that fails, have to stay two.
        number = str(seen[one.fingerprint])
        numbered.append(replace(one, fingerprint=_fingerprint(one.fingerprint, number)))
    return tuple(numbered)


def located(report: CheckReport, folder: str) -> CheckReport:
    """The report with places relative to another folder, such as the repository's.

    Args:
        report: Its places are relative to the bench file's folder.
        folder: The bench file's folder as seen from the other one, with `/`; "" where it is the same.
    """
    return replace(
        report,
        budgets=tuple(replace(one, place=_below(folder, one.place)) for one in report.budgets),
        expectations=tuple(replace(one, place=_below(folder, one.place)) for one in report.expectations),
        waste=tuple(replace(one, place=_below(folder, one.place)) for one in report.waste),
        bench_file=_below(folder, Place(report.bench_file, None)).path,
    )


def unique_names(names: Iterator[str]) -> Iterator[str]:
    """The names, repeated ones with a number behind them: CIs keep a test's history by its name."""
    taken: set[str] = set()
    for name in names:
        unique, number = name, 1
        while unique in taken:
            number += 1
            unique = f"{name} ({number})"
        taken.add(unique)
        yield unique


def _all(report: CheckReport) -> Iterator[Finding]:
    # Most CIs show nothing that has no file.
    elsewhere = Place(report.bench_file, None)
    for failure in report.failures:
        yield _finding("build", "build/failed", "error", "A build failed", (failure,), elsewhere, failure)
    for budget in report.budgets:
        # What the check was asked to leave unjudged is nothing to point at, on every push.
        if budget.outcome != "ok" and not budget.lacks_baseline:
            yield _budget(budget, elsewhere)
    for expectation in report.expectations:
        if expectation.outcome != "confirmed":
            yield _expectation(expectation, elsewhere)
    yield from (_waste(waste, elsewhere) for waste in report.waste)


def _budget(budget: BudgetOutcome, elsewhere: Place) -> Finding:
    what = "not measured" if budget.outcome == "not-measured" else budget.outcome
    return _finding(
        "budget",
        f"budget/{budget.metric}",
        _BUDGET_SEVERITIES[budget.outcome],
        f"{what}: {budget.key}",
        (budget.sentence, *budget.causes),
        budget.place or elsewhere,
        f"{budget.key} {budget.level}",
        is_measured=budget.outcome != "not-measured",
    )


def _expectation(expectation: ExpectationOutcome, elsewhere: Place) -> Finding:
    is_measured = expectation.outcome == "refuted"
    severity: Severity = "note" if not is_measured else "error" if expectation.level == "fail" else "warning"
    return _finding(
        "expectation",
        "expectation/refuted",
        severity,
        f"{'refuted' if is_measured else 'not measured'}: {expectation.claim}",
        (expectation.evidence, f"condition: {expectation.condition}"),
        expectation.place or elsewhere,
        f"{expectation.claim} {expectation.condition}",
        is_measured=is_measured,
    )


def _waste(waste: WasteFinding, elsewhere: Place) -> Finding:
    bytes_ = format_bytes(waste.uncompressed_bytes)
    said = f"{waste.variant}: {bytes_} of {waste.kind} that the image could do without, from {waste.instruction}"
    return _finding(
        "waste",
        f"waste/{waste.kind}",
        "note" if waste.optional else "warning",
        f"waste: {waste.kind} in {waste.variant}, {bytes_}",
        (said, waste.mend),
        waste.place or elsewhere,
        f"{waste.variant} {waste.instruction}",
    )


def _finding(
    kind: Kind,
    rule: str,
    severity: Severity,
    title: str,
    lines: tuple[str, ...],
    place: Place,
    identity: str,
    *,
    is_measured: bool = True,
) -> Finding:
    shown = replace(place, path=printable(place.path))
    return Finding(
        kind,
        printable(rule),
        severity,
        printable(title),
        tuple(printable(line) for line in lines),
        shown,
        _fingerprint(rule, identity, shown.path),
        is_measured,
    )


def _fingerprint(*parts: str) -> str:
    # The line is not part of it: a line that was put in above makes no new finding.
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _below(folder: str, place: P) -> P:
    return replace(place, path=posixpath.normpath(posixpath.join(folder, place.path))) if place else place
