"""What `layerbench ab` refuses before any engine is needed, each with its sentence and exit code 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from layerbench.cli.ab import ab
from layerbench.errors import UsageError
from tests.repository.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    made = Scratch.new(tmp_path / "project")
    made.write("Dockerfile", "FROM scratch\nCOPY . .\n")
    made.write("layerbench.toml", "[variants.app]\ndockerfile = 'Dockerfile'\n")
    made.commit()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return made


def refused(scratch: Scratch, *arguments: str) -> str:
    before = scratch.state()
    done = CliRunner().invoke(ab, ["--quiet", *arguments], standalone_mode=False)
    assert isinstance(done.exception, UsageError), done.output
    assert scratch.state() == before
    assert list((scratch.top.parent / "tmp").iterdir()) == []
    return str(done.exception)


def test_states_and_names_that_are_not_there(scratch: Scratch) -> None:
    assert refused(scratch, "--base", "mian") == 'no commit is named "mian"; did you mean "main"?'
    assert "no commit is named" in refused(scratch, "--base", "main", "--head", "nothing")
    assert 'no variant is named "apq"; did you mean "app"?' in refused(scratch, "--base", "main", "--variant", "apq")
    assert 'no scenario is named "hot"' in refused(scratch, "--base", "main", "--scenario", "hot")


def test_bench_files_that_do_not_do(scratch: Scratch) -> None:
    assert "nowhere: no such folder" in refused(scratch, "--base", "main", "-c", "nowhere/x.toml")
    assert "has the bench file x.toml" in refused(scratch, "--base", "main", "-c", "x.toml")
    scratch.write("layerbench.toml", "[variants]\n")
    assert refused(scratch, "--base", "main").startswith("in the working tree: layerbench.toml: ")
    scratch.write("layerbench.toml", "[variants.other]\ndockerfile = 'Dockerfile'\n")
    assert refused(scratch, "--base", "main").startswith("the two states have no variant of the same name")


def test_no_repository(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scratch.top.parent)
    done = CliRunner().invoke(ab, ["--base", "main"], standalone_mode=False)
    assert re.search(r"is in no git repository; go to the checkout", str(done.exception))


@pytest.mark.parametrize("text", ["ten", "0", "10 parsecs", "-5s"])
def test_time_budgets_are_durations(scratch: Scratch, text: str) -> None:
    done = CliRunner().invoke(ab, ["--base", "main", "--time-budget", text])
    assert done.exit_code == 2
    assert f'"{text}"' in done.output


def test_the_place_of_the_result_files_is_checked_before_anything_is_built(scratch: Scratch) -> None:
    other = scratch.top.parent / "out"
    other.mkdir()
    (other / "base.json").write_text("a person's own")
    assert "is no result file" in refused(scratch, "--base", "main", "-o", str(other))
    assert "is no folder" in refused(scratch, "--base", "main", "-o", str(other / "base.json"))
    assert (other / "base.json").read_text() == "a person's own"
