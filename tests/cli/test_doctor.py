"""`layerbench doctor` where there is no engine; with engines: tests/e2e/test_doctor.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from layerbench.cli import layerbench
from layerbench.runner import diagnosis
from layerbench.runner.diagnosis import Check, check_bench_file, check_index, check_results, check_temporary_folder
from tests.index import conftest as index_fixtures
from tests.index.packages import make_wheel, use_index

plain_server = index_fixtures.plain_server

# What docker does where no engine answers: it tells its own version, and fails.
_DOCKER = """#!/bin/sh
case "$1 $2" in
"version --format") echo 28.0.0; echo "Cannot connect to the Docker daemon at $DOCKER_HOST." >&2; exit 1 ;;
"buildx version") echo "github.com/docker/buildx v0.20.1 abc" ;;
*) echo "Cannot connect to the Docker daemon at $DOCKER_HOST." >&2; exit 1 ;;
esac
"""
_BENCH = """
name = "app"
[variants.one]
dockerfile = "Dockerfile"
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an empty home, no private engine, no docker, and an index of its own."""
    for name in ("LAYERBENCH_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    for name in ("DOCKER_CONTEXT", "BUILDX_BUILDER", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    use_index(monkeypatch, "http://127.0.0.1:9/simple")
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return tmp_path


@pytest.fixture
def docker(machine: Path) -> None:
    """A client that finds no engine."""
    path = machine / "bin" / "docker"
    path.write_text(_DOCKER)
    path.chmod(0o755)


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(layerbench, ["doctor", *arguments], standalone_mode=False)


def checks(*arguments: str) -> dict[str, dict[str, str | None]]:
    """What `--json` says, by name."""
    result = doctor(*arguments, "--json")
    assert result.exception is None, result.exception
    told = json.loads(result.stdout)
    assert told["can_run"] == (result.return_value == 0)
    return {check.pop("name"): check for check in told["checks"]}


def test_nothing_is_there() -> None:
    told = checks()
    assert told["docker client"] == {
        "state": "missing",
        "detail": "docker is not installed",
        "mend": "install it, or run `layerbench engine up --fetch` for a private engine",
    }
    assert {name for name, check in told.items() if check["state"] == "missing"} == {
        "docker client",
        "engine",
        "buildx",
        "builder",
    }


@pytest.mark.usefixtures("docker")
def test_client_without_an_engine() -> None:
    told = checks()
    assert told["docker client"]["state"] == "ok"
    assert (told["docker client"]["detail"] or "").startswith("28.0.0 (/")
    assert told["buildx"] == {"state": "ok", "detail": "0.20.1", "mend": None}
    assert told["engine"] == {
        "state": "missing",
        "detail": "no Docker Engine answers: Cannot connect to the Docker daemon at unix:///nonexistent",
        "mend": "start it, or run `layerbench engine up --fetch`",
    }
    assert told["builder"]["state"] == "missing"
    assert "base" not in told


@pytest.mark.usefixtures("docker")
def test_lines_are_aligned_and_tell_more_than_colours(machine: Path) -> None:
    result = doctor()
    assert result.return_value == 3
    lines = result.stdout.splitlines()
    assert lines[0] == f"docker client     ok       28.0.0 ({machine}/bin/docker)"
    assert "engine            MISSING  no Docker Engine answers: " in result.stdout
    assert f"{' ' * 26} mend: start it, or run `layerbench engine up --fetch`" in lines
    assert lines[-1] == "no run can start: see engine, builder"
    assert all(line[17] == " " and line[18] != " " for line in lines[:-2] if not line.startswith(" "))
    assert "\x1b" not in result.stdout


def _on_a_terminal(environment: dict[str, str], machine: Path) -> bytes:
    """What doctor prints to a pseudo terminal."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "layerbench", "doctor"]
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
    os.close(theirs)
    output = b""
    try:
        while chunk := os.read(ours, 65536):
            output += chunk
    except OSError:  # Linux's answer at the end
        pass
    os.close(ours)
    assert process.wait() == 3
    return output


def test_colours_on_a_terminal_unless_they_are_not_wanted(machine: Path) -> None:
    assert b"\x1b[31mMISSING" in _on_a_terminal({"TERM": "xterm"}, machine)
    for environment in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = _on_a_terminal(environment, machine)
        assert b"\x1b" not in plain
        assert b"MISSING" in plain


