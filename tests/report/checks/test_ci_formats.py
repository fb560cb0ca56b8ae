from __future__ import annotations

import dataclasses
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from lxml import etree
from markdown_it import MarkdownIt
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from layerbench.analysis.checks.models import CheckReport, Place
from layerbench.analysis.figures import scenario_tables
from layerbench.report.checks import findings, github, gitlab, junit, openmetrics, sarif
from layerbench.report.printable import printable
from tests.report import examples
from tests.report.checks import reports
from tests.results import factory

SCHEMAS = Path(__file__).parent / "schemas"
SARIF_SCHEMA = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text())
JUNIT_SCHEMA = etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd"))
CODE_QUALITY_SCHEMA = {
    # What GitLab's documentation of the report asks for.
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)[^/]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}

ALL = {
    "good": reports.good(),
    "mixed": reports.mixed(),
    "failed": reports.failed(),
    "hostile": reports.hostile(),
    "large": reports.large(40),
    "empty": reports.report(),
}
every_report = pytest.mark.parametrize("report", ALL.values(), ids=ALL.keys())
WILD = st.text(st.characters(codec="utf-8")) | st.text("a:%,#\"'\\\n\r]>&<|`[(){}=@ \x00\x1b\ufffe\ud800", max_size=30)


# What is shown


def test_findings_are_the_gravest_first_and_leave_out_what_holds() -> None:
    found = findings.findings(reports.mixed())
    assert [one.severity for one in found] == ["error"] * 3 + ["warning"] * 4 + ["note"] * 3
    assert [one.rule for one in found] == [
        *("budget/compressed_bytes", "budget/seconds", "expectation/refuted"),
        *("budget/compressed_bytes", "budget/waste", "expectation/refuted", "waste/pip-cache"),
        *("budget/layer_bytes", "expectation/refuted", "waste/tests"),
    ]
    assert findings.findings(reports.good()) == ()


def test_fingerprints_stay_with_other_figures_and_lines_and_are_of_one_finding_each() -> None:
    before, after = reports.mixed(), reports.mixed()
    moved = dataclasses.replace(
        after,
        budgets=tuple(
            dataclasses.replace(
                one, value=1.0, sentence="other", causes=(), place=one.place and Place(one.place.path, 90)
            )
            for one in after.budgets
        ),
        waste=tuple(dataclasses.replace(one, uncompressed_bytes=1) for one in after.waste),
    )
    prints = [one.fingerprint for one in findings.findings(before)]
    assert prints == [one.fingerprint for one in findings.findings(moved)]
    assert len(set(prints)) == len(prints)
    twice = reports.report("regression", budgets=(reports.budget("regression"),) * 2)
    assert len({one.fingerprint for one in findings.findings(twice)}) == 2


def test_places_can_be_told_from_another_folder() -> None:
    report = findings.located(reports.mixed(), "sample_app/web")
    paths = {one.place.path for one in findings.findings(report)}
    assert paths == {
        "sample_app/web/multi.Dockerfile",
        "sample_app/web/single-pip-cache.Dockerfile",
        "sample_app/web/layerbench.toml",
    }
    failed = findings.findings(findings.located(reports.failed(), "sample_app/web"))
    assert failed[0].place == Place("sample_app/web/layerbench.toml", None)
    outside = reports.report(budgets=(reports.budget(place=Place("../Dockerfile", 2)),))
    assert findings.located(outside, "docker/bench").budgets[0].place == Place("docker/Dockerfile", 2)
    assert findings.located(outside, "").budgets[0].place == Place("../Dockerfile", 2)


# JUnit


@every_report
def test_junit_keeps_to_the_schema_and_its_counts_are_right(report: CheckReport) -> None:
    text = junit.render(report)
    JUNIT_SCHEMA.assertValid(etree.fromstring(text.encode()))
    read = JUnitXml.fromstring(text.encode())
    suites = list(read)
    assert [suite.name for suite in suites] == ["budgets", "expectations", "builds"]
    for suite in suites:
        stated = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        assert stated == (suite.tests, suite.failures, suite.errors, suite.skipped)
        names = [(case.classname, case.name) for case in suite]
        assert len(set(names)) == len(names)


