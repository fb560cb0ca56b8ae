"""Builds as processes, played by small programs; with a real build: tests/e2e/test_buildx.py."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench.buildx.process import FinishedBuild, run_build
from layerbench.buildx.trace import Trace
from layerbench.errors import EngineError
from tests.buildx.cases import NEW
from tests.buildx.streams import decoded, recording

_VERTEX = {"vertexes": [{"digest": "sha256:1", "name": "[1/1] FROM x", "started": "2026-01-02T03:04:05Z"}]}


def _play(script: str, *arguments: str, **options: object) -> FinishedBuild:
    """Run a shell script in place of a build."""
    return run_build(["sh", "-c", script, "sh", *arguments], os.environ, **options)  # type: ignore[arg-type]


def _is_alive(process_id: int) -> bool:
    """Whether a process still runs; one that is dead but that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _wait_until(condition: object, seconds: float = 30) -> float:
    """Wait for something to be so; returns how long it took."""
    started = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - started < seconds, "it took too long"
        time.sleep(0.01)
    return time.monotonic() - started


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Path]:
    """A file to which played builds write the ids of their processes; what is left of them is killed."""
    path = tmp_path / "pids"
    path.touch()
    yield path
    for process_id in map(int, path.read_text().split()):
        if _is_alive(process_id):
            os.kill(process_id, signal.SIGKILL)


def test_recorded_build_is_played_back(tmp_path: Path) -> None:
    stream = tmp_path / "stream"
    stream.write_bytes(recording(NEW, "failed-run"))
    finished = _play('cat "$1" >&2; exit 1', str(stream))
    assert finished.exit_code == 1
    assert not finished.timed_out
    assert finished.trace.vertices == decoded(NEW, "failed-run").trace.vertices
    assert finished.text[-1].endswith("exit code: 7")


def test_wall_time_is_the_processs() -> None:
    finished = _play("sleep 0.3")
    assert 0.3 <= finished.wall_seconds < 30


def test_standard_output_is_no_progress(capfd: pytest.CaptureFixture[str]) -> None:
    """`docker buildx build` prints the digest there where several are built."""
    assert _play("echo sha256:1; echo text >&2").text == ("text",)
    assert capfd.readouterr() == ("", "")


def test_build_gets_its_environment_and_no_input() -> None:
    finished = run_build(["sh", "-c", "cat; echo $ONLY $HOME >&2"], {"ONLY": "this", "PATH": os.defpath})
    assert finished.text == ("this",)


def test_last_line_may_have_no_end() -> None:
    assert _play('printf %s "$1" >&2', json.dumps(_VERTEX)).trace.vertices["sha256:1"].name == "[1/1] FROM x"


