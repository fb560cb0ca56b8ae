"""One run at a time on an engine, with real processes."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench.errors import LayerbenchError
from layerbench.runner import lock
from layerbench.runner.lock import engine_lock

HOLDER = """
import sys, time
from layerbench.runner.lock import engine_lock
with engine_lock(sys.argv[1], lambda text: print(text, flush=True)):
    print("held", flush=True)
    sys.stdin.read()
print("released", flush=True)
"""


@pytest.fixture
def engine_id() -> Iterator[str]:
    """An engine that no other test has; its lock file is removed."""
    name = f"test-{secrets.token_hex(8)}"
    before = set(Path("/tmp").glob("layerbench-engine-*.lock"))
    yield name
    for path in set(Path("/tmp").glob("layerbench-engine-*.lock")) - before:
        path.unlink()


def hold(engine_id: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, engine_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def release(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()


def test_the_second_run_waits_and_says_for_whom(engine_id: str) -> None:
    first = hold(engine_id)
    assert line(first) == "held"
    second = hold(engine_id)
    assert line(second) == f"another run (process {first.pid}) uses this engine; waiting until it has ended"
    time.sleep(0.5)
    assert second.poll() is None
    release(first)
    assert line(second) == "held"
    release(second)
    assert first.wait(10) == second.wait(10) == 0


def test_another_temporary_folder_is_no_other_engine(engine_id: str, tmp_path: Path) -> None:
    first = hold(engine_id)
    assert line(first) == "held"
    second = hold(engine_id, TMPDIR=str(tmp_path))
    assert line(second).startswith("another run")
    release(first)
    assert line(second) == "held"
    release(second)
    second.wait(10)
    assert list(tmp_path.iterdir()) == []


def test_other_engines_are_free(engine_id: str) -> None:
    first = hold(engine_id)
    assert line(first) == "held"
    with engine_lock(f"{engine_id}-other", pytest.fail):
        pass
    release(first)
    first.wait(10)


def test_a_killed_run_holds_nothing(engine_id: str) -> None:
    first = hold(engine_id)
    assert line(first) == "held"
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    with engine_lock(engine_id, pytest.fail):
        pass


def test_a_waiting_run_can_be_interrupted(engine_id: str) -> None:
    first = hold(engine_id)
    assert line(first) == "held"
    second = hold(engine_id)
    assert line(second).startswith("another run")
    second.send_signal(signal.SIGINT)
    assert second.wait(10) != 0
    release(first)
    first.wait(10)


def test_a_lock_that_cannot_be_opened_is_named(engine_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lock, "_lock_folder", lambda: tmp_path)
    with engine_lock(engine_id, pytest.fail):
        [path] = tmp_path.iterdir()
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LayerbenchError, match=r"layerbench-engine-.* cannot be opened: .*; remove that file"):  # noqa: SIM117
        with engine_lock(engine_id, pytest.fail):
            pass
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_users_share_the_lock_whatever_their_umask(engine_id: str) -> None:
    script = f"import layerbench.runner.lock, os; os.umask(0o077); os.setuid(65534)\n{HOLDER}"
    first = subprocess.Popen(
        [sys.executable, "-c", script, engine_id], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert line(first) == "held"
    second = hold(engine_id)
    assert line(second).startswith("another run")
    release(first)
    assert line(second) == "held"
    release(second)
    assert second.wait(10) == 0
