"""The Makefile's own decisions, with programs in its scripts' place that only note what they are asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parent.parent / "Makefile"
NOTES = '#!/bin/sh\necho "$(basename "$0") $* RESULTS=$RESULTS ROUNDS=$ROUNDS" >> calls\n'
MEASURES = 'mkdir -p "$RESULTS" && echo "{}" > "$RESULTS/$1.json"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(MAKEFILE, tmp_path)
    for name in ("tools/setup", "tools/bench", ".venv/bin/layerbench"):
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(NOTES + (MEASURES if name == "tools/bench" else ""))
        program.chmod(0o755)
    return tmp_path


def make(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *words]
    # The tests may be run by a make themselves, whose flags are not for this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def calls(project: Path) -> list[str]:
    return [line for line in (project / "calls").read_text().splitlines() if not line.startswith("setup ")]


@pytest.mark.parametrize("app", ["web", "native"])
def test_check_measures_the_app_that_the_result_is_named_after(project: Path, app: str) -> None:
    bench = f"sample_app/{app}/layerbench.toml"
    done = make(project, "check", f"RESULT=out/{app}.json", f"BENCH_FILE={bench}", "ROUNDS=2")
    assert done.returncode == 0, done.stderr
    measured, checked = calls(project)
    assert measured == f"bench {app} RESULTS=out/ ROUNDS=2"
    assert checked.startswith(f"layerbench check out/{app}.json -c {bench} ")


def test_check_measures_web_by_default_and_nothing_that_is_there(project: Path) -> None:
    for _ in range(2):
        assert make(project, "check").returncode == 0
    assert [call.partition(" ")[0] for call in calls(project)] == ["bench", "layerbench", "layerbench"]
    (project / "mine.json").write_text("{}")
    assert make(project, "check", "RESULT=mine.json").returncode == 0
    assert calls(project)[-1].startswith("layerbench check mine.json ")


def test_check_says_what_it_cannot_measure(project: Path) -> None:
    done = make(project, "check", "RESULT=out/mine.json")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "check: there is no out/mine.json, and only web.json and native.json can be measured here: "
        "write it with layerbench run, or let RESULT end in one of the two"
    )
    assert not (project / "out").exists()
