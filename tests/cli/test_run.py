"""What `layerbench run` and `plan` refuse, as processes: no engine is asked, and nothing is written.

With real builds: tests/e2e/test_run.py.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from layerbench.cli.run import _revision
from tests.cli.process import COMMAND, layerbench
from tests.repository.scratch import Scratch

# An engine that is asked all the same does not answer, and the exit code is 3.
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
FILES = {
    "a.Dockerfile": "FROM scratch\nCOPY app.py .\n",
    "b.Dockerfile": "FROM scratch AS first\nCOPY . .\n",
    "app.py": "print(1)\n",
    "layerbench.toml": '[variants.alpha]\ndockerfile = "a.Dockerfile"\n[variants.beta]\ndockerfile = "b.Dockerfile"\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Mapping[str, str]:
    """Variables that keep the run's default result file out of the person's home, and private engines away."""
    return {**NO_ENGINE, "XDG_STATE_HOME": str(tmp_path / "state"), "LAYERBENCH_HOME": str(tmp_path / "engines")}


def refused(folder: Path, state: Mapping[str, str], *arguments: str, exit_code: int = 2, command: str = "run") -> str:
    """The one sentence on stderr; nothing is on stdout, and no file was written."""
    before = sorted(folder.rglob("*"))
    done = layerbench(command, *arguments, folder=folder, **state)
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert sorted(folder.rglob("*")) == before
    [sentence] = [line for line in done.stderr.splitlines() if line.startswith("layerbench: ")]
    assert done.stderr.splitlines() == [sentence]
    return sentence.removeprefix("layerbench: ")


BAD_BENCH_FILES = {
    'rounds = "three"\n': "layerbench.toml: rounds: should be a whole number",
    "rounds = 0\n": "layerbench.toml: rounds: ",
    "round = 3\n": 'layerbench.toml: round: unknown key; did you mean "rounds"?',
    "[variants.alpha]\ndockerfil = 'x'\n": 'variants.alpha.dockerfil: unknown key; did you mean "dockerfile"?',
    "[variants.alpha]\ndockerfile = 'gone'\n": 'layerbench.toml: variants.alpha.dockerfile: no such file: "',
    "[variants.a]\ncontext = 'gone'\n": 'layerbench.toml: variants.a.context: no such folder: "',
    "[variants.a]\n[variants.b]\n[variants.a]\n": "layerbench.toml: variants.a is there twice",
    "[variants.a]\nextra_args = ['--push']\n": "variants.a.extra_args: --push cannot be given here",
    "[variants.a]\nsecrets = [{ id = 't', env = 'NOT_SET_ANYWHERE' }]\n": (
        'variants.a.secrets: secret "t": the environment variable NOT_SET_ANYWHERE is not set'
    ),
    "[variants.a]\nsecrets = [{ id = 't', file = 'gone' }]\n": 'the file of secret "t" is not there: "',
    "[variants.b]\ntarget = 'frist'\n": 'b.Dockerfile: no stage is named "frist"; the Dockerfile has: first',
    "[variants.a]\n[scenarios.e]\nedits = [{ append = 'gone.py', text = 'x' }]\n": (
        'layerbench.toml: scenarios.e: append: no such file "gone.py" in the context'
    ),
    "[variants.a]\n[scenarios.e]\nedits = [{ replace = 'app.py', pattern = 'zzz', with = 'x' }]\n": (
        'layerbench.toml: scenarios.e: replace: "zzz" matches nothing in "app.py"'
    ),
    "[variants.a]\n[scenarios.e]\nedits = [{ chmod = 'app.py', mode = '0644' }]\n": (
        "layerbench.toml: scenarios.e: chmod: "
    ),
    "[variants.a]\n[scenarios.e]\nvariants = ['aa']\nedits = [{ touch = 'app.py' }]\n": (
        'layerbench.toml: scenarios.e.variants: no variant is named "aa"'
    ),
    "[variants.a]\n[scenarios.e]\nedits = [{ patch = 'gone.diff' }]\n": 'e.edits[0].patch: "gone.diff" cannot be read',
    "variants = 1\n": "layerbench.toml: variants: ",
    "[variants.a\n": "layerbench.toml: not valid TOML: ",
    "": "layerbench.toml: there are no variants; add one",
}


@pytest.mark.parametrize("content", BAD_BENCH_FILES, ids=range(len(BAD_BENCH_FILES)))
def test_bench_files_that_cannot_be(folder: Path, state: Mapping[str, str], content: str) -> None:
    (folder / "app.py").chmod(0o644)
    (folder / "layerbench.toml").write_text(content)
    assert BAD_BENCH_FILES[content] in refused(folder, state)


def test_dockerfiles_that_cannot_be(folder: Path, state: Mapping[str, str]) -> None:
    (folder / "b.Dockerfile").write_text("")
    assert "b.Dockerfile: the Dockerfile cannot be parsed: file with no instructions" in refused(folder, state)
    (folder / "b.Dockerfile").write_text("FROM scratch\nCOPPY a b\n")
    assert 'b.Dockerfile: line 2: no instruction is named COPPY; did you mean "COPY"?' in refused(folder, state)
    # Of variants that are not asked for only the presence matters.
    assert "no Docker Engine" in refused(folder, state, "--variant", "alpha", exit_code=3)


def test_names_that_are_not_there(folder: Path, state: Mapping[str, str]) -> None:
    assert refused(folder, state, "--variant", "alfa") == 'no variant is named "alfa"; did you mean "alpha"?'
    assert refused(folder, state, "--scenario", "wram") == 'no scenario is named "wram"; did you mean "warm"?'
    assert refused(folder, state, "--scenario", "zzz") == 'no scenario is named "zzz"; known: cold, warm'
    assert "gone.toml: no such file" in refused(folder, state, "-c", "gone.toml")
    assert "gone.json is not there" in refused(folder, state, "--resume", "gone.json")


def test_options_that_exclude_each_other(folder: Path, state: Mapping[str, str]) -> None:
    said = refused(folder, state, "-c", "layerbench.toml", "-f", "a.Dockerfile")
    assert said == "-c and -f exclude each other: the bench file names its Dockerfiles itself"
    assert "a context goes with -f" in refused(folder, state, "-c", "layerbench.toml", ".")
    assert '"gone": no such Dockerfile' in refused(folder, state, "-f", "gone")
    assert '"gone": no such folder' in refused(folder, state, "-f", "a.Dockerfile", "gone")
    assert "is named twice" in refused(folder, state, "-f", "a.Dockerfile", "-f", "./a.Dockerfile")


def test_no_bench_file(tmp_path: Path, state: Mapping[str, str]) -> None:
    assert refused(tmp_path, state).startswith("there is no layerbench.toml here; `layerbench init` writes one")


def test_outputs_that_cannot_be_written_are_found_before_any_build(folder: Path, state: Mapping[str, str]) -> None:
    assert "the folder " in refused(folder, state, "-o", "gone/r.json")
    assert "is a folder: give the name of a file in it" in refused(folder, state, "-o", ".")
    assert "is no result file; give another place with -o" in refused(folder, state, "-o", "app.py")
    assert "cannot be written: " in refused(folder, state, "-o", "/proc/r.json")
    assert (folder / "app.py").read_text() == FILES["app.py"]


def test_an_unwritable_state_folder_is_named(folder: Path, state: Mapping[str, str]) -> None:
    said = refused(folder, {**state, "XDG_STATE_HOME": "/proc/nowhere"})
    assert "/proc/nowhere/layerbench/results/" in said
    assert "give another place with -o" in said


def test_an_engine_that_does_not_answer_is_no_usage_error(folder: Path, state: Mapping[str, str]) -> None:
    said = refused(folder, state, exit_code=3)
    assert "no Docker Engine answers" in said
    assert "layerbench engine up --fetch" in said


def test_no_docker_client(folder: Path, state: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    said = refused(folder, {**state, "PATH": str(tmp_path / "bin")}, exit_code=3)
    assert "docker is not installed; install the docker client" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], 'no command "rnu"; did you mean "run"?'),
        (["zzz"], 'no command "zzz"; commands: run, plan, report'),
        (["run", "--vairant", "x"], "No such option"),
        (["run", "--rounds", "none"], "'none' is not a valid integer range"),
        (["run", "--rounds", "0"], "0 is not in the range"),
        (["run", "--frontend", "x"], "'x' is not one of 'auto', 'builtin'"),
        (["plan", "a", "b"], "unexpected extra argument"),
    ],
)
def test_command_lines_that_cannot_be(arguments: list[str], said: str) -> None:
    done = layerbench(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_needs_no_engine(folder: Path, state: Mapping[str, str]) -> None:
    with (folder / "layerbench.toml").open("a") as file:
        file.write("[scenarios.edit]\nedits = [{ append = 'app.py', text = '# {nonce}' }]\nvariants = ['beta']\n")
    done = layerbench("plan", "--rounds", "2", "--scenario", "warm", "--scenario", "edit", folder=folder, **state)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "project: 6 builds in 2 rounds",
        "",
        "variants:",
        "  alpha: a.Dockerfile, context .",
        "  beta: b.Dockerfile, context .",
        "",
        "scenarios:",
        "  warm: nothing changed",
        "  edit: append",
        "",
        "round 1:",
        "     -  alpha: cold, to fill its cache; not measured",
        "     -  beta: cold, to fill its cache; not measured",
        "     1  alpha: warm",
        "     2  beta: warm",
        "     3  beta: edit",
        "",
        "round 2:",
        "     -  beta: cold, to fill its cache; not measured",
        "     -  alpha: cold, to fill its cache; not measured",
        "     4  beta: warm",
        "     5  alpha: warm",
        "     6  beta: edit",
        "",
        "estimate: not known: not all of them were timed before",
    ]


def test_a_plan_as_json(folder: Path, state: Mapping[str, str]) -> None:
    done = layerbench("plan", "--json", "--scenario", "warm", "--rounds", "1", folder=folder, **state)
    plan = json.loads(done.stdout)
    assert plan["bench"] == "project"
    assert plan["builds"] == [
        {"variant": name, "scenario": "warm", "round": 1, "last_wall_seconds": None} for name in ("alpha", "beta")
    ]
    assert plan["unmeasured_cold_builds"] == [{"variant": name, "round": 1} for name in ("alpha", "beta")]
    assert plan["estimate_seconds"] is None


def test_a_plan_refuses_what_a_run_would(folder: Path, state: Mapping[str, str]) -> None:
    with (folder / "layerbench.toml").open("a") as file:
        file.write("[scenarios.edit]\nedits = [{ touch = 'gone.py' }]\n")
    assert 'scenarios.edit: touch: no such file "gone.py"' in refused(folder, state, command="plan")


@pytest.mark.parametrize("command", [[], ["run"], ["plan"], ["report"], ["init"], ["doctor"], ["engine"]])
def test_helps_have_examples_and_fit_a_terminal(command: list[str]) -> None:
    done = layerbench(*command, "--help", COLUMNS="100")
    assert done.returncode == 0
    assert done.stderr == ""
    assert f"layerbench {' '.join(command)}".strip() in done.stdout.partition("Examples:")[2]
    assert max(map(len, done.stdout.splitlines())) <= 104
    assert "\b" not in done.stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    for command in ("run --help | head -1", "plan --help | true", "--help | head -c 10"):
        script = f"{' '.join(COMMAND)} {command}"
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), command


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_are_survived(folder: Path, state: Mapping[str, str], closed: str) -> None:
    script = f"exec {' '.join(COMMAND)} plan {closed}"
    environment = {**os.environ, **state}
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert ("project: " in done.stdout) == (">&-" not in closed.replace("2>&-", ""))


def test_an_explanation_needs_a_result_file(folder: Path, state: Mapping[str, str]) -> None:
    sentence = refused(folder, state, "--explain", "-o", "-")
    assert "--explain keeps what it needs beside the result file: name a file with -o" in sentence


def test_a_run_that_goes_on_at_another_commit_says_so(tmp_path: Path) -> None:
    scratch = Scratch.new(tmp_path / "project")
    scratch.write("a", "1")
    scratch.commit("first")
    told: list[str] = []
    first = _revision(scratch.top, None, told.append)
    assert first is not None
    assert _revision(scratch.top, first, told.append) == first
    assert told == []
    scratch.write("a", "2")
    scratch.commit("second")
    assert _revision(scratch.top, first, told.append) == dataclasses.replace(first, is_dirty=True)
    [note] = told
    assert note.startswith(f"the run began at commit {first.commit[:10]}, and ")
