"""SARIF 2.1.0, for code scanning: broken budgets, and waste at the line that makes it.

Failed builds and budgets that were not measured are notifications of the run: they are no place in the code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from layerbench import __version__
from layerbench.analysis.checks.models import CheckReport
from layerbench.report.checks.findings import Finding, findings

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "layerbenchFinding/v1"
"""Code scanning keeps an alert's history by it."""


def render(report: CheckReport) -> str:
    """The report as SARIF, in ASCII."""
    every = findings(report)
    results = [one for one in every if one.kind in {"budget", "waste"} and one.is_measured]
    notified = [one for one in every if one.kind == "build" or (one.kind == "budget" and not one.is_measured)]
    rules = {one.rule: one for one in reversed(results)}
    names = sorted(rules)
    driver = {
        "name": "layerbench",
        "version": __version__,
        "rules": [_rule(rules[name]) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": not report.failures, "toolExecutionNotifications": _notifications(notified)}
        ],
        "results": [_result(one, names) for one in results],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    what = finding.rule.partition("/")[2]
    if finding.kind == "waste":
        short = f"The image holds {what} that it could do without."
        level, tags = finding.severity, ["size", "waste"]
    else:
        short = f"A budget on {what} is broken."
        level, tags = "error", ["budget"]
    return {
        "id": finding.rule,
        "shortDescription": {"text": short},
        "fullDescription": {"text": short},
        "help": {"text": finding.lines[-1] if finding.kind == "waste" else "See the budgets of the bench file."},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": tags},
    }


def _result(finding: Finding, rules: Sequence[str]) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.severity,
        "message": {"text": _message(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(finding.place.path), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": finding.line},
                }
            }
        ],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
    }


def _notifications(some: Iterable[Finding]) -> list[dict[str, Any]]:
    return [{"level": one.severity, "message": {"text": _message(one)}} for one in some]


def _message(finding: Finding) -> str:
    # "[text](target)" would be shown as a link.
    return "\n".join(finding.lines).replace("](", "] (")


def _uri(path: str) -> str:
    """The path as a relative reference: a first part with ":" in it would be taken for a scheme."""
    return quote(path.removeprefix("./"), safe="/-._~!$&'()*+,;=@")
