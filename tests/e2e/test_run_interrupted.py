"""Runs that are cut short: Ctrl-C, SIGTERM, kill -9, an engine that dies; going on with them; and two runs at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layerbench.buildx.docker import DockerClient
from layerbench.engine import status, stop
from tests.busybox import load_base
from tests.e2e.conftest import BASE, _client, _home
from tests.e2e.project import Project, processes_with, wait_for

pytestmark = pytest.mark.e2e

MARK = "layerbench-test-sleep"
# Sleeps only when its context says so, so that what is resumed ends.
DOCKERFILE = f"FROM {{base}}\nCOPY . .\nRUN : {MARK}; sleep $(cat seconds); true\nCMD sleep 60\n"
BENCH = """\
rounds = 1
[variants.quick]
[variants.slow]
[scenarios.edit]
edits = [{ append = 'app.py', text = '# {nonce}' }]
"""


def make_project(docker: DockerClient, folder: Path, base: str) -> Project:
    project = Project(docker, folder / "project")
    project.write(
        {
            "quick.Dockerfile": f"FROM {base}\nCOPY . .\nRUN echo fine\n",
            "slow.Dockerfile": DOCKERFILE.format(base=base),
            "layerbench.toml": BENCH,
            "app.py": "print(1)\n",
            "seconds": "120",
        }
    )
    return project


@pytest.fixture
def project(docker: DockerClient, base: str, tmp_path: Path) -> Iterator[Project]:
    project = make_project(docker, tmp_path, base)
    yield project
    project.kill()


def is_sleeping(project: Project) -> bool:
    """Whether the engine is in the middle of the slow step."""
    return bool(sleepers(project))


def sleepers(project: Project) -> list[int]:
    return [pid for pid in processes_with(MARK) if b"docker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


def shape(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (
            build["variant"],
            build["scenario"],
            build["round"],
            build["outcome"],
            [s["instruction"] for s in build["steps"]],
        )
        for build in result["builds"]
    ]


@pytest.fixture
def no_sleepers() -> Iterator[None]:
    assert processes_with(MARK) == []
    yield
    wait_for(lambda: processes_with(MARK) == [], 10)


@pytest.mark.usefixtures("no_sleepers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_builds_cleans_up_and_can_be_resumed(
    project: Project, number: signal.Signals
) -> None:
    with project.unharmed():
        process = project.start()
        wait_for(lambda: is_sleeping(project))
        begin = time.monotonic()
        process.send_signal(number)
        time.sleep(0.3)
        process.send_signal(number)  # a second one disturbs nothing
        process.send_signal(signal.SIGINT)
        ran = project.finish(process, exit_code=130)
        assert time.monotonic() - begin < 20  # some 2 s on a machine that has nothing else to do
    assert ran.stdout == ""
    assert ran.stderr.splitlines()[-2:] == [
        f"layerbench: what was measured is in {project.result_file}; "
        f"`layerbench run --resume {project.result_file}` does the rest",
        "layerbench: interrupted",
    ]
    wait_for(lambda: not is_sleeping(project), 5)  # the engine, too, has ended the step
    result = json.loads(project.result_file.read_text())
    assert not result["complete"]
    assert [(build["variant"], build["outcome"]) for build in result["builds"]] == [
        ("quick", "built"),
        ("slow", "cancelled"),
    ]
    if number == signal.SIGINT:
        check_resuming(project, result)


def check_resuming(project: Project, cut_short: dict[str, Any]) -> None:
    (project.folder / "seconds").write_text("0")
    other = "[variants.quick]\n[variants.slow]\n"
    bench = project.folder / "layerbench.toml"
    bench.write_text(other)
    ran = project.run("--resume", str(project.result_file), output="", exit_code=2)
    assert "the result file to be resumed measured other variants or scenarios" in ran.stderr
    assert json.loads(project.result_file.read_text()) == cut_short
    bench.write_text(BENCH)
    with project.unharmed():
        ran = project.run("--resume", str(project.result_file), output="")
    assert "layerbench: 5 builds" in ran.stderr
    resumed = json.loads(project.result_file.read_text())
    assert resumed["complete"]
    assert resumed["builds"][0] == cut_short["builds"][0]
    fresh = project.run(output=str(project.beside("fresh.json")))
    whole = json.loads(project.beside("fresh.json").read_text())
    assert shape(resumed) == shape(whole)
    assert set(resumed) == set(whole)
    assert "6 builds" in fresh.stderr
    again = project.run("--resume", str(project.result_file), output="")
    assert json.loads(project.result_file.read_text())["builds"] == resumed["builds"]
    assert again.stderr.splitlines()[0] == "layerbench: nothing is missing in the result file"


@pytest.mark.usefixtures("no_sleepers")
def test_what_a_killed_run_left_goes_with_the_next(project: Project) -> None:
    with project.unharmed():
        process = project.start("--variant", "slow")
        wait_for(lambda: is_sleeping(project))
        process.kill()
        process.communicate(timeout=10)
        assert list(project.beside("tmp").iterdir()) != []
        assert is_sleeping(project)  # nobody has told the build that its run is dead
        docker = project.docker
        docker.ask("image", "tag", BASE, "layerbench-run/left:1")  # as of a run that was killed while it ran an image
        docker.ask("container", "create", "--label", "layerbench.run=left", BASE)
        (project.folder / "seconds").write_text("0")
        project.run("--variant", "quick", "--scenario", "cold", output=str(project.beside("next.json")))
        assert not is_sleeping(project)
        (project.folder / "seconds").write_text("120")
        os.utime(project.folder / "seconds", ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
    left = json.loads(project.result_file.read_text())
    assert (left["complete"], left["builds"]) == (False, [])


def test_two_runs_at_once_take_turns(project: Project, base: str, tmp_path: Path) -> None:
    (project.folder / "seconds").write_text("3")
    (tmp_path / "other").mkdir()
    other = make_project(project.docker, tmp_path / "other", base)
    first = project.start("--scenario", "cold")
    wait_for(lambda: is_sleeping(project))
    second = other.start("--variant", "quick", "--scenario", "cold")
    ended = project.finish(first)
    ended_at = time.time()
    waited = other.finish(second)
    assert f"another run (process {first.pid}) uses this engine; waiting until it has ended" in waited.stderr
    assert ended.result.complete
    assert waited.result.complete
    assert "another run" not in ended.stderr
    assert other.result_file.stat().st_mtime >= ended_at - 2


def test_an_engine_that_dies_is_one_sentence_and_the_run_can_be_resumed(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a private engine needs root")
    name = f"lb-test-dying-{os.getpid()}"
    with _home():
        from layerbench.engine import start

        engine = start(name, fetch=True, suite=None, image_store="containerd", notify=print)
    try:
        docker = _client(engine)
        load_base(docker, BASE)
        project = make_project(docker, tmp_path, BASE)
        process = project.start()
        wait_for(lambda: is_sleeping(project))
        kill_daemon(name)
        ran = project.finish(process, exit_code=3)
        sentences = [line for line in ran.stderr.splitlines() if line.startswith("layerbench: ")][1:]
        assert sentences == [
            f"layerbench: what was measured is in {project.result_file}; "
            f"`layerbench run --resume {project.result_file}` does the rest",
            "layerbench: the Docker Engine died in the middle of a build; start it again (its log says why)",
        ]
        assert list(project.beside("tmp").iterdir()) == []
        assert [build.variant for build in ran.result.builds] == ["quick"]
        with _home():
            engine = start(name, fetch=True, suite=None, image_store="containerd", notify=print)
        project.docker = _client(engine)
        (project.folder / "seconds").write_text("0")
        project.run("--resume", str(project.result_file), output="")
        assert json.loads(project.result_file.read_text())["complete"]
        assert docker.ask("image", "ls", "--quiet", "--filter", "reference=layerbench-run/*") == ""
    finally:
        with _home():
            stop(name, purge=True, notify=print)


def kill_daemon(name: str) -> None:
    with _home():
        process_id = status(name).process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)


def test_ctrl_c_while_waiting_for_another_run(project: Project, tmp_path: Path, base: str) -> None:
    (project.folder / "seconds").write_text("3")
    (tmp_path / "other").mkdir()
    other = make_project(project.docker, tmp_path / "other", base)
    first = project.start("--variant", "slow", "--scenario", "cold")
    wait_for(lambda: is_sleeping(project))
    second = other.start()
    assert second.stderr is not None
    assert "another run" in second.stderr.readline()
    second.send_signal(signal.SIGINT)
    ran = other.finish(second, exit_code=130)
    assert ran.stderr.splitlines() == ["layerbench: interrupted"]
    assert not other.result_file.exists()
    assert subprocess.Popen.wait(first, 60) == 0
