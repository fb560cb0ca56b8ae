"""The pytest plugin with real builds: a process of its own runs pytest on a project's tests of its Dockerfiles."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient
from tests.e2e.project import Project, processes_with, wait_for
from tests.pytest_plugin.sessions import plugin_arguments

pytestmark = pytest.mark.e2e

BENCH = """\
[variants.copied-first]
[variants.naive]
"""
COPIED_FIRST = """\
FROM {base}
COPY deps.txt .
RUN cat deps.txt > /installed
COPY . .
CMD ["cat", "/installed"]
"""
NAIVE = """\
FROM {base}
COPY . .
RUN cat deps.txt > /installed
CMD ["cat", "/installed"]
"""
TESTS = """\
import os
from pathlib import Path


def note(name, run):
    # What this process was told of a build that others ask for, too.
    with Path(os.environ["NOTES"], name).open("a") as file:
        file.write(f"{run.build.wall_seconds}\\n")


def test_a_source_edit_does_not_install_again(layerbench):
    run = layerbench.run("copied-first", edit={"append": "app.py"})
    assert run.step("RUN cat*").cached
    assert run.step("COPY . .").ran
    assert not run.step("RUN cat*").ran
    assert run.image.compressed_bytes < 10_000_000
    assert len(run.image.layers) == 4
    note("first", run)


def test_the_same_edit_with_another_test(layerbench):
    run = layerbench.run("copied-first", edit={"append": "app.py"})
    assert run.seconds < 60
    assert run.context_bytes < 10_000
    note("first", run)


def test_the_naive_one(layerbench):
    run = layerbench.run("naive", edit={"append": "app.py"})
    assert run.step("RUN cat*").cached


def test_limit(layerbench):
    assert layerbench.run("naive", edit={"append": "app.py"}).image.compressed_bytes < 1_000


def test_plain():
    pass
"""


@pytest.fixture
def project(
    containerd_docker: DockerClient, base_of: Callable[[DockerClient], str], tmp_path: Path
) -> Iterator[Project]:
    made = Project(containerd_docker, tmp_path / "app")
    base = base_of(containerd_docker)
    made.write(
        {
            "layerbench.toml": BENCH,
            "copied-first.Dockerfile": COPIED_FIRST.format(base=base),
            "naive.Dockerfile": NAIVE.format(base=base),
            "app.py": "print(1)\n",
            "deps.txt": "x==1.0\n",
            "test_image.py": TESTS,
            "pytest.ini": "[pytest]\n",
        }
    )
    made.beside("notes").mkdir()
    yield made
    made.kill()


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Start pytest in the project, where it leaves nothing itself."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={project.beside('pytest')}"]
    process = subprocess.Popen(
        [*command, *plugin_arguments(), *arguments],
        cwd=project.folder,
        env={**project.variables(), "PYTHONDONTWRITEBYTECODE": "1", "NOTES": str(project.beside("notes"))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    project.started.append(process)
    return process


def run_pytest(project: Project, *arguments: str) -> tuple[int, str]:
    process = start(project, *arguments)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def test_passing_and_failing_tests_and_what_they_show(project: Project) -> None:
    with project.unharmed():
        code, output = run_pytest(project, "-p", "no:xdist")
    assert code == 1, output
    assert "2 failed, 3 passed" in output
    cause = 'for "COPY . ." (line 2) before it ran: app.py changed (content)'
    assert re.search(rf"^E +assert not cached: it ran for .* s, {re.escape(cause)}$", output, re.MULTILINE)
    table = output[output.index("- layerbench: naive after append app.py -") :]
    assert re.search(r"^ +1  FROM layerbench-test/base:1 +-$", table, re.MULTILINE)
    assert re.search(r"^ +2  COPY \. \. +[\d.<]+ s +\d+ B$", table, re.MULTILINE)
    assert re.search(r"^ +3  RUN cat deps\.txt > /installed +[\d.<]+ s +\d+ B$", table, re.MULTILINE)
    assert re.search(r"^E +assert [\d,]+ \(.* MB\) < 1,000, by .* MB$", output, re.MULTILINE)
    assert re.search(r"^E +.* MB compressed, +.* MB uncompressed: the base$", output, re.MULTILINE)
    assert len((project.beside("notes") / "first").read_text().splitlines()) == 2


def test_two_processes_take_turns_and_build_what_both_ask_for_once(project: Project) -> None:
    with project.unharmed():
        code, output = run_pytest(project, "-n", "2", "--dist=load", "-m", "layerbench", "-k", "edit or naive")
    assert code == 1, output
    assert "1 failed, 2 passed" in output
    assert "layerbench: naive after append app.py" in output
    [one, other] = (project.beside("notes") / "first").read_text().splitlines()
    assert one == other


def test_an_interrupted_session_leaves_nothing_behind(project: Project) -> None:
    marker = f"4{project.folder.stat().st_ino}"
    base = (project.folder / "naive.Dockerfile").read_text().partition("\n")[0]
    project.write({"slow.Dockerfile": f"{base}\nRUN sleep {marker}\n"})
    project.write({"test_image.py": 'def test_it(layerbench):\n    layerbench.run(dockerfile="slow.Dockerfile")\n'})
    with project.unharmed():
        process = start(project, "-p", "no:xdist")
        wait_for(lambda: processes_with(f"sleep\0{marker}"))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == pytest.ExitCode.INTERRUPTED, output
        wait_for(lambda: not processes_with(f"sleep\0{marker}"))


def test_without_an_engine_the_sentence_is_the_reason(project: Project) -> None:
    project.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    code, output = run_pytest(project, "-p", "no:xdist", "-k", "naive")
    assert code == 1, output
    assert re.search(r"^FAILED test_image.py::test_the_naive_one - ", output, re.MULTILINE)
    assert "Traceback" not in output
    code, output = run_pytest(project, "-p", "no:xdist", "-k", "naive", "--layerbench-no-engine=skip")
    assert code == 0, output
    assert "1 skipped" in output
