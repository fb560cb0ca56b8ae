"""Telling a build that failed from an engine that did; one that dies really: tests/e2e/test_run_interrupted.py."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient
from layerbench.buildx.process import FinishedBuild
from layerbench.buildx.trace import Trace
from layerbench.errors import EngineError
from layerbench.runner import health
from layerbench.runner.health import check_engine
from tests.buildx.cases import ENGINES
from tests.buildx.streams import decoded

# What buildx 0.29 and 0.13 said when dockerd was killed in the middle of a RUN.
LOST = (
    "ERROR: failed to build: failed to receive status: rpc error: code = Unavailable desc = error reading from server: "
    "EOF",
    "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PAUSE_SECONDS", 0.01)


def docker(folder: Path, body: str) -> DockerClient:
    """A program in place of docker."""
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return DockerClient((str(path),), {"PATH": os.defpath})


def failed(*text: str, timed_out: bool = False) -> FinishedBuild:
    return FinishedBuild(Trace(), text, 1, 1.0, timed_out)


def test_an_engine_that_does_not_answer_any_more(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="the Docker Engine died in the middle of a build; start it again"):
        check_engine(docker(tmp_path, "exit 1"), failed("ERROR: anything"))


def test_an_engine_that_needs_a_moment_to_answer(tmp_path: Path) -> None:
    slow = docker(tmp_path, f'echo x >> {tmp_path}/asked; [ "$(wc -l < {tmp_path}/asked)" -ge 3 ]')
    check_engine(slow, failed("ERROR: failed to solve: no such image"))
    assert (tmp_path / "asked").read_text() == "x\n" * 3


@pytest.mark.parametrize("error", LOST)
def test_an_engine_that_died_and_is_back(tmp_path: Path, error: str) -> None:
    with pytest.raises(EngineError, match="the connection to the Docker Engine was lost in the middle of a build"):
        check_engine(docker(tmp_path, "exit 0"), failed("some text", error))


def test_builds_that_failed_by_themselves(tmp_path: Path) -> None:
    well = docker(tmp_path, "exit 0")
    check_engine(well, failed(LOST[0], timed_out=True))
    check_engine(well, failed("ERROR: failed to solve: base: not found"))
    for engine in ENGINES:
        # The words of a lost connection in a step's own log say nothing.
        recorded = decoded(engine, "failed-run")
        check_engine(well, FinishedBuild(recorded.trace, (*recorded.text, LOST[0]), 1, 1.0, timed_out=False))
