from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.analysis.checks.figures import baseline_of
from layerbench.results.baseline import baseline_json, read_baseline
from layerbench.results.file import write_result
from tests.analysis.checks.sources import larger, other_edits, uncached
from tests.cli.process import layerbench
from tests.results import factory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_result(factory.result(), tmp_path / "result.json")
    return tmp_path


def _changed_lines(one: str, other: str) -> list[str]:
    before, after = one.splitlines(), other.splitlines()
    assert len(before) == len(after)
    return [line.strip(" ,") for pair in zip(before, after, strict=True) if pair[0] != pair[1] for line in pair]


def test_it_is_written_and_read_again(folder: Path) -> None:
    done = layerbench("baseline", "update", "result.json", folder=folder)
    assert (done.returncode, done.stdout) == (0, "")
    path = folder / "layerbench-baseline.json"
    assert read_baseline(path) == baseline_of(factory.result())
    document = json.loads(path.read_text())
    assert list(document)[:6] == [
        "kind",
        "schema_version",
        "bench",
        "platform",
        "image_store",
        "compressed_bytes_source",
    ]
    assert list(document["scenarios"]) == [scenario.name for scenario in factory.SCENARIOS]
    assert all(len(digest) == 12 for digest in document["scenarios"].values())
    assert list(document["variants"]) == [plan.name for plan in factory.WEB]
    edited = document["variants"]["single"]["edit-source"]
    assert edited["cached_steps"] == 3
    assert edited["steps"]["RUN pip install --no-cache-dir -r requirements.txt"] == "cached"
    assert "layer_compressed_bytes" not in edited
    assert "seconds" not in path.read_text()


def test_the_same_figures_make_the_same_file(folder: Path) -> None:
    again = replace(
        factory.change(factory.result(), "multi", "cold", (1, 2, 3), wall_seconds=99.0),
        started_at="2027-01-01T00:00:00+00:00",
        tool_version="9",
    )
    assert baseline_json(baseline_of(again)) == baseline_json(baseline_of(factory.result()))


def test_a_file_that_does_not_tell_its_edits_is_read_all_the_same(folder: Path) -> None:
    whole = baseline_of(factory.result())
    document = json.loads(baseline_json(whole))
    del document["scenarios"]
    (folder / "older.json").write_text(json.dumps(document, indent=2))
    assert read_baseline(folder / "older.json") == replace(whole, scenarios={})


def test_the_diff_of_a_changed_edit_is_one_line() -> None:
    before = baseline_json(baseline_of(factory.result()))
    after = baseline_json(baseline_of(other_edits(factory.result(), "edit-source")))
    assert [line.split(": ")[0] for line in _changed_lines(before, after)] == ['"edit-source"'] * 2


def test_its_diff_has_a_line_for_each_figure_that_changed() -> None:
    before = baseline_json(baseline_of(factory.result()))
    after = baseline_json(baseline_of(uncached("single", "edit-source", "pip install")))
    assert _changed_lines(before, after) == [
        '"cached_steps": 3',
        '"cached_steps": 2',
        '"RUN pip install --no-cache-dir -r requirements.txt": "cached"',
        '"RUN pip install --no-cache-dir -r requirements.txt": "ran"',
    ]
    grown = baseline_json(baseline_of(larger(1000)))
    layer = [line for line in _changed_lines(before, grown) if "/venv" in line]
    assert [line.split(": ")[1] for line in layer] == ["21900000", "21901000", "62400000", "62401000"]


def test_it_goes_where_it_is_told_and_replaces_only_its_own(folder: Path) -> None:
    done = layerbench("baseline", "update", "result.json", "-o", "b.json", folder=folder)
    assert (done.returncode, done.stderr) == (0, "layerbench: wrote b.json\n")
    assert layerbench("baseline", "update", "result.json", "-o", "b.json", folder=folder).returncode == 0
    assert json.loads(layerbench("baseline", "update", "result.json", "-o", "-", folder=folder).stdout) == json.loads(
        (folder / "b.json").read_text()
    )
    (folder / "notes.txt").write_text("mine")
    done = layerbench("baseline", "update", "result.json", "-o", "notes.txt", folder=folder)
    assert (done.returncode, (folder / "notes.txt").read_text()) == (2, "mine")
    assert "notes.txt is there and is no baseline file" in done.stderr
    done = layerbench("baseline", "update", "result.json", "-o", "result.json", folder=folder)
    assert done.returncode == 2
    assert [path.name for path in folder.iterdir() if path.name.endswith(".tmp")] == []


def test_a_run_that_failed_or_was_cut_short_is_no_baseline(folder: Path) -> None:
    write_result(factory.fail(factory.result(), "multi", "cold", (1,)), folder / "failed.json")
    write_result(replace(factory.result(), complete=False, finished_at=None), folder / "cut.json")
    write_result(replace(factory.result(), builds=()), folder / "empty.json")
    for name, code, said in (
        ("failed.json", 3, "failed.json holds 1 failed build: mend"),
        ("cut.json", 2, "cut.json was cut short: complete it with `layerbench run --resume cut.json`"),
        ("empty.json", 2, "empty.json has no build that counts"),
        ("missing.json", 2, "missing.json is not there"),
    ):
        done = layerbench("baseline", "update", name, folder=folder)
        assert (done.returncode, done.stdout) == (code, ""), name
        assert said in done.stderr
    assert not (folder / "layerbench-baseline.json").exists()


def test_it_is_shown_as_a_table(folder: Path) -> None:
    layerbench("baseline", "update", "result.json", folder=folder)
    done = layerbench("baseline", "show", folder=folder, COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("web, linux/amd64, compressed as a pull transfers it\n")
    done = layerbench("baseline", "show", "result.json", folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "result.json is no baseline file: write it again with `layerbench baseline update RESULT`" in done.stderr


@pytest.mark.parametrize("command", [[], ["update"], ["show"]])
def test_help_has_examples_and_fits_a_terminal(command: list[str]) -> None:
    done = layerbench("baseline", *command, "--help", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Examples:" in done.stdout
    assert "Exit codes: 0 fine" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 104