def test_junit_says_what_became_of_each() -> None:
    budgets, expectations, builds = JUnitXml.fromstring(junit.render(reports.mixed()).encode())
    kinds = [[type(result) for result in case.result] for case in budgets]
    assert kinds == [[], [Failure], [], [Failure], [], [], [Skipped]]
    assert [[type(result) for result in case.result] for case in expectations] == [[], [Failure], [], [Skipped]]
    assert [[type(result) for result in case.result] for case in builds] == [[]]
    broken = list(budgets)[1]
    assert (broken.classname, broken.name) == ("budgets.multi", "compressed_bytes[multi] +5% and +1 MB (2)")
    assert broken.result[0].message.startswith("compressed_bytes[multi] is 122.1 MB")
    assert broken.result[0].text.splitlines()[1:] == [
        "python uvicorn 0.52.0 -> 0.53.0: +1.2 MB",
        "multi.Dockerfile:4",
    ]
    assert "122.1 MB" in list(budgets)[2].system_out
    _, _, builds = JUnitXml.fromstring(junit.render(reports.failed()).encode())
    assert [[type(result) for result in case.result] for case in builds] == [[Error], [Error]]


@given(WILD)
def test_junit_is_xml_whatever_stands_in_it(text: str) -> None:
    root = etree.fromstring(junit.render(reports.hostile(text)).encode())
    shown = root.find(".//testcase[@classname='builds']/error").get("message")
    assert shown == re.sub("[\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", printable(text))


# SARIF


@every_report
def test_sarif_keeps_to_the_schema(report: CheckReport) -> None:
    log = json.loads(sarif.render(report))
    jsonschema.Draft4Validator(SARIF_SCHEMA).validate(log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    assert rules == sorted({result["ruleId"] for result in run["results"]})


def test_the_schema_is_able_to_refuse() -> None:
    log = json.loads(sarif.render(reports.mixed()))
    log["runs"][0]["results"][0]["level"] = "grave"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SARIF_SCHEMA).validate(log)


