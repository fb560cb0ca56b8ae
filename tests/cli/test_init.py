"""`layerbench init`, through click and as a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from layerbench.cli import layerbench
from layerbench.config.file import load_bench_file
from layerbench.errors import UsageError

FILES = {
    "naive.Dockerfile": "FROM a\nCOPY . .\nRUN x\n",
    "single.Dockerfile": "FROM a\nCOPY requirements.txt .\nRUN x\nCOPY . .\nEXPOSE 8000\nCMD python app.py\n",
    "app.py": "",
    "requirements.txt": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my app"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def init(*arguments: str | Path) -> Result:
    return CliRunner().invoke(layerbench, ["init", *map(str, arguments)])


def refused(*arguments: str | Path) -> str:
    result = init(*arguments)
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    assert result.stdout == ""
    return str(result.exception)


def test_it_writes_a_bench_file_and_names_the_next_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    result = init()
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines() == [
        "variants: naive (naive.Dockerfile), single (single.Dockerfile)",
        "edit-source: a comment line at the end of app.py (which a command names)",
        "edit-deps: a comment line at the end of requirements.txt: its text changes, the dependencies do not "
        "(which a Dockerfile copies by name)",
        "layerbench.toml is written; next: `layerbench plan`, then `layerbench run`",
    ]
    bench = load_bench_file(folder / "layerbench.toml", {})
    assert [variant.name for variant in bench.variants] == ["naive", "single"]
    assert [scenario.name for scenario in bench.scenarios] == ["cold", "warm", "edit-source", "edit-deps", "touch"]


def test_for_another_folder_the_next_command_names_the_file(folder: Path) -> None:
    result = init(folder)
    option = f"-c '{folder}/layerbench.toml'"
    assert f"next: `layerbench plan {option}`, then `layerbench run {option}`" in result.stderr
    assert (folder / "layerbench.toml").is_file()


def test_a_dash_prints_and_writes_nothing(folder: Path) -> None:
    (folder / "layerbench.toml").write_text("mine")
    before = sorted(folder.iterdir())
    result = init(folder, "-o", "-")
    assert result.exit_code == 0
    assert result.stdout.startswith("# The bench file of layerbench")
    assert result.stderr.startswith("variants: ")
    assert sorted(folder.iterdir()) == before
    (folder / "layerbench.toml").write_text(result.stdout)
    assert len(load_bench_file(folder / "layerbench.toml", {}).variants) == 2


def test_another_file_leads_back_to_the_folder(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "bench.toml"
    assert init(folder, "-o", target).exit_code == 0
    assert load_bench_file(target, {}).variants[0].context == folder.resolve()
    assert not (folder / "layerbench.toml").exists()


@pytest.mark.parametrize("kind", ["file", "empty file", "folder", "broken link"])
def test_what_is_there_is_never_overwritten(folder: Path, kind: str) -> None:
    path = folder / "layerbench.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "broken link":
        path.symlink_to("nowhere")
    else:
        path.write_text("mine" if kind == "file" else "")
    message = refused(folder)
    assert message == (
        f"{path} is there already and is left as it is; move it away, or give -o; "
        "`layerbench init -o -` prints what would be written"
    )
    assert path.is_symlink() or path.is_dir() or path.read_text() == ("mine" if kind == "file" else "")
    assert not (folder / "nowhere").exists()


def test_a_table_in_pyproject_is_not_hidden(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.layerbench]\n")
    assert refused(folder) == (
        f"{folder}/pyproject.toml has a [tool.layerbench] already, which layerbench.toml would hide; "
        "`layerbench init -o -` prints what would be written"
    )
    assert not (folder / "layerbench.toml").exists()
    assert init(folder, "-o", folder / "other.toml").exit_code == 0


def test_a_folder_without_dockerfiles_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path).startswith(f'nothing to build in "{tmp_path}"')
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    result = init(tmp_path / "nope")
    assert result.exit_code == 2
    assert "nope" in result.stderr


def test_a_target_that_cannot_be_made_is_refused(folder: Path) -> None:
    target = folder / "missing" / "bench.toml"
    assert refused(folder, "-o", target) == (
        f"{target} cannot be written: No such file or directory; give another with -o"
    )


def test_a_full_disk_leaves_no_file_behind(folder: Path) -> None:
    # A limit on the size of files fails a write as a full disk does, after the file was made.
    command = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); " + (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); from layerbench.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-B", "-c", command, "init", str(folder)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "layerbench.toml cannot be written: File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_a_file_that_another_was_faster_to_make_is_left_alone(tmp_path: Path) -> None:
    from layerbench.cli.init import _create

    (tmp_path / "layerbench.toml").write_text("mine")
    with pytest.raises(UsageError, match="is there already and is left as it is"):
        _create(tmp_path / "layerbench.toml", "other")
    assert (tmp_path / "layerbench.toml").read_text() == "mine"


def test_the_help_shows_examples_line_by_line() -> None:
    result = init("--help")
    assert result.exit_code == 0
    assert "\n  Examples:\n    layerbench init               write layerbench.toml" in result.stdout
    assert "\\b" not in result.stdout


def test_as_a_process_an_error_is_one_sentence_on_stderr(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "layerbench", "init", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("layerbench: nothing to build in ")
    assert result.stderr.count("\n") == 1
