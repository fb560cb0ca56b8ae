"""GitHub: annotations at the Dockerfile's lines, the job's summary, and the body of a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from layerbench.analysis.checks.models import BudgetOutcome, CheckReport, ExpectationOutcome, Verdict
from layerbench.report.checks.findings import Finding, findings
from layerbench.report.printable import markdown_code, markdown_table, markdown_text, printable
from layerbench.units import format_bytes, format_seconds

MARKER = "<!-- layerbench: check -->"
"""The first line of a comment, by which the workflow that posts it finds the earlier one."""

COMMENT_CHARACTERS = 65_536
SUMMARY_BYTES = 1_000_000
"""GitHub refuses what is longer; of a summary it allows 1 MiB a step."""
ANNOTATIONS = 10
"""GitHub shows as many of each severity and step."""

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_HEADINGS: dict[Verdict, str] = {
    "ok": "✅ within all budgets",
    "warning": "⚠️ passed, with warnings",
    "regression": "❌ a budget is broken",
    "refuted": "❌ an expectation is refuted",
    "error": "❌ a build failed",
}
_MARKS = {
    "ok": "✅",
    "confirmed": "✅",
    "warning": "⚠️",
    "regression": "❌",
    "refuted": "❌",
    "not-measured": "not measured",
}
_LONGEST = 200
_ROWS = (200, 50, 20, 5, 1)


def render(report: CheckReport) -> str:
    """The report as annotations: workflow commands that the job prints to its log, one a line."""
    return "".join(f"{line}\n" for line in _annotations(findings(report)))


def summary(report: CheckReport) -> str:
    """The report as Markdown for the job's summary."""
    return _fitting(report, "", SUMMARY_BYTES)


def comment(report: CheckReport) -> str:
    """The body of a comment; `MARKER` is its first line."""
    return _fitting(report, f"{MARKER}\n", COMMENT_CHARACTERS)


def _annotations(found: Sequence[Finding]) -> Iterator[str]:
    for severity, group in groupby(found, key=lambda one: one.severity):
        some = list(group)
        command = _COMMANDS[severity]
        shown = some if len(some) <= ANNOTATIONS else some[: ANNOTATIONS - 1]
        yield from (_annotation(command, one) for one in shown)
        if len(shown) < len(some):
            left = len(some) - len(shown)
            yield f"::{command} title=layerbench::and {left} more; the job's summary has them all"


def _annotation(command: str, finding: Finding) -> str:
    properties = {"file": finding.place.path.removeprefix("./"), "line": str(finding.line), "title": finding.title}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{command} {said}::{_data(chr(10).join(finding.lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _fitting(report: CheckReport, head: str, limit: int) -> str:
    """As many rows as fit. Sections and their ends stay whole, so that nothing that follows is swallowed."""
    for rows in _ROWS:
        text = head + "".join(f"{line}\n" for line in _lines(report, rows))
        if len(text.encode("utf-8", "backslashreplace")) <= limit:
            return text
    return f"{head}{_heading(report)}\n"


def _heading(report: CheckReport) -> str:
    return f"## layerbench: {_HEADINGS[report.verdict]}"


def _lines(report: CheckReport, rows: int) -> Iterator[str]:
    yield _heading(report)
    yield from ("", f"{_code(report.verdict_line)}")
    yield from _list([f"**failed**: {_text(failure)}" for failure in report.failures], rows)
    broken = [one for one in report.budgets if one.outcome in {"regression", "warning"}]
    yield from _list([_broken(one) for one in broken], rows)
    refuted = [one for one in report.expectations if one.outcome == "refuted"]
    yield from _list([f"{_mark(one)} {_text(one.claim)}: {_text(one.evidence)}" for one in refuted], rows)
    headers = ("", "budget", "value", "baseline", "limit")
    yield from _table(f"Budgets: {len(report.budgets)}", headers, [_budget(one) for one in report.budgets], 2, rows)
    expectations = [(_mark(one), _text(one.claim), _text(one.evidence)) for one in report.expectations]
    title = f"Expectations: {len(expectations)}"
    yield from _table(title, ("", "claim", "evidence"), expectations, 3, rows)
    waste = [
        (
            _code(one.variant),
            _text(f"{one.kind} (optional)" if one.optional else one.kind),
            _code(one.instruction),
            _text(one.mend),
            format_bytes(one.uncompressed_bytes),
        )
        for one in report.waste
    ]
    total = format_bytes(sum(one.uncompressed_bytes for one in report.waste if not one.optional))
    headers = ("variant", "waste", "instruction", "mend", "uncompressed")
    yield from _table(f"Waste: {total} in all variants", headers, waste, 4, rows)
    yield from _list([f"Note: {_text(note)}" for note in report.notes], rows)


def _mark(one: ExpectationOutcome) -> str:
    return _MARKS["warning" if one.outcome == "refuted" and one.level == "warn" else one.outcome]


def _broken(budget: BudgetOutcome) -> str:
    causes = "".join(f"<br>{_text(cause)}" for cause in budget.causes[:5])
    return f"{_MARKS[budget.outcome]} {_text(budget.sentence)}{causes}"


def _budget(budget: BudgetOutcome) -> tuple[str, ...]:
    return (
        _MARKS[budget.outcome],
        _code(budget.key),
        _figure(budget, budget.value),
        _figure(budget, budget.baseline),
        _text(budget.limit),
    )


def _figure(budget: BudgetOutcome, value: float | None) -> str:
    if value is None:
        return ""
    match budget.unit:
        case "bytes":
            return format_bytes(value)
        case "seconds":
            return format_seconds(value)
        case "count":
            return f"{value:g}"


def _list(items: Sequence[str], rows: int) -> Iterator[str]:
    if items:
        yield ""
        yield from (f"- {item}" for item in _cut_list(items, rows))


def _cut_list(items: Sequence[str], rows: int) -> Iterable[str]:
    return items if len(items) <= rows else (*items[:rows], f"and {len(items) - rows} more")


def _table(title: str, headers: Sequence[str], cells: Sequence[Sequence[str]], left: int, rows: int) -> Iterator[str]:
    if not cells:
        return
    yield from ("", f"<details><summary>{markdown_text(title)}</summary>", "")
    yield from markdown_table(headers, cells[:rows], left)
    if len(cells) > rows:
        yield from ("", f"and {len(cells) - rows} more")
    yield from ("", "</details>")


def _text(text: str) -> str:
    return markdown_text(_cut(text))


def _code(text: str) -> str:
    return markdown_code(_cut(text))


def _cut(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
