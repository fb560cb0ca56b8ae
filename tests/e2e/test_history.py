"""A history of real commits, built for real: the commits at which a level changed are found, with their causes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from layerbench.buildx.docker import DockerClient
from tests.cli.process import layerbench
from tests.e2e.project import Project
from tests.repository.scratch import Scratch

pytestmark = pytest.mark.e2e

COMMITS = 12
LARGER_FROM = 4
SLOWER_FROM = 6
DOCKERFILE = """\
FROM {base}
WORKDIR /app
COPY seconds.txt .
RUN sleep "$(cat seconds.txt)"
COPY . .
"""


@pytest.fixture(scope="module")
def history(
    containerd_docker: DockerClient, base_of: Callable[[DockerClient], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Scratch, Path]]:
    """One run of every commit: at one of them a file comes in, at another a step begins to take three seconds.

    That is more than a busy machine adds: the test asks for the order of the times.
    """
    project = Project(containerd_docker, tmp_path_factory.mktemp("history") / "project")
    scratch = Scratch(project.folder)
    scratch.git("init", "--quiet", "--initial-branch=main")
    project.write(
        {
            "Dockerfile": DOCKERFILE.format(base=base_of(containerd_docker)),
            "layerbench.toml": "name = 'app'\nrounds = 1\n[variants.app]\ndockerfile = 'Dockerfile'\n",
            ".dockerignore": "*.toml\nDockerfile\n.git\n",
        }
    )
    file = project.beside("history.sqlite")
    for number in range(COMMITS):
        project.write({"app.py": f"print({number})\n", "seconds.txt": "3" if number >= SLOWER_FROM else "0"})
        if number == LARGER_FROM:
            (project.folder / "model.bin").write_bytes(random.Random(1).randbytes(3_000_000))
        scratch.commit(f"commit {number}")
        output = project.beside(f"result-{number}.json")
        project.run("--scenario", "cold", output=str(output))
        done = layerbench("history", "add", str(output), "--history", str(file), folder=project.folder)
        assert done.returncode == 0, done.stderr
    yield scratch, file
    project.kill()


def changes(history: tuple[Scratch, Path], metric: str) -> list[dict[str, Any]]:
    done = layerbench("history", "trend", "--history", str(history[1]), "--metric", metric, "--json", folder=Path())
    assert done.returncode == 0, done.stderr
    [line] = json.loads(done.stdout)["lines"]
    assert len(line["points"]) == COMMITS
    found: list[dict[str, Any]] = line["changes"]
    return found


def commit(history: tuple[Scratch, Path], number: int) -> str:
    return history[0].git("rev-parse", f"HEAD~{COMMITS - 1 - number}").decode().strip()


@pytest.mark.parametrize("metric", ["compressed_bytes", "uncompressed_bytes"])
def test_the_commit_that_brought_a_file_in_is_named_with_the_file(history: tuple[Scratch, Path], metric: str) -> None:
    [change] = changes(history, metric)
    assert change["commit"] == commit(history, LARGER_FROM)
    assert abs(change["after"] - change["before"] - 3_000_000) < 10_000
    assert "/app/model.bin" in change["cause"]


def test_the_commit_that_made_a_step_slower_is_named_with_the_step(history: tuple[Scratch, Path]) -> None:
    [change] = changes(history, "seconds")
    assert change["commit"] == commit(history, SLOWER_FROM)
    assert change["after"] - change["before"] == pytest.approx(3, abs=1.5)
    assert "sleep" in change["cause"]


@pytest.mark.parametrize("metric", ["layers", "cached_steps"])
def test_what_stayed_the_same_has_no_change(history: tuple[Scratch, Path], metric: str) -> None:
    assert changes(history, metric) == []
