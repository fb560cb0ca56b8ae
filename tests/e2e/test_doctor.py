"""`layerbench doctor` with real engines."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient, engine_facts
from layerbench.runner.lock import engine_lock
from tests.e2e.conftest import BASE

pytestmark = pytest.mark.e2e


class Doctor:
    """Runs the command in a folder of its own."""

    def __init__(self, folder: Path, docker: DockerClient) -> None:
        self.folder = folder
        self.environment = {
            **docker.environ(),
            "XDG_STATE_HOME": str(folder / "state"),
            "LAYERBENCH_HOME": str(folder / "engines"),
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        }

    def write(self, dockerfile: str, more: str = "") -> None:
        """Make a bench file with one variant."""
        (self.folder / "Dockerfile").write_text(dockerfile)
        text = f'name = "app"\n[variants.one]\ndockerfile = "Dockerfile"\n{more}'
        (self.folder / "layerbench.toml").write_text(text)

    def __call__(self, *arguments: str, **environment: str) -> tuple[int, list[dict[str, str | None]]]:
        """Exit code and checks."""
        done = subprocess.run(
            [sys.executable, "-m", "layerbench", "doctor", "--json", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)["checks"]


@pytest.fixture
def doctor(tmp_path: Path, docker: DockerClient) -> Doctor:
    """The command, told of the engine of the test."""
    return Doctor(tmp_path, docker)


def _of(checks: list[dict[str, str | None]], name: str) -> list[tuple[str | None, str]]:
    return [(check["state"], check["detail"] or "") for check in checks if check["name"] == name]


def _temporary_images(docker: DockerClient) -> set[str]:
    listed = docker.ask("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
    return {line for line in listed if line.startswith("layerbench-run/")}


def test_a_run_can_start(doctor: Doctor, docker: DockerClient, base: str) -> None:
    doctor.write(f"# syntax={base}-no-frontend\nFROM {base}\nRUN true\n")
    code, checks = doctor()
    assert code == 0, checks
    assert {check["state"] for check in checks} <= {"ok", "warning"}
    facts = engine_facts(docker)
    ((_, engine),) = _of(checks, "engine")
    assert (facts.version or "-") in engine
    assert engine.endswith(f"{facts.image_store} image store")
    ((_, builder),) = _of(checks, "builder")
    assert builder.startswith('"default", driver docker, ')
    ((state, found),) = _of(checks, "base")
    assert state == "ok"
    assert found.startswith(f"{base} is an image of the engine")
    ((state, frontend),) = _of(checks, "frontend")
    assert state == "warning"
    assert frontend.endswith("the engine's built-in frontend serves, for one")
    ((_, disk),) = _of(checks, "engine's disk")
    assert disk.endswith(f" free in {facts.root}")


def test_base_that_cannot_be_had(doctor: Doctor) -> None:
    missing = f"registry.invalid/{secrets.token_hex(4)}:1"
    doctor.write(f"FROM {missing}\n")
    code, checks = doctor()
    assert code == 3
    ((state, detail),) = _of(checks, "base")
    assert state == "missing"
    assert detail.startswith(f'the base "{missing}" cannot be had (')
    mend = next(check["mend"] for check in checks if check["name"] == "base")
    assert (mend or "").startswith("reach its registry, or name a stand-in under [bases]")


def test_stand_in(doctor: Doctor, docker: DockerClient, base: str) -> None:
    missing = f"registry.invalid/{secrets.token_hex(4)}:1"
    doctor.write(f"FROM {missing}\n", f'[bases]\n"{missing}" = "docker-image://{base}"\n')
    before = _temporary_images(docker)
    code, checks = doctor()
    assert code == 0, checks
    ((state, detail),) = _of(checks, "base")
    assert state == "ok"
    assert detail.startswith(f"{missing} cannot be pulled; its stand-in docker-image://{base} serves")
    assert _temporary_images(docker) == before


def test_bases_are_not_tried_while_a_run_measures(doctor: Doctor, docker: DockerClient, base: str) -> None:
    doctor.write(f"FROM {base}\n")
    with engine_lock(engine_facts(docker).id or "engine", print):
        code, checks = doctor()
    assert code == 0
    ((state, detail),) = _of(checks, "bases")
    assert state == "warning"
    assert detail.startswith("not tried: another run (process ")


def test_builder_that_is_not_there(doctor: Doctor) -> None:
    code, checks = doctor("--builder", "nowhere")
    assert code == 3
    assert _of(checks, "builder") == [("missing", 'builder nowhere: no builder "nowhere" found')]
    assert [state for state, _ in _of(checks, "engine")] == ["ok"]


def test_no_engine(doctor: Doctor) -> None:
    code, checks = doctor(DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert code == 3
    ((state, detail),) = _of(checks, "engine")
    assert state == "missing"
    assert detail.startswith("no Docker Engine answers: ")
    assert [state for state, _ in _of(checks, "buildx")] == ["ok"]


def test_nothing_is_left(doctor: Doctor, docker: DockerClient, base_of: Callable[[DockerClient], str]) -> None:
    assert base_of(docker) == BASE
    doctor.write(f"FROM {BASE}\nRUN true\n")
    temporary = doctor.folder / "tmp"
    temporary.mkdir()
    images = _temporary_images(docker)
    assert doctor(TMPDIR=str(temporary))[0] == 0
    assert list(temporary.iterdir()) == []
    assert _temporary_images(docker) == images
