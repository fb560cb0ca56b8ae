"""GitLab: the code-quality report, and the metrics report that a merge request compares with its target branch."""

from __future__ import annotations

import json
import re
from typing import Any

from layerbench.analysis.checks.models import BudgetOutcome, CheckReport
from layerbench.report.checks.findings import Finding, findings
from layerbench.report.checks.metrics_text import Family, Sample, exposition, metric_name

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}
# GitLab cuts a line at "#" wherever it stands, and splits the rest as a shell does.
_NOT_IN_A_LABEL = re.compile(r"[^\w.,:/*?@=+ -]", re.ASCII)


def render(report: CheckReport) -> str:
    """The code-quality report; see `code_quality`."""
    return code_quality(report)


def code_quality(report: CheckReport) -> str:
    """All that does not hold as GitLab's code-quality report: JSON in ASCII."""
    return json.dumps([_issue(one) for one in findings(report)], indent=2) + "\n"


def metrics(report: CheckReport) -> str:
    """The budgets' figures as GitLab's metrics report: OpenMetrics text, each figure once."""
    families: dict[str, Family] = {}
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for budget in report.budgets:
        name, labels = metric_name(budget.metric, budget.unit), _labels(budget)
        if budget.value is None or (name, labels) in seen:
            continue
        seen.add((name, labels))
        unit = "" if budget.unit == "count" else budget.unit
        family = families.setdefault(name, Family(name, f"{_plain(budget.metric)} of the budgets.", unit))
        family.samples.append(Sample(labels, budget.value))
    return exposition([*families.values(), _refuted(report)])


def _issue(finding: Finding) -> dict[str, Any]:
    return {
        "type": "issue",
        "check_name": finding.rule,
        "description": f"{finding.title}: {' '.join(finding.lines)}",
        "severity": "blocker" if finding.kind == "build" else _SEVERITIES[finding.severity],
        "fingerprint": finding.fingerprint,
        "location": {"path": finding.place.path.removeprefix("./"), "lines": {"begin": finding.line}},
    }


def _labels(budget: BudgetOutcome) -> tuple[tuple[str, str], ...]:
    named = (("variant", budget.variant), ("scenario", budget.scenario), ("step", budget.step))
    return tuple((name, _plain(value)) for name, value in named if value)


def _refuted(report: CheckReport) -> Family:
    count = sum(one.outcome == "refuted" for one in report.expectations)
    return Family("layerbench_refuted_expectations", "Expectations that the run refutes.", "", [Sample((), count)])


def _plain(text: str) -> str:
    return _NOT_IN_A_LABEL.sub("_", text)