def test_sarif_tells_of_waste_and_budgets_with_place_and_fingerprint() -> None:
    (run,) = json.loads(sarif.render(findings.located(reports.mixed(), "sample_app/web")))["runs"]
    shown = [
        (
            result["ruleId"],
            result["level"],
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for result in run["results"]
    ]
    assert shown == [
        ("budget/compressed_bytes", "error", "sample_app/web/multi.Dockerfile", 4),
        ("budget/seconds", "error", "sample_app/web/layerbench.toml", 1),
        ("budget/compressed_bytes", "warning", "sample_app/web/multi.Dockerfile", 4),
        ("budget/waste", "warning", "sample_app/web/multi.Dockerfile", 4),
        ("waste/pip-cache", "warning", "sample_app/web/single-pip-cache.Dockerfile", 5),
        ("waste/tests", "note", "sample_app/web/layerbench.toml", 1),
    ]
    assert all(
        re.fullmatch("[0-9a-f]{64}", result["partialFingerprints"][sarif.FINGERPRINT]) for result in run["results"]
    )
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    assert [one["level"] for one in invocation["toolExecutionNotifications"]] == ["note"]
    (run,) = json.loads(sarif.render(reports.failed()))["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [one["level"] for one in invocation["toolExecutionNotifications"]] == ["error", "error"]
    assert run["results"] == []


def test_sarif_of_hostile_text_has_no_link_and_paths_are_relative_references() -> None:
    (run,) = json.loads(sarif.render(reports.hostile()))["runs"]
    for result in run["results"]:
        assert not re.search(r"\]\(", result["message"]["text"])
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w%./~!$&'()*+,;=@-]+", uri, re.ASCII)


# GitHub


def _commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The log's lines as GitHub's runner reads them."""
    read = []
    for line in text.splitlines():
        assert line.startswith("::"), line
        head, _, data = line[2:].partition("::")
        command, _, properties = head.partition(" ")
        values = dict(one.split("=", 1) for one in properties.split(",") if one)
        for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            values = {name: value.replace(code, sign) for name, value in values.items()}
        for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            data = data.replace(code, sign)
        read.append((command, values, data))
    return read


@every_report
def test_annotations_are_commands_with_a_place(report: CheckReport) -> None:
    found = findings.findings(report)
    commands = _commands(github.render(report))
    assert len(commands) == len(found) if len(found) <= github.ANNOTATIONS else True
    for command, values, data in commands:
        assert command in {"error", "warning", "notice"}
        assert data
        if "file" in values:
            assert int(values["line"]) >= 1


def test_annotations_say_file_line_title_and_causes() -> None:
    commands = _commands(github.render(reports.mixed()))
    assert [command for command, _, _ in commands] == ["error"] * 3 + ["warning"] * 4 + ["notice"] * 3
    assert commands[0] == (
        "error",
        {"file": "multi.Dockerfile", "line": "4", "title": "regression: compressed_bytes[multi]"},
        "compressed_bytes[multi] is 122.1 MB, +12.4 MB (+11.3%) on the baseline's 109.7 MB.\n"
        "python uvicorn 0.52.0 -> 0.53.0: +1.2 MB",
    )
    assert github.render(reports.good()) == ""


def test_no_more_annotations_than_are_shown() -> None:
    commands = [command for command, _, _ in _commands(github.render(reports.large(40)))]
    assert {name: commands.count(name) for name in commands} == {"error": 10, "warning": 10}
    assert "and 71 more" in github.render(reports.large(40))


@given(WILD)
def test_annotations_carry_any_text(text: str) -> None:
    report = reports.report("error", failures=(text,), budgets=(reports.budget("regression", place=Place(text, 7)),))
    failure, budget = _commands(github.render(report))
    assert failure[2] == printable(text) or not text
    assert budget[1]["file"] == printable(text).removeprefix("./")
    assert budget[1]["line"] == "7"


def _tables(markdown: str) -> list[list[int]]:
    """The number of cells of each row of each table."""
    tables: list[list[int]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        match token.type:
            case "table_open":
                tables.append([])
            case "tr_open":
                tables[-1].append(0)
            case "th_open" | "td_open":
                tables[-1][-1] += 1
    return tables


@every_report
@pytest.mark.parametrize("write", [github.summary, github.comment])
def test_markdown_holds_only_our_own_markup(report: CheckReport, write: Callable[[CheckReport], str]) -> None:
    text = write(report)
    assert all(len(set(rows)) == 1 for rows in _tables(text))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or []]
    assert not [child for child in inline if child.type in {"link_open", "image", "em_open"}]
    html = [child.content for child in inline if child.type == "html_inline"]
    assert set(html) <= {"<code>", "</code>", "<br>"}
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"<!--.*-->|</details>|<details><summary>[^<]*</summary>", block) for block in blocks)
    opened = sum(block.startswith("<details>") for block in blocks)
    assert opened == blocks.count("</details>")


def test_summary_shows_verdict_causes_and_tables() -> None:
    text = github.summary(reports.mixed())
    assert text.startswith("## layerbench: ❌ a budget is broken\n\n`verdict: regression compressed_bytes[multi]")
    assert "python uvicorn 0.52.0" in text
    assert [len(rows) for rows in _tables(text)] == [8, 5, 3]
    assert "3.4 MB" in text
    assert "| ❌ | multi-stage is smaller |" in text
    assert "| ⚠️ | a cache mount spares the download |" in text
    assert "seconds[multi, edit-deps]` | 12.4 s | 8.10 s | 10 s |" in text
    assert "Note: The base python:3.12-slim was substituted." in text


def test_the_comment_begins_with_its_marker_and_fits() -> None:
    for report in (*ALL.values(), reports.large()):
        text = github.comment(report)
        assert text.startswith(f"{github.MARKER}\n## layerbench: ")
        assert text.count(github.MARKER) == 1
        assert len(text) <= github.COMMENT_CHARACTERS
    assert len(github.summary(reports.large()).encode()) <= github.SUMMARY_BYTES
    assert "more" in github.comment(reports.large())


def test_no_text_of_others_can_forge_the_marker() -> None:
    assert github.comment(reports.hostile(github.MARKER)).count(github.MARKER) == 1


# GitLab


@every_report
def test_code_quality_keeps_to_gitlabs_form(report: CheckReport) -> None:
    issues = json.loads(gitlab.code_quality(report))
    jsonschema.Draft202012Validator(CODE_QUALITY_SCHEMA).validate(issues)
    assert len(issues) == len(findings.findings(report))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert gitlab.render(report) == gitlab.code_quality(report)


def test_code_quality_says_severity_and_place() -> None:
    issues = json.loads(gitlab.code_quality(reports.mixed()))
    assert [issue["severity"] for issue in issues] == ["major"] * 3 + ["minor"] * 4 + ["info"] * 3
    assert issues[0]["location"] == {"path": "multi.Dockerfile", "lines": {"begin": 4}}
    assert issues[0]["description"].startswith("regression: compressed_bytes[multi]: compressed_bytes[multi] is")
    assert [issue["severity"] for issue in json.loads(gitlab.code_quality(reports.failed()))] == ["blocker"] * 2


def _gitlab_metrics(text: str) -> dict[str, str]:
    """The report as GitLab reads it: cut at "#", split as a shell does, the first two words."""
    read = {}
    for line in text.splitlines():
        words = shlex.split(re.sub("#.*$", "", line))
        if words:
            name, value, *more = words
            assert not more
            assert name not in read
            read[name] = value
    return read


@every_report
def test_gitlab_metrics_are_openmetrics_and_what_gitlab_reads(report: CheckReport) -> None:
    text = gitlab.metrics(report)
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    read = _gitlab_metrics(text)
    assert sorted(float(value) for value in read.values()) == sorted(sample.value for sample in samples)


def test_gitlab_metrics_say_each_figure_once() -> None:
    assert _gitlab_metrics(gitlab.metrics(reports.mixed())) == {
        "layerbench_compressed_bytes{variant=multi}": "122100000",
        "layerbench_seconds{variant=multi,scenario=edit-deps}": "12.4",
        "layerbench_waste_bytes{variant=multi}": "3420000",
        "layerbench_cached_steps{variant=multi,scenario=edit-source}": "4",
        "layerbench_refuted_expectations": "2",
    }


@given(WILD)
def test_gitlab_metrics_of_any_text(text: str) -> None:
    read = _gitlab_metrics(gitlab.metrics(reports.hostile(text)))
    assert len(read) == 2


# OpenMetrics


def _families(text: str) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_openmetrics_hold_the_figures_of_the_analysis() -> None:
    result = examples.damaged()
    families = _families(openmetrics.render(reports.mixed(), result))
    wall = {
        (one.labels["variant"], one.labels["scenario"]): one.value
        for one in families["layerbench_wall_seconds"].samples
    }
    compressed = {
        (one.labels["variant"], one.labels["scenario"]): one.value
        for one in families["layerbench_compressed_bytes"].samples
    }
    tables = scenario_tables(result)
    rows = [(table.scenario, row) for table in tables for row in table.rows]
    assert wall == {(row.variant, scenario): row.wall_seconds.median for scenario, row in rows if row.wall_seconds}
    assert compressed == {
        (row.variant, scenario): row.compressed_bytes.median for scenario, row in rows if row.compressed_bytes
    }
    cached = {
        (one.labels["variant"], one.labels["scenario"]): one.value
        for one in families["layerbench_cached_steps"].samples
    }
    assert cached == {(row.variant, scenario): row.steps.cached_least for scenario, row in rows if row.steps}
    failed = [one.value for one in families["layerbench_builds"].samples if one.labels["outcome"] == "failed"]
    assert sum(failed) == sum(build.outcome == "failed" for build in result.builds)


def test_openmetrics_state_units_and_steps_and_the_verdict() -> None:
    plans = [factory.plan("naive"), factory.plan("multi")]
    text = openmetrics.render(reports.mixed(), factory.result(plans))
    assert text.endswith("\n# EOF\n")
    families = _families(text)
    for name, family in families.items():
        unit = next((unit for unit in ("seconds", "bytes", "ratio") if name.endswith(f"_{unit}")), "")
        assert family.unit == unit
        assert family.documentation
    steps = {
        one.labels["instruction"]: one.value
        for one in families["layerbench_step_cached_ratio"].samples
        if (one.labels["variant"], one.labels["scenario"]) == ("naive", "edit-source")
    }
    assert steps == {"WORKDIR /app": 1, "COPY . .": 0, "RUN pip install -r requirements.txt": 0}
    lines = {one.labels["line"] for one in families["layerbench_step_seconds"].samples}
    assert "4" in lines
    verdicts = {one.labels["verdict"]: one.value for one in families["layerbench_check_verdict"].samples}
    assert verdicts == {"ok": 0, "warning": 0, "regression": 1, "refuted": 0, "error": 0}
    broken = {
        (one.labels["metric"], one.labels["level"]): one.value for one in families["layerbench_budget_broken"].samples
    }
    assert broken[("compressed_bytes", "fail")] == broken[("compressed_bytes", "warn")] == 1
    assert broken[("cached_steps", "fail")] == 0
    assert ("layer_bytes", "fail") not in broken
    (info,) = families["layerbench_run"].samples
    assert info.labels["engine_version"] == "28.5.2"
    (started,) = families["layerbench_run_started_timestamp_seconds"].samples
    assert started.value == 1_769_085_296


def test_openmetrics_of_waste_add_up_to_what_a_budget_is_about() -> None:
    families = _families(openmetrics.render(reports.mixed(), factory.result([factory.plan("naive")])))
    waste = {one.labels["kind"]: one.value for one in families["layerbench_waste_bytes"].samples}
    assert waste == {"pip-cache": 3_420_000}  # tests are a matter of taste


def test_a_budget_that_only_lacks_a_baseline_is_nothing_to_point_at() -> None:
    left = dataclasses.replace(reports.budget("not-measured", causes=(), baseline=None), lacks_baseline=True)
    assert findings.findings(reports.report(budgets=(left,))) == ()
    assert len(findings.findings(reports.report(budgets=(dataclasses.replace(left, lacks_baseline=False),)))) == 1


@pytest.mark.parametrize("report", [reports.hostile(), reports.report()])
def test_openmetrics_of_hostile_names_can_be_parsed(report: CheckReport) -> None:
    result = examples.hostile()
    families = _families(openmetrics.render(report, result))
    named = {one.labels["variant"] for one in families["layerbench_builds"].samples}
    assert named == {printable(variant.name) for variant in result.bench.variants}


@given(WILD)
def test_openmetrics_carry_any_text(text: str) -> None:
    plan = dataclasses.replace(factory.plan("naive"), name=text)
    result = factory.result([plan], factory.SCENARIOS[:1], rounds=1)
    families = _families(openmetrics.render(reports.hostile(text), result))
    (wall,) = families["layerbench_wall_seconds"].samples
    assert wall.labels["variant"] == printable(text)


def test_openmetrics_leave_out_what_was_not_measured() -> None:
    result = dataclasses.replace(factory.result([factory.plan("naive")], rounds=1), builds=(), started_at="once")
    families = _families(openmetrics.render(reports.report(), result))
    assert "layerbench_wall_seconds" not in families
    assert "layerbench_run_started_timestamp_seconds" not in families
    missing: list[Any] = [
        one.value for one in families["layerbench_builds"].samples if one.labels["outcome"] == "missing"
    ]
    assert missing == [1.0] * len(factory.SCENARIOS)
