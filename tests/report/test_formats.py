from __future__ import annotations

import csv
import dataclasses
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from layerbench.analysis.figures import scenario_tables
from layerbench.report import csv_rows, json_figures, markdown
from layerbench.report.interface import FORMATS, Options, reporter
from layerbench.results.models import Result
from tests.report import examples
from tests.results import factory, strategies

STEPS = Options(steps=True)


@pytest.mark.parametrize("steps", [False, True])
def test_markdown(steps: bool, snapshot: SnapshotAssertion) -> None:
    assert markdown.render(examples.damaged(), Options(steps=steps)) == snapshot


def test_markdown_of_hostile_names(snapshot: SnapshotAssertion) -> None:
    text = markdown.render(examples.hostile(), STEPS)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    html = "".join(token.content for token in tokens if token.type.startswith("html"))
    assert "<b>" not in html
    assert "<i>" not in html
    inline = [child for token in tokens for child in token.children or []]
    assert {child.content for child in inline if child.type == "html_inline"} <= {
        "<code>",
        "</code>",
        "<sub>",
        "</sub>",
    }
    assert not [child for child in inline if child.type in {"link_open", "image", "em_open"}]
    assert text == snapshot


def test_markdown_tables_have_the_same_cells_in_every_row() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.render(examples.hostile(), STEPS))
    rows: list[int] = []
    tables = 0
    for token in tokens:
        match token.type:
            case "table_open":
                tables, rows = tables + 1, []
            case "tr_open":
                rows.append(0)
            case "th_open" | "td_open":
                rows[-1] += 1
            case "table_close":
                assert len(set(rows)) == 1
    assert tables == 4


def test_json(snapshot: SnapshotAssertion) -> None:
    plans = [factory.plan("naive"), factory.plan("multi")]
    result = factory.fail(factory.result(plans, factory.SCENARIOS[:2]), "multi", "cold", (1,))
    assert json_figures.render(result, STEPS) == snapshot


def test_json_holds_the_figures_of_the_analysis() -> None:
    result = examples.damaged()
    figures = json.loads(json_figures.render(result, STEPS))
    tables = scenario_tables(result)
    assert [one["scenario"] for one in figures["scenarios"]] == [table.scenario for table in tables]
    for shown, table in zip(figures["scenarios"], tables, strict=True):
        for one, row in zip(shown["variants"], table.rows, strict=True):
            assert one["variant"] == row.variant
            assert one["wall_ratio"] == row.wall_ratio
            assert (one["wall_seconds"] or {}).get("median") == (row.wall_seconds and row.wall_seconds.median)
    assert [table["variant"] for table in figures["steps"]] == [plan.name for plan in factory.WEB]
    assert figures["complete"] is False
    assert len(figures["alarms"]) == 4


def test_json_keys_are_the_documented_ones() -> None:
    figures = json.loads(json_figures.render(examples.damaged(), STEPS))
    documented = json_figures.__doc__ or ""

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for one in value.values() for key in keys(one)}
        if isinstance(value, list):
            return {key for one in value for key in keys(one)}
        return set()

    as_in_the_result_file = set(figures["machine"]) | set(figures["builder"])
    missing = {key for key in keys(figures) - as_in_the_result_file if f"`{key}" not in documented}
    assert missing == set()


def _rows(text: str) -> list[dict[str, str]]:
    assert "\n" not in text.replace("\r\n", "")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_a_build() -> None:
    result = examples.damaged()
    rows = _rows(csv_rows.render(result, Options()))
    assert len(rows) == len(result.builds)
    assert tuple(rows[0]) == csv_rows.BUILD_COLUMNS
    for row, build in zip(rows, result.builds, strict=True):
        assert (row["variant"], row["scenario"], int(row["round"])) == (build.variant, build.scenario, build.round)
        assert float(row["wall_seconds"]) == build.wall_seconds
        assert row["invalid"] == (build.invalid or "")
        if build.outcome == "failed":
            assert row["cached_steps"] == row["compressed_bytes"] == ""
            assert row["error"].endswith("ended with exit code 1: ERROR: no such index")
        else:
            assert build.image is not None
            assert int(row["compressed_bytes"]) == build.image.compressed_bytes
            assert int(row["cached_steps"]) == sum(step.cached is True for step in build.steps)


def test_csv_with_steps_has_a_row_a_step() -> None:
    result = examples.damaged()
    rows = _rows(csv_rows.render(result, STEPS))
    assert tuple(rows[0]) == csv_rows.STEP_COLUMNS
    assert len(rows) == sum(len(build.steps) for build in result.builds)
    assert {row["cached"] for row in rows if row["instruction"].startswith("FROM ")} == {""}
    assert {row["cached"] for row in rows if not row["instruction"].startswith("FROM ")} == {"true", "false"}


def test_csv_columns_are_the_documented_ones() -> None:
    documented = " ".join((csv_rows.__doc__ or "").split())
    assert f"Columns of a build: {', '.join(csv_rows.BUILD_COLUMNS)}." in documented
    assert f"Columns of a step: {', '.join(csv_rows.STEP_COLUMNS)}." in documented


def test_csv_quotes_what_has_to_be_quoted_and_writes_control_characters_out() -> None:
    result = factory.result([dataclasses.replace(factory.plan("naive"), name='a,"b"\n\x1b[1m')], rounds=1)
    text = csv_rows.render(result, Options())
    assert "\x1b" not in text
    assert {row["variant"] for row in _rows(text)} == {r'a,"b"\n\x1b[1m'}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=30)
@given(strategies.result())
def test_any_result_in_any_format(result: Result) -> None:
    for name in FORMATS:
        if name in ("html", "svg", "badge"):
            continue  # these draw, or are of one variant: tests/report/html and tests/report/svg
        for options in (Options(), STEPS):
            assert reporter(name).render(result, options).endswith("\n")
    figures = json.loads(json_figures.render(result, STEPS))
    assert figures["format_version"] == json_figures.FORMAT_VERSION
    assert len(_rows(csv_rows.render(result, Options()))) == len(result.builds)
