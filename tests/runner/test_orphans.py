"""Builds that outlived their run; played by sleeping processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from layerbench.runner.orphans import end_orphans, owner_variable

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")

RUN = """
import os, subprocess, sys
from layerbench.runner.orphans import owner_variable
ignore = "trap '' INT; " if "deaf" in sys.argv else ""
command = ["sh", "-c", f"{ignore}sleep 60; :"]
child = subprocess.Popen(command, env={**os.environ, **owner_variable()}, start_new_session=True)
print(child.pid, flush=True)
sys.stdin.read()
"""


def start_run(*arguments: str) -> tuple[subprocess.Popen[str], int]:
    """A run with a build; ids of both."""
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    return run, int(run.stdout.readline())


def group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(group: int) -> None:
    deadline = time.monotonic() + 5
    while group_is_there(group):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def groups() -> Iterator[list[int]]:
    found: list[int] = []
    yield found
    for group in found:
        if group_is_there(group):
            os.killpg(group, 9)


def test_the_build_of_a_dead_run_is_ended_and_that_of_a_living_one_is_not(groups: list[int]) -> None:
    living, its_build = start_run()
    dead, orphan = start_run()
    groups += [its_build, orphan]
    dead.kill()
    dead.wait()
    assert end_orphans() == 1
    wait_until_gone(orphan)
    assert group_is_there(its_build)
    living.kill()
    living.wait()
    assert end_orphans() == 1
    wait_until_gone(its_build)


def test_one_that_does_not_listen_is_killed(groups: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerbench.runner.orphans._PATIENCE_SECONDS", 0.3)
    dead, orphan = start_run("deaf")
    groups.append(orphan)
    time.sleep(0.2)  # until its shell has set the trap
    dead.kill()
    dead.wait()
    assert end_orphans() == 1
    wait_until_gone(orphan)


def test_own_builds_are_not_orphans() -> None:
    assert list(owner_variable()) == ["LAYERBENCH_OWNER"]
    child = subprocess.Popen(["sleep", "60"], env={**os.environ, **owner_variable()}, start_new_session=True)
    try:
        assert end_orphans() == 0
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()
