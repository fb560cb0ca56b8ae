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
        (("list",), "history add"),
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


def test_both_sides_of_one_comparison_are_kept_and_a_resumed_run_is_told(folder: Path) -> None:
    base = factory.run(9)
    assert base.revision is not None
    head = replace(base, revision=replace(base.revision, is_dirty=True))
    cut_short = replace(factory.run(10), complete=False)
    for name, result in (("base", base), ("head", head), ("cut", cut_short), ("whole", factory.run(10))):
        write_result(result, folder / f"{name}.json")
    done = history(folder, "add", "base.json", "head.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert "added 2 runs" in done.stderr
    assert [one["is_dirty"] for one in json.loads(history(folder, "list", "--json").stdout)] == [False, True]
    done = history(folder, "add", "cut.json", "whole.json")
    assert "added 2 runs" in done.stderr
    assert "1 of them in place of an earlier state" in done.stderr
    assert [one["complete"] for one in json.loads(history(folder, "list", "--json").stdout)] == [True] * 3


def test_import_tells_of_results_that_cannot_be_read_and_passes_over_other_json(folder: Path) -> None:
    results = folder / "results"
    content = (results / "001.json").read_text()
    (results / "newer.json").write_text(content.replace('"schema_version": 1', '"schema_version": 99'))
    (results / "short.json").write_text(content[:500])
    (results / "dated.json").write_text(content.replace("2026-03-02", "yesterday"))
    (results / "empty.json").touch()
    others = ("{}", "[1, 2]", "// no JSON", '{"schema_version": 1, "kind": "layerbench-baseline"}')
    for number, other in enumerate(others):
        (results / f"other-{number}.json").write_text(other)
    done = history(folder, "import", "results")
    assert (done.returncode, done.stdout) == (2, "")
    *said, summary = done.stderr.splitlines()
    assert [re.search(r"results/(\w+)", one)[1] for one in said] == ["dated", "empty", "newer", "short"]  # type: ignore[index]
    assert "added 8 runs" in summary
    assert "4 files could not be read, 4 files passed over that are no result" in summary


def test_trend_takes_the_branch_with_most_runs_of_that_bench(folder: Path) -> None:
    filled(folder)
    for number in (9, 10):
        other = factory.run(number, branch="release")
        write_result(replace(other, bench=replace(other.bench, name="api")), folder / f"{number}.json")
    history(folder, "add", "9.json", "10.json")
    done = history(folder, "trend", "--bench", "api", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert {len(one["points"]) for one in json.loads(done.stdout)["lines"]} == {2}
    for arguments, words in (
        (("--bench", "api", "--branch", "main"), ("main", "of the bench api", "it has release")),
        (("--bench", "nope"), ('"nope"', "api, web")),
        (("--branch", "release", "--variant", "nope"), ("of the branch release",)),
    ):
        done = history(folder, "trend", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert all(word in done.stderr for word in words), done.stderr
    told = history(folder, "trend", "--branch", "*").stdout
    assert re.search(r"^ +bench +variant", told, re.MULTILINE)
    assert re.search(r"^ +api +single", told, re.MULTILINE)


@pytest.mark.parametrize("has_another", [False, True])
def test_runs_without_a_branch_are_a_branch_of_their_own(folder: Path, *, has_another: bool) -> None:
    """Treated alike, however many branches there are: they may be of any."""
    filled(folder)
    for number in (9, 10):
        result = factory.run(number)
        assert result.revision is not None
        write_result(replace(result, revision=replace(result.revision, branch=None)), folder / f"{number}.json")
    if has_another:
        factory.write(folder, 11, branch="feature")
    history(folder, "import", ".")
    done = history(folder, "trend", "--json", "--metric", "compressed_bytes")
    branches = "2 branches" if has_another else "1 branch"
    assert f"runs of main, of {branches} and 2 runs without one; --branch '*' shows all" in done.stderr
    assert {len(one["points"]) for one in json.loads(done.stdout)["lines"]} == {8}
    done = history(folder, "trend", "--branch", "", "--json", "--metric", "compressed_bytes")
    assert {len(one["points"]) for one in json.loads(done.stdout)["lines"]} == {2}
    assert len(json.loads(history(folder, "list", "--branch", "", "--json").stdout)) == 2


def test_a_branch_that_is_none_and_every_branch_are_refused(folder: Path) -> None:
    filled(folder)
    for command in ("list", "trend"):
        done = history(folder, command, "--branch", "nope")
        assert (done.returncode, done.stdout) == (2, "")
        assert 'no run of the branch "nope"' in done.stderr
        assert "it has main" in done.stderr
    done = history(folder, "prune", "--branch", "*")
    assert (done.returncode, done.stdout) == (2, "")
    assert "every run" in done.stderr
    assert len(history(folder, "prune", "--branch", "*", "--keep", "3", "--dry-run").stdout.splitlines()) == 5


def test_letters_that_begin_several_commits_are_refused(folder: Path) -> None:
    for number in range(9, 18):
        factory.write(folder / "results", number)
    history(folder, "import", "results")
    firsts = [factory.commit_id(number)[0] for number in range(1, 18)]
    letter = next(one for one in firsts if 1 < firsts.count(one) <= 5)
    done = history(folder, "show", letter)
    assert (done.returncode, done.stdout) == (2, "")
    for number in range(1, 18):
        commit = factory.commit_id(number)
        assert (commit[:10] in done.stderr) == commit.startswith(letter)
    again = factory.run(3)  # the same commit, measured once more
    write_result(replace(again, started_at="2026-04-01T00:00:00+00:00"), folder / "again.json")
    history(folder, "add", "again.json")
    shown = json.loads(history(folder, "show", factory.commit_id(3)[:8], "--json").stdout)
    assert shown["started_at"] == "2026-04-01T00:00:00+00:00"


@pytest.mark.parametrize("command", ["list", "show", "trend"])
def test_no_answer_replaces_a_result_file_of_the_history(folder: Path, command: str) -> None:
    filled(folder)
    result = folder / "results" / "003.json"
    moved = folder / "moved.json"
    moved.write_bytes((folder / "results" / "004.json").read_bytes())
    for file in (result, moved):
        before = file.read_bytes()
        done = history(folder, command, "-o", file)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is a result file that the history was made of" in done.stderr
        assert file.read_bytes() == before
    for _ in range(2):  # what is no result may be written again
        assert history(folder, command, "-o", "answer.txt").returncode == 0


def test_a_step_that_came_in_is_the_cause_of_a_longer_time(folder: Path) -> None:
    """Two rounds a run decide nothing in a comparison; the line has claimed the change out of all runs."""
    for number in range(1, 17):
        whole = factory.run(number)
        builds = whole.builds
        if number > 8:
            builds = tuple(
                replace(
                    one,
                    wall_seconds=(one.wall_seconds or 0) + 15,
                    steps=(
                        *one.steps,
                        replace(one.steps[-1], instruction="RUN make docs", cached=False, seconds=15.0),
                    ),
                )
                for one in builds
            )
        write_result(replace(whole, builds=builds), folder / "results" / f"{number:03}.json")
    history(folder, "import", "results")
    done = history(folder, "trend", "--metric", "seconds", "--scenario", "cold")
    told = " ".join(done.stdout.split())
    assert factory.commit_id(9)[:10] in told
    assert "RUN make docs (15.0 s) is new" in told


def test_help_tells_the_exit_codes() -> None:
    for command in ("add", "import", "list", "show", "trend", "prune"):
        told = layerbench("history", command, "--help").stdout
        assert "Exit codes:" in told
