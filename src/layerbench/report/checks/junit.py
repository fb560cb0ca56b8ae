"""JUnit XML, which almost every CI reads: a suite of budgets, one of expectations and one of builds.

A regression and a refuted expectation are failures, a failed build is an error, what was not measured is skipped. A
warning passes, with its sentence as output: JUnit has no word for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from layerbench.analysis.checks.models import BudgetOutcome, CheckReport, ExpectationOutcome
from layerbench.report.checks.findings import unique_names
from layerbench.report.printable import printable

Tag = Literal["failure", "error", "skipped"]

_LONGEST_NAME = 200
# Two characters that XML 1.0 forbids although they are no control characters.
_NOT_IN_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class _Case:
    classname: str
    name: str
    problem: Tag | None
    kind: str
    message: str
    details: tuple[str, ...] = ()


def render(report: CheckReport) -> str:
    """The report as JUnit XML."""
    suites = {
        "budgets": [_budget(budget) for budget in report.budgets],
        "expectations": [_expectation(one) for one in report.expectations],
        "builds": _builds(report.failures),
    }
    cases = [case for some in suites.values() for case in some]
    root = ElementTree.Element("testsuites", {"name": "layerbench", **_counts(cases)})
    for name, some in suites.items():
        suite = ElementTree.SubElement(
            root, "testsuite", {"name": name, **_counts(some), "skipped": _count(some, "skipped")}
        )
        for case, unique in zip(some, unique_names(case.name for case in some), strict=True):
            _add(suite, case, unique)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _add(suite: ElementTree.Element, case: _Case, name: str) -> None:
    element = ElementTree.SubElement(suite, "testcase", {"classname": _text(case.classname), "name": name})
    if case.problem:
        attributes = {"type": case.kind, "message": _text(case.message)}
        inner = ElementTree.SubElement(element, case.problem, attributes)
    else:
        inner = ElementTree.SubElement(element, "system-out")
    inner.text = "\n".join(_text(line) for line in (case.message, *case.details))


def _budget(budget: BudgetOutcome) -> _Case:
    problem: Tag | None = None
    if budget.outcome == "regression":
        problem = "failure"
    elif budget.outcome == "not-measured":
        problem = "skipped"
    name = _text(f"{budget.key} {budget.limit}")[:_LONGEST_NAME]
    return _Case(
        f"budgets.{budget.variant}",
        name,
        problem,
        budget.outcome,
        budget.sentence,
        (*budget.causes, *_where(budget)),
    )


def _expectation(one: ExpectationOutcome) -> _Case:
    problem: Tag | None = None
    if one.outcome == "refuted" and one.level == "fail":
        problem = "failure"
    elif one.outcome == "not-measured":
        problem = "skipped"
    details = (f"condition: {one.condition}", *_where(one))
    return _Case("expectations", _text(one.claim)[:_LONGEST_NAME], problem, one.outcome, one.evidence, details)


def _builds(failures: Sequence[str]) -> list[_Case]:
    if not failures:
        return [_Case("builds", "all builds and smoke tests", None, "ok", "None failed.")]
    return [_Case("builds", _text(failure)[:_LONGEST_NAME], "error", "failed", failure) for failure in failures]


def _where(outcome: BudgetOutcome | ExpectationOutcome) -> tuple[str, ...]:
    if outcome.place is None:
        return ()
    return (f"{outcome.place.path}:{outcome.place.line}" if outcome.place.line else outcome.place.path,)


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    return {"tests": str(len(cases)), "failures": _count(cases, "failure"), "errors": _count(cases, "error")}


def _count(cases: Sequence[_Case], problem: Tag) -> str:
    return str(sum(case.problem == problem for case in cases))


def _text(text: str) -> str:
    """The text without what XML 1.0 has no way to say, which includes most control characters."""
    return _NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", printable(text))
