from __future__ import annotations

import csv
import json
import re

from layerbench.report.interface import Options
from layerbench.report.trend import lines_csv, lines_html, lines_json, lines_table
from layerbench.report.trend.apart import told_apart
from tests.report.trend.lines import line

EARLIER, LATER = line(1, 2, 12), line(13, 20, definition="d2")
OPTIONS = Options(width=110, color_system=None, ascii_only=False)


def test_lines_of_other_names_need_no_word() -> None:
    assert told_apart([line(1), line(2, bench="api")]) == {}


def test_another_definition_is_told_with_its_day() -> None:
    assert told_apart([EARLIER, LATER]) == {
        EARLIER.key: "until 2026-03-12, an earlier definition in the bench file",
        LATER.key: "since 2026-03-13, the newest definition in the bench file",
    }


def test_of_conditions_what_differs_is_told() -> None:
    large = line(3, conditions="x86_64, 8 CPUs, 32 GB; docker driver, containerd store")
    assert told_apart([EARLIER, large]) == {EARLIER.key: "x86_64, 2 CPUs, 8 GB", large.key: "x86_64, 8 CPUs, 32 GB"}


def test_where_both_differ_both_are_told() -> None:
    other = line(20, definition="d2", conditions="aarch64, 2 CPUs, 8 GB; docker driver, containerd store")
    assert told_apart([EARLIER, other])[other.key] == (
        "since 2026-03-20, the newest definition in the bench file; aarch64, 2 CPUs, 8 GB"
    )


def test_the_table_says_it_below_each_row_and_the_bench_where_there_are_several() -> None:
    told = lines_table.render((LATER, EARLIER), OPTIONS).splitlines()
    assert "bench" not in told[2]
    assert [row.strip() for row in told if "definition" in row] == [
        "since 2026-03-13, the newest definition in the bench file",
        "until 2026-03-12, an earlier definition in the bench file",
    ]
    told = lines_table.render((line(1), line(2, bench="api")), OPTIONS).splitlines()
    assert [row.split()[0] for row in told if row.startswith("  ")] == ["bench", "web", "api"]


def test_the_page_says_both_in_its_headings() -> None:
    page = lines_html.render((EARLIER, LATER, line(5, bench="api")))
    headings = [re.sub("<[^>]+>", "", one) for one in re.findall(r"<h2.*?</h2>", page)]
    assert headings == [
        "web: multi, cold: time (until 2026-03-12, an earlier definition in the bench file)",
        "web: multi, cold: time (since 2026-03-13, the newest definition in the bench file)",
        "api: multi, cold: time",
    ]
    assert re.findall(r"<h2.*?</h2>", lines_html.render((EARLIER,))) == [
        '<h2 id="line-1"><bdi>multi, cold: time</bdi></h2>'
    ]
    regions = re.findall(r'role="region" aria-label="([^"]+)"', page)
    assert len(set(regions)) == len(regions) == 6


def test_json_and_csv_have_the_definition() -> None:
    found = json.loads(lines_json.render((EARLIER, LATER)))["lines"]
    assert [one["definition"] for one in found] == ["d1", "d2"]
    assert found[0]["told_apart_by"].startswith("until 2026-03-12")
    assert json.loads(lines_json.render((EARLIER,)))["lines"][0]["told_apart_by"] is None
    rows = csv.DictReader(lines_csv.render((EARLIER, LATER)).splitlines())
    assert [row["definition"] for row in rows] == ["d1"] * 3 + ["d2"] * 2


def test_csv_has_no_control_character_of_others() -> None:
    evil = "\x1b[2J\u202e"
    fields = {"commit": evil, "branch": evil, "committed_at": evil, "started_at": evil}
    text = lines_csv.render((line(1, bench=evil, definition=evil, conditions=evil, **fields),))
    assert "\x1b" not in text
    assert "\u202e" not in text
    [row] = csv.DictReader(text.splitlines())
    assert {row[name] for name in ("bench", *fields)} == {r"\x1b[2J\u202e"}