def test_updates_come_while_it_runs_but_not_too_often() -> None:
    times: list[float] = []
    names: list[str] = []

    def on_update(trace: Trace) -> None:
        times.append(time.perf_counter())
        running = trace.running()
        names.append(running.name if running else "")

    script = 'echo "$1" >&2; for i in $(seq 300); do echo "$1" >&2; done; sleep 0.6'
    _play(script, json.dumps(_VERTEX), on_update=on_update)
    assert names[-1] == "[1/1] FROM x"
    assert 3 <= len(times) <= 12
    assert all(later - earlier > 0.09 for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize("words", [["no-such-docker-client"], ["/"], ["/etc/hostname"]])
def test_client_that_cannot_be_started(words: list[str]) -> None:
    with pytest.raises(EngineError, match=r"cannot be started: .*; `layerbench doctor` says more"):
        run_build(words, os.environ)


def test_timeout_interrupts_as_ctrl_c_would(pids: Path) -> None:
    script = 'trap "echo was interrupted >&2; exit 130" INT; echo $$ >> "$1"; sleep 60 & echo $! >> "$1"; wait'
    finished = _play(script, str(pids), timeout_seconds=0.3)
    assert finished.timed_out
    assert finished.exit_code == 130
    assert finished.text == ("was interrupted",)
    assert 0.3 <= finished.wall_seconds < 5


def test_timeout_ends_the_whole_group(pids: Path) -> None:
    """Python leaves SIGINT alone in what it starts, a shell makes its background processes ignore it."""
    script = 'echo $$ >> "$1"; (trap "" INT; echo holds on >&2; sleep 60 & echo $! >> "$1"; wait) & wait'
    finished = _play(script, str(pids), timeout_seconds=0.5)
    assert finished.timed_out
    assert finished.wall_seconds < 5
    assert len(pids.read_text().split()) == 2
    _wait_until(lambda: not any(map(_is_alive, map(int, pids.read_text().split()))), 1)


def test_group_that_has_closed_its_output_is_ended_too(pids: Path) -> None:
    script = 'echo $$ >> "$1"; exec 2>/dev/null; sleep 60'
    finished = _play(script, str(pids), timeout_seconds=0.3)
    assert finished.timed_out
    assert finished.wall_seconds < 5
    assert not any(map(_is_alive, map(int, pids.read_text().split())))


def test_what_hears_nothing_is_killed(pids: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerbench.buildx.process._PATIENCE_SECONDS", (0.2, 0.2))
    script = "trap '' INT TERM; echo $$ >> \"$1\"; while :; do sleep 0.1; done"
    finished = _play(script, str(pids), timeout_seconds=0.2)
    assert finished.timed_out
    assert finished.exit_code == -signal.SIGKILL
    assert finished.wall_seconds < 5
    assert not _is_alive(int(pids.read_text()))


def test_build_that_prints_a_lot_when_it_is_ended_is_heard_out() -> None:
    """A full pipe would hold it, and it would have to be killed."""
    script = """trap 'trap "" INT; seq 1 200000 >&2; exit 130' INT; sleep 60 & wait"""
    finished = _play(script, timeout_seconds=0.3)
    assert finished.exit_code == 130
    assert finished.text[-1] == "200000"


def test_process_that_outlives_the_build_does_not_hold_it(pids: Path) -> None:
    """Something that has left the group, and holds the pipe open."""
    script = 'setsid sh -c "echo \\$\\$ >> $1; exec sleep 30" & sleep 0.2; echo text >&2'
    finished = _play(script, str(pids))
    assert finished.exit_code == 0
    assert finished.text == ("text",)
    assert finished.wall_seconds < 5


def test_no_timeout_leaves_time() -> None:
    assert not _play("sleep 0.2", timeout_seconds=30).timed_out


def test_error_while_it_is_shown_ends_the_build(pids: Path) -> None:
    def on_update(trace: Trace) -> None:
        raise RuntimeError("the terminal is gone")

    with pytest.raises(RuntimeError, match="the terminal is gone"):
        _play('echo $$ >> "$1"; echo x >&2; sleep 60', str(pids), on_update=on_update)
    assert not _is_alive(int(pids.read_text()))


def test_builds_may_run_beside_the_main_thread() -> None:
    finished: list[FinishedBuild] = []
    thread = threading.Thread(target=lambda: finished.append(_play("exit 3")))
    thread.start()
    thread.join(10)
    assert [one.exit_code for one in finished] == [3]


_PROGRAM = """
import os, sys, time
from layerbench.buildx.process import run_build
try:
    run_build(["sh", "-c", sys.argv[1], "sh", *sys.argv[2:]], os.environ)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


def test_ctrl_c_ends_the_build_and_goes_on_up(pids: Path) -> None:
    script = 'trap "exit 130" INT; echo $$ >> "$1"; sleep 60 & echo $! >> "$1"; wait'
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, script, str(pids)], stdout=subprocess.PIPE)
    _wait_until(lambda: len(pids.read_text().split()) == 2)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    output, _ = process.communicate(timeout=30)
    assert time.monotonic() - started < 20
    assert (output, process.returncode) == (b"interrupted\n", 130)
    assert not any(map(_is_alive, map(int, pids.read_text().split())))


def test_second_ctrl_c_kills_what_does_not_hear_the_first(pids: Path) -> None:
    script = "trap '' INT; echo $$ >> \"$1\"; while :; do sleep 0.1; done"
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, script, str(pids)], stdout=subprocess.PIPE)
    _wait_until(lambda: len(pids.read_text().split()) == 1)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert _is_alive(int(pids.read_text()))
    process.send_signal(signal.SIGINT)
    assert process.wait(5) != 0
    assert not _is_alive(int(pids.read_text()))


def test_interruption_while_the_process_starts_leaves_nothing_behind(pids: Path) -> None:
    """Ctrl-C at every moment of the start: where no process is known yet, none may be left."""
    program = (
        "import os, signal, subprocess, sys\n"
        "start = subprocess.Popen.__init__\n"
        "def interrupted(self, *arguments, **options):\n"
        "    start(self, *arguments, **options)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "subprocess.Popen.__init__ = interrupted\n" + _PROGRAM
    )
    script = 'echo $$ >> "$1"; exec sleep 60'
    done = subprocess.run([sys.executable, "-c", program, script, str(pids)], capture_output=True, timeout=20)
    assert (done.stdout, done.returncode) == (b"interrupted\n", 130), done.stderr
    time.sleep(0.2)
    assert not any(map(_is_alive, map(int, pids.read_text().split())))


def test_handlers_are_left_as_they_were() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    _play("true")
    with pytest.raises(EngineError):
        run_build(["no-such-docker-client"], os.environ)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
