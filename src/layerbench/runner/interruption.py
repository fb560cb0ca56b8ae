"""Ctrl-C, SIGTERM and the end of the terminal: the first one stops the run, and none disturbs the clean-up."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS = 3.0
"""For so long after an interruption further ones are taken for the same: a person leans on Ctrl-C."""


class _Interruptions:
    """What this process was sent, and whether it may be disturbed now."""

    def __init__(self) -> None:
        self.shields = 0
        self.last_seconds: float | None = None

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt, unless something is being cleaned up or the last one was just now.

        The pause closes the gaps between an exception on its way up and the `shielded` that it passes through.
        """
        now = time.monotonic()
        if self.shields or (self.last_seconds is not None and now - self.last_seconds < _AGAIN_SECONDS):
            return
        self.last_seconds = now
        raise KeyboardInterrupt


_interruptions = _Interruptions()


def install_handlers() -> None:
    """Make each of the signals end the program as Ctrl-C does; what is ignored, as under nohup, stays ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interruptions.handle)


def ignore_from_now_on() -> None:
    """Of a program that has been interrupted and is about to leave: let nothing change its exit code.

    While the interpreter ends, it puts handlers written in Python back to the default, by which a signal kills.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Let no interruption in for as long as the context lasts: a second Ctrl-C must not leave things behind.

    It holds for the handlers of `install_handlers`; children need a session of their own.
    """
    _interruptions.shields += 1
    try:
        yield
    finally:
        _interruptions.shields -= 1
