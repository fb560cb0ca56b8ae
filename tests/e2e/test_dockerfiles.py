"""Claims on Dockerfiles as a team would test its own, with the plugin: on both image stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient
from layerbench.pytest_plugin.fixture import Layerbench
from layerbench.pytest_plugin.outcome import RunOutcome
from tests.e2e.test_run import DEPENDENCY, DOCKERFILE, FILES, SOURCE

pytestmark = pytest.mark.e2e
_DECIDING = ("DOCKER_HOST", "DOCKER_CONFIG", "BUILDX_CONFIG", "PATH")


@pytest.fixture
def folder(
    docker: DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The context, and the engine of the test as the one that `docker` itself would use."""
    for name in _DECIDING:
        value = docker.environ().get(name)
        if value is not None:
            monkeypatch.setenv(name, value)
    # One folder a session, so that equal requests are built once.
    made = tmp_path_factory.getbasetemp() / "dockerfiles"
    made.mkdir(exist_ok=True)
    for name, text in {**FILES, "Dockerfile": DOCKERFILE.format(base=base)}.items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(text)
    yield made


def ran(run: RunOutcome) -> set[str]:
    return {step.instruction for step in run.steps if step.ran}


def test_cold_runs_all_and_warm_nothing(layerbench: Layerbench, folder: Path) -> None:
    cold, warm = layerbench.run(context=folder), layerbench.run(context=folder, warm=True)
    own = ("FROM", "WORKDIR")  # an older frontend shares WORKDIR with everyone's builds
    assert {bool(step.cached) for step in cold.steps if not step.instruction.startswith(own)} == {False}
    assert ran(warm) == set()
    assert warm.image.compressed_bytes == cold.image.compressed_bytes
    assert warm.image.uncompressed_bytes == cold.image.uncompressed_bytes


def test_a_source_edit_leaves_the_dependencies_alone(layerbench: Layerbench, folder: Path) -> None:
    run = layerbench.run(context=folder, edit={"append": "app.py"})
    assert ran(run) == SOURCE
    assert run.step("RUN sleep*", stage="builder").cached
    assert "COPY . ." in repr(run.step("RUN cat app.py*").ran)


def test_an_edit_that_is_ignored_runs_nothing(layerbench: Layerbench, folder: Path) -> None:
    assert ran(layerbench.run(context=folder, edit={"append": "notes.md"})) == set()


def test_a_changed_pin_runs_everything_that_rests_on_it(layerbench: Layerbench, folder: Path) -> None:
    run = layerbench.run(context=folder, edit={"replace": "deps.txt", "pattern": "1.0", "with": "{nonce}"})
    assert ran(run) == SOURCE | DEPENDENCY
    assert run.step("COPY --from=builder*").layer is not None
    assert run.step("COPY deps.txt .").layer is None  # it stays in the builder's stage
