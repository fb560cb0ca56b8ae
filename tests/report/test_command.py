"""`layerbench report` as a process, as people call it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from layerbench.report import csv_rows, table
from layerbench.report.interface import Options
from layerbench.results.file import read_result, write_result
from tests.report import examples
from tests.results import factory

COMMAND = [sys.executable, "-c", "from layerbench.cli import main; main()", "report"]
SETTINGS = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING", "TERM")


def _environment(**settings: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in SETTINGS} | {"TERM": "xterm"} | settings


def _report(*arguments: str | Path, stdin: bytes = b"", **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], input=stdin, capture_output=True, env=_environment(**settings), timeout=60
    )


def _report_on_terminal(*arguments: str | Path, width: int = 100, **settings: str) -> str:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdin=terminal, stdout=terminal, stderr=terminal, env=_environment(**settings)
    )
    os.close(terminal)
    written = b""
    while True:
        try:
            written += os.read(controller, 65536)
        except OSError:  # EIO: the last process has closed the terminal
            break
    os.close(controller)
    assert process.wait(60) == 0
    return written.decode().replace("\r\n", "\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    write_result(factory.result(), path)
    return path


def test_the_table_goes_to_stdout_and_nothing_to_stderr(file: Path) -> None:
    done = _report(file)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == table.render(factory.result(), Options())


def test_columns_says_how_wide_it_is(file: Path) -> None:
    assert _report(file, COLUMNS="72").stdout.decode() == table.render(factory.result(), Options(width=72))


def test_steps_variants_and_scenarios_are_chosen(file: Path) -> None:
    done = _report(file, "--steps", "--variant", "multi", "--scenario", "cold", "--scenario", "edit-deps")
    text = done.stdout.decode()
    assert "python -m venv" in text
    assert "single" not in text
    assert "touch" not in text


def test_standard_input_is_read(file: Path) -> None:
    assert _report("-", stdin=file.read_bytes()).stdout == _report(file).stdout


def test_an_empty_standard_input_is_said(file: Path) -> None:
    done = _report("-")
    assert done.returncode == 2
    assert done.stderr.decode().startswith("layerbench: standard input is empty")


def test_output_is_written_to_a_file(file: Path, tmp_path: Path) -> None:
    done = _report(file, "--format", "csv", "-o", tmp_path / "builds.csv", LC_ALL="C")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "builds.csv").read_bytes().decode() == csv_rows.render(factory.result(), Options())


def test_the_result_file_is_not_overwritten(file: Path) -> None:
    before = file.read_bytes()
    done = _report(file, "-o", file.parent / ".." / file.parent.name / file.name)
    assert done.returncode == 2
    assert b"is the result file itself" in done.stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--variant", "singel"], 'the result has no variant "singel"; did you mean "single"?'),
        (["--scenario", "edit"], 'the result has no scenario "edit"; '),
        (["-o", "missing-folder/file"], "the folder"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_code_2(arguments: list[str], said: str, file: Path) -> None:
    done = _report(file, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = _report(tmp_path / "none.json")
    assert done.returncode == 2
    assert done.stderr.decode() == (
        f"layerbench: {tmp_path / 'none.json'} is not there: give a file that `layerbench run -o` wrote\n"
    )


def test_a_number_beyond_all_figures_is_said(file: Path) -> None:
    whole = json.loads(file.read_text())
    whole["builds"][0]["image"]["compressed_bytes"] = 10**400
    file.write_text(json.dumps(whole))
    done = _report(file)
    assert done.returncode == 2
    assert b"holds a number that is too large to be a figure" in done.stderr


def test_a_reader_that_leaves_early_is_no_error(file: Path) -> None:
    write_result(factory.result(rounds=60), file)
    script = 'set -o pipefail; "$@" | head -1; echo "codes: ${PIPESTATUS[*]}"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *COMMAND, str(file), "--format", "csv", "--steps"],
        capture_output=True,
        env=_environment(),
        timeout=60,
    )
    assert done.stderr == b""
    assert done.stdout.decode().splitlines()[-1] in {"codes: 141 0", "codes: 0 0"}


def test_on_a_terminal_it_is_as_wide_and_in_colour(file: Path) -> None:
    text = _report_on_terminal(file, width=83)
    assert text == table.render(factory.result(), Options(width=83, color_system="standard"))


@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colour_there_is_no_escape_sequence(settings: dict[str, str], file: Path) -> None:
    assert "\x1b" not in _report_on_terminal(file, **settings)


@pytest.mark.parametrize("settings", [{"LC_ALL": "C"}, {"LANG": "POSIX"}, {"PYTHONIOENCODING": "ascii"}])
@pytest.mark.parametrize("options", [[], ["--steps"], ["--format", "json"]])
def test_where_there_is_no_unicode_ascii_does(settings: dict[str, str], options: list[str], tmp_path: Path) -> None:
    write_result(examples.foreign(), tmp_path / "result.json")
    done = _report(tmp_path / "result.json", *options, **settings)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()


@pytest.mark.parametrize("name", ["markdown", "csv"])
def test_an_encoding_that_lacks_characters_is_no_traceback(name: str, tmp_path: Path) -> None:
    write_result(examples.foreign(), tmp_path / "result.json")
    done = _report(tmp_path / "result.json", "--format", name, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"gr\xf6\xdfe" in done.stdout


@pytest.mark.parametrize("name", ["table", "json", "markdown", "csv"])
def test_hostile_names_never_reach_a_terminal_raw(name: str, tmp_path: Path) -> None:
    write_result(examples.hostile(), tmp_path / "result.json")
    text = _report_on_terminal(tmp_path / "result.json", "--steps", "--format", name, NO_COLOR="1")
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert read_result(tmp_path / "result.json") == examples.hostile()


def test_help_has_examples() -> None:
    done = _report("--help")
    assert done.returncode == 0
    assert b"layerbench report result.json --steps --variant multi" in done.stdout
