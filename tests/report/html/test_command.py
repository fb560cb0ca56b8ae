from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from layerbench.cli import layerbench
from layerbench.results.file import write_result
from tests.report.html.pages import Reading
from tests.results import factory


@pytest.fixture
def result_file(tmp_path: Path) -> Path:
    path = tmp_path / "web.json"
    write_result(factory.result(rounds=2), path)
    return path


def test_report_writes_the_page(result_file: Path) -> None:
    target = result_file.with_name("page.html")
    run = CliRunner().invoke(layerbench, ["report", str(result_file), "--format", "html", "-o", str(target)])
    assert (run.exit_code, run.output) == (0, "")
    page = Reading(target.read_text())
    assert page.wrong == []


def test_compare_writes_the_page(result_file: Path) -> None:
    sides = [f"{result_file}:single", f"{result_file}:multi"]
    run = CliRunner().invoke(layerbench, ["compare", *sides, "--format", "html"])
    assert run.exit_code == 0
    assert "head: multi" in Reading(run.stdout).words


def test_report_does_not_write_over_the_results_side_file(result_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from layerbench.errors import UsageError

    monkeypatch.chdir(result_file.parent)
    result = dataclasses.replace(factory.result(rounds=1), side_file="named.layers.zip")
    write_result(result, result_file)
    for name in ("named.layers.zip", "web.layers.zip"):
        Path(name).write_bytes(b"layers")
        run = CliRunner().invoke(layerbench, ["report", "web.json", "-o", name])
        assert isinstance(run.exception, UsageError)
        assert str(run.exception) == f"{name} is the result's side file itself: give another place with -o"
        assert Path(name).read_bytes() == b"layers"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "svg"], "--chart"),
        (["--chart", "sizes"], "--format svg"),
        (["--check", "layerbench.toml"], "--format html"),
        (["--format", "badge"], "--variant"),
    ],
)
def test_options_have_the_format_that_they_are_for(result_file: Path, options: list[str], said: str) -> None:
    from layerbench.errors import UsageError

    run = CliRunner().invoke(layerbench, ["report", str(result_file), *options])
    assert run.exit_code != 0
    assert said in f"{run.output}{run.exception if isinstance(run.exception, UsageError) else ''}"
