"""One `docker buildx build` as a process that is watched, timed, and ended with all that belongs to it."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from layerbench.buildx.progress import ProgressDecoder
from layerbench.buildx.trace import Trace
from layerbench.errors import EngineError

_CHUNK_BYTES = 1 << 16
_PATIENCE_SECONDS = (1.0, 9.0)
"""What a build is given to end by itself after each SIGINT: shells that are just starting a program lose the first."""
_STRAGGLERS_SECONDS = 1.0
"""What the rest of its group is given beyond that."""
_UPDATE_SECONDS = 0.1
_LOOK_SECONDS = 0.5
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class FinishedBuild:
    """What a build process left behind."""

    trace: Trace
    text: tuple[str, ...]
    """Lines of the stream that were no progress: the explanation of a failure."""
    exit_code: int
    wall_seconds: float
    """From before the process was started until it was gone."""
    timed_out: bool
    started_nanoseconds: int | None = None
    """When the process was started, by this machine's clock, since 1970; the trace's times are by the builder's."""


def run_build(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    timeout_seconds: float | None = None,
    on_update: Callable[[Trace], None] | None = None,
) -> FinishedBuild:
    """Carry out one build and wait for its end.

    The process leads a session of its own, so that Ctrl-C in the terminal reaches this program alone; when it does,
    or when the time is up, the whole group gets SIGINT. BuildKit then stops the build; closing the pipe would not.
    What has not ended some seconds later is killed.

    Args:
        command: words of the process.
        environment: its whole environment.
        timeout_seconds: after which the build is ended.
        on_update: called with the state of the build, at most ten times a second.

    Raises:
        EngineError: the docker client cannot be started.
    """
    started_nanoseconds = time.time_ns()
    started = time.perf_counter()
    deadline = None if timeout_seconds is None else started + timeout_seconds
    watch: _Watch | None = None
    try:
        # An interruption between the start of the process and the line after it would leave the process behind.
        with _held_signals():
            watch = _Watch(_start(command, environment), on_update)
        in_time = watch.follow(deadline)
        if not in_time:
            watch.end()
    except BaseException:
        if watch is not None:
            watch.end()
        raise
    finally:
        if watch is not None:
            watch.close()
    wall_seconds = time.perf_counter() - started
    return FinishedBuild(
        watch.trace,
        tuple(watch.decoder.text),
        watch.process.returncode,
        wall_seconds,
        timed_out=not in_time,
        started_nanoseconds=started_nanoseconds,
    )


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(f"{command[0]} cannot be started: {error.strerror}; `layerbench doctor` says more") from None


class _Watch:
    """Reads a process's progress until it has ended, and ends it where it has to."""

    def __init__(self, process: subprocess.Popen[bytes], on_update: Callable[[Trace], None] | None) -> None:
        self.process = process
        self.trace = Trace()
        self.decoder = ProgressDecoder()
        self._on_update = on_update
        self._next_update = 0.0

    def follow(self, deadline: float | None) -> bool:
        """Feed the trace until the process has ended (True), or until the deadline (False)."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._stderr(), selectors.EVENT_READ)
            while True:
                if deadline is not None and time.perf_counter() >= deadline:
                    return False
                if selector.select(self._patience_seconds(deadline)):
                    if not self._read():
                        break
                elif self.process.poll() is not None:
                    break  # something that it has left behind holds the pipe open
                self._show()
        return self._wait(deadline)

    def end(self) -> None:
        """SIGINT to the whole group, as Ctrl-C would; SIGKILL to what does not hear it. The output is read on.

        Another interruption meanwhile kills at once.
        """
        self._on_update = None
        try:
            for patience_seconds in _PATIENCE_SECONDS:
                self._signal(signal.SIGINT)
                if self.follow(time.perf_counter() + patience_seconds):
                    break
            deadline = time.perf_counter() + _STRAGGLERS_SECONDS
            while self._signal(0) and time.perf_counter() < deadline:
                time.sleep(_POLL_SECONDS)
        finally:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def close(self) -> None:
        """Take in what is left, and let go of the pipe."""
        for message in self.decoder.close():
            self.trace.add(message)
        if self.process.stderr is not None:
            self.process.stderr.close()

    def _stderr(self) -> int:
        assert self.process.stderr is not None  # noqa: S101 - it was opened as a pipe
        return self.process.stderr.fileno()

    def _read(self) -> bool:
        """Take in what there is; False at the end."""
        chunk = os.read(self._stderr(), _CHUNK_BYTES)
        for message in self.decoder.feed(chunk):
            self.trace.add(message)
        return bool(chunk)

    def _wait(self, deadline: float | None) -> bool:
        try:
            self.process.wait(None if deadline is None else max(0.0, deadline - time.perf_counter()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _patience_seconds(self, deadline: float | None) -> float:
        patience = _LOOK_SECONDS if self._on_update is None else _UPDATE_SECONDS
        return patience if deadline is None else max(0.0, min(patience, deadline - time.perf_counter()))

    def _show(self) -> None:
        now = time.perf_counter()
        if self._on_update is not None and now >= self._next_update:
            self._next_update = now + _UPDATE_SECONDS
            self._on_update(self.trace)

    def _signal(self, number: int) -> bool:
        """Send a signal to the group; False where nothing of it is left."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True


@contextlib.contextmanager
def _held_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the context has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, hold)
    try:
        yield
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)
        for held in came:
            signal.raise_signal(held)
