"""The table and the JSON of a check, and the registry of all formats."""

from __future__ import annotations

import json

import pytest

from layerbench.report.checks import baseline_table
from layerbench.report.checks.interface import CHECK_FORMATS, CheckFormat, render
from layerbench.report.interface import Options
from tests.analysis.checks.sources import committed
from tests.report.checks import reports
from tests.results import factory

RESULT = factory.result()


def _table(report: reports.CheckReport, **options: object) -> list[str]:
    return render(report, "table", Options(**options), RESULT).splitlines()  # type: ignore[arg-type]


@pytest.mark.parametrize("format_name", CHECK_FORMATS)
@pytest.mark.parametrize("report", [reports.good(), reports.mixed(), reports.failed(), reports.hostile()])
def test_every_format_is_there_and_ends_with_a_line_break(
    format_name: CheckFormat, report: reports.CheckReport
) -> None:
    text = render(report, format_name, Options(), RESULT)
    assert not text or text.endswith("\n")
    assert "\x1b" not in text


def test_the_last_line_of_the_table_is_the_verdict() -> None:
    for report in (reports.good(), reports.mixed(), reports.failed()):
        assert _table(report, width=40)[-1] == report.verdict_line


def test_the_table_says_all_that_does_not_hold() -> None:
    lines = _table(reports.mixed(), width=200)
    text = "\n".join(lines)
    for part in (
        "regression    compressed_bytes[multi]",
        "python uvicorn 0.52.0 -> 0.53.0: +1.2 MB",
        "(multi.Dockerfile:4)",
        "refuted: multi-stage is smaller",
        "refuted (warns only): a cache mount spares the download",
        "not-measured: a touched file builds nothing",
        "single-pip-cache: 3.4 MB of pip-cache",
        "Note: The base python:3.12-slim was substituted.",
    ):
        assert part in text
    assert "Failed" not in text
    assert "no such index" in "\n".join(_table(reports.failed()))


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_the_table_keeps_figures_whole_and_needs_no_unicode(width: int) -> None:
    lines = _table(reports.mixed(), width=width, ascii_only=True)
    assert all(line.isascii() for line in lines)
    assert sum("122.1 MB" in line for line in lines) >= 3


def test_other_peoples_text_stays_text() -> None:
    text = "\n".join(_table(reports.hostile(), width=100))
    assert not any(character in text for character in "\x1b\r\u202e")
    assert "\\x1b[31m" in text


def test_json_has_everything() -> None:
    report = reports.mixed()
    document = json.loads(render(report, "json", Options(), RESULT))
    assert list(document) == [
        "format_version",
        "verdict",
        "verdict_line",
        "budgets",
        "expectations",
        "waste",
        "failures",
        "notes",
    ]
    assert (document["format_version"], document["verdict"]) == (1, "regression")
    assert document["budgets"][1] == {
        "key": "compressed_bytes[multi]",
        "metric": "compressed_bytes",
        "unit": "bytes",
        "variant": "multi",
        "scenario": None,
        "step": None,
        "level": "fail",
        "outcome": "regression",
        "value": 122_100_000,
        "baseline": 109_700_000,
        "limit": "+5% and +1 MB",
        "sentence": report.budgets[1].sentence,
        "causes": ["python uvicorn 0.52.0 -> 0.53.0: +1.2 MB"],
        "place": {"path": "multi.Dockerfile", "line": 4},
        "lost_steps": None,
        "lacks_baseline": False,
    }
    assert [one["outcome"] for one in document["expectations"]] == ["confirmed", "refuted", "refuted", "not-measured"]
    assert set(document["expectations"][0]) == {"claim", "condition", "outcome", "evidence", "level", "place"}
    assert len(document["waste"]) == len(report.waste)


def test_a_baseline_is_shown_by_variant() -> None:
    lines = baseline_table.render(committed().figures, Options()).splitlines()
    assert lines[0] == "web, linux/amd64, compressed as a pull transfers it"
    assert "multi" in lines
    row = next(line.split() for line in lines if line.strip().startswith("edit-source"))
    assert row == ["edit-source", "107.2", "MB", "288.6", "MB", "5", "0", "B", "1", "of", "3"]