def test_a_locale_without_unicode_gets_its_lines_too() -> None:
    Path("layerbench.toml").write_text('name = "ä"\n[variants."ö"]\ndockerfile = "Dockerfile"\n')
    done = subprocess.run(
        [sys.executable, "-m", "layerbench", "doctor"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert done.returncode == 3
    assert b"variants.\\xf6.dockerfile: no such file" in done.stdout
    assert b"Traceback" not in done.stderr


def test_unknown_option_is_a_usage_error() -> None:
    done = subprocess.run([sys.executable, "-m", "layerbench", "doctor", "--bogus"], capture_output=True, check=False)
    assert done.returncode == 2


def _bench(text: str = _BENCH, dockerfile: str | None = "FROM scratch\n") -> Path:
    path = Path("layerbench.toml")
    path.write_text(text)
    if dockerfile is not None:
        Path("Dockerfile").write_text(dockerfile)
    return path


def test_bench_file_that_is_fine() -> None:
    check, bench = check_bench_file(_bench())
    assert check == Check("bench file", "ok", "layerbench.toml: 1 variants, 2 scenarios, 3 rounds")
    assert bench is not None
    assert bench.name == "app"


def test_no_bench_file_is_no_fault() -> None:
    check, bench = check_bench_file(None)
    assert check.state == "ok"
    assert check.mend is not None
    assert "layerbench init" in check.mend
    assert bench is None


@pytest.mark.parametrize(
    ("text", "dockerfile", "words"),
    [
        ("name = 3", None, "layerbench.toml: "),
        (_BENCH, None, 'variants.one.dockerfile: no such file: "'),
        (_BENCH, "RUN x\n", "the Dockerfile has no FROM"),
        (_BENCH + 'target = "t"\n', "FROM scratch\n", 'no stage is named "t"'),
        (_BENCH + 'secrets = [{ id = "s", env = "NOT_SET_HERE" }]\n', "FROM scratch\n", "NOT_SET_HERE is not set"),
    ],
)
def test_bench_file_that_no_run_could_take(text: str, dockerfile: str | None, words: str) -> None:
    check, bench = check_bench_file(_bench(text, dockerfile))
    assert check.state == "missing"
    assert words in f"{check.detail}; {check.mend}"
    assert bench is None
    assert checks()["bench file"]["state"] == "missing"


def test_bench_file_of_another_place(tmp_path: Path) -> None:
    assert checks("-c", str(tmp_path / "nowhere.toml"))["bench file"]["state"] == "missing"


def test_results_that_cannot_be_written(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_results(None).state == "ok"
    (machine / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(machine / "file"))
    check = check_results(None)
    assert check.state == "missing"
    assert "cannot be written" in check.detail
    assert check.mend is not None


def test_room_in_the_temporary_folder(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(machine))
    check = check_temporary_folder()
    assert check.detail.endswith(f" free in {machine}")
    monkeypatch.setattr(diagnosis, "_LEAST_FREE_BYTES", 10**21)
    little = check_temporary_folder()
    assert (little.state, little.detail) == ("warning", f"only {check.detail}")
    assert little.mend is not None


def test_temporary_folder_that_is_not_there(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(machine / "nowhere"))
    assert check_temporary_folder().state == "missing"


def _index(serve: str) -> Check:
    text = f'{_BENCH}\n[index]\nserve = "{serve}"\n' + ("" if serve == "never" else 'packages = ["x"]\n')
    _, bench = check_bench_file(_bench(text))
    assert bench is not None
    return check_index(bench)


def test_index_that_cannot_be_reached() -> None:
    assert check_index(None) == Check("package index", "ok", "pip's index cannot be reached here")
    assert _index("never").state == "ok"
    assert _index("auto").state == "warning"
    assert _index("always").state == "ok"


def test_index_with_and_without_caching_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_server: tuple[str, Path]
) -> None:
    url, folder = plain_server
    (folder / "simple/pip").mkdir(parents=True)
    wheel = make_wheel(folder, "pip")
    (folder / "simple/pip/index.html").write_text(f'<a href="/{wheel.name}">pip</a>')
    use_index(monkeypatch, f"{url}/simple")
    without = check_index(None)
    assert without.state == "warning"
    assert "no caching headers" in without.detail
    assert 'serve = "auto"' in (without.mend or "")
    assert _index("auto") == Check(
        "package index", "ok", "pip's index sends no caching headers: the run serves its own"
    )


def test_help_answers_without_heavy_imports() -> None:
    code = (
        "import sys; from layerbench.cli import doctor; "
        "sys.exit(bool({'pydantic', 'docker', 'rich', 'dockerfile'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
