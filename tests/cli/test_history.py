from __future__ import annotations

import csv
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.results.file import read_result, write_result
from tests.cli.process import layerbench
from tests.history import factory

FLAT = {number: {} for number in range(1, 5)}
GROWN = {number: {"growth_bytes": 2_500_000} for number in range(5, 9)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    results = tmp_path / "results"
    results.mkdir()
    for number, changes in (FLAT | GROWN).items():
        factory.write(results, number, **changes)
    return tmp_path


def history(folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return layerbench("history", *arguments, folder=folder, COLUMNS="110", LC_ALL="C.UTF-8", **environment)


def filled(folder: Path) -> Path:
    done = history(folder, "import", "results")
    assert (done.returncode, done.stdout) == (0, "")
    assert "added 8 runs" in done.stderr
    return folder / ".layerbench" / "history.sqlite"


def test_a_planted_growth_is_told_with_its_commit(folder: Path) -> None:
    filled(folder)
    done = history(folder, "trend", "--metric", "compressed_bytes", "--scenario", "cold")
    assert (done.returncode, done.stderr) == (0, "")
    assert "8 runs: the level changed in 1 of 1 line." in done.stdout
    [told] = [line for line in done.stdout.splitlines() if "+2.5 MB" in line]
    assert factory.commit_id(5)[:10] in told


def test_flat_lines_say_so(folder: Path) -> None:
    for number in GROWN:
        (folder / "results" / f"{number:03}.json").unlink()
    history(folder, "import", "results")
    done = history(folder, "trend")
    assert re.search(r"4 runs: no level changed in \d+ lines", done.stdout)


def test_json_and_csv_have_every_point(folder: Path) -> None:
    filled(folder)
    lines = json.loads(history(folder, "trend", "--json", "--metric", "uncompressed_bytes").stdout)["lines"]
    assert [line["scenario"] for line in lines] == ["cold"]
    assert all(len(line["points"]) == 8 for line in lines)
    assert {change["commit"] for line in lines for change in line["changes"]} == {factory.commit_id(5)}
    rows = list(csv.DictReader(history(folder, "trend", "--format", "csv").stdout.splitlines()))
    changed = [row for row in rows if row["level_changed"] == "true" and row["metric"] == "uncompressed_bytes"]
    assert {row["commit"] for row in changed} == {factory.commit_id(5)}


def test_the_page_stands_alone_and_escapes_names(folder: Path) -> None:
    factory.write(folder / "results", 9, branch="<script>alert(1)</script>")
    history(folder, "import", "results")
    done = history(folder, "trend", "--format", "html", "--branch", "*", "-o", "trend.html")
    assert done.returncode == 0
    page = (folder / "trend.html").read_text()
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=", page)
    assert factory.commit_id(5)[:10] in page
    assert page.count("<svg") == page.count("<table")


def test_runs_of_another_branch_are_on_no_line_unless_asked_for(folder: Path) -> None:
    factory.write(folder / "results", 9, branch="feature", growth_bytes=9_000_000)
    history(folder, "import", "results")
    shown = history(folder, "trend", "--json", "--metric", "compressed_bytes")
    assert "runs of main, of 2 branches" in shown.stderr
    assert {len(line["points"]) for line in json.loads(shown.stdout)["lines"]} == {8}
    wrong = history(folder, "trend", "--branch", "nowhere")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "main, feature" in wrong.stderr


def test_add_twice_list_show_prune(folder: Path) -> None:
    filled(folder)
    again = history(folder, "add", folder / "results" / "001.json")
    assert "added 0 runs" in again.stderr
    assert "1 was there already" in again.stderr
    listed = json.loads(history(folder, "list", "--json").stdout)
    assert [one["commit"] for one in listed] == [factory.commit_id(number) for number in range(1, 9)]
    assert factory.commit_id(8)[:10] in history(folder, "list").stdout
    shown = json.loads(history(folder, "show", factory.commit_id(3)[:8], "--json").stdout)
    assert shown["commit"] == factory.commit_id(3)
    assert {"seconds", "compressed_bytes"} <= {figure["metric"] for figure in shown["figures"]}
    assert "single" in history(folder, "show").stdout
    assert len(history(folder, "prune", "--keep", "3", "--dry-run").stdout.splitlines()) == 5
    assert "took 5 runs" in history(folder, "prune", "--keep", "3").stderr
    assert len(json.loads(history(folder, "list", "--json").stdout)) == 3


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("add", "none.json"), "none.json"),
        (("trend",), "history add"),
        (("show", "abc"), "history add"),
        (("import", "nowhere"), "no folder"),
        (("prune",), "--keep"),
        (("list", "--history", "results"), "is a folder"),
        (("add", "-"), "name a file"),
    ],
)
def test_what_is_wrong_is_one_sentence(folder: Path, arguments: tuple[str, ...], word: str) -> None:
    done = history(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cause_is_looked_up_only_in_files_that_are_as_they_were(folder: Path) -> None:
    results = folder / "results"
    for number in GROWN:  # another base from the fifth commit on
        whole = read_result(results / f"{number:03}.json")
        bases = (replace(whole.bases[0], digest="sha256:" + "d4" * 32),)
        write_result(replace(whole, bases=bases), results / f"{number:03}.json")
    filled(folder)
    trend = ("trend", "--metric", "compressed_bytes", "--scenario", "cold")
    assert "base image python:3.12-slim changed" in " ".join(history(folder, *trend).stdout.split())
    changed = results / "005.json"
    changed.write_bytes(changed.read_bytes() + b"\n")
    done = history(folder, *trend)
    assert done.returncode == 0
    assert factory.commit_id(5)[:10] in done.stdout
    assert "base image" not in done.stdout


def test_git_passes_over_the_default_history(folder: Path) -> None:
    filled(folder)
    assert (folder / ".layerbench" / ".gitignore").read_text() == "*\n"


def test_a_date_that_is_none_is_said(folder: Path) -> None:
    filled(folder)
    done = history(folder, "trend", "--since", "soon")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no date" in done.stderr
