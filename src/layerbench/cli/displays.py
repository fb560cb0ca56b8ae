"""What a person sees while a run goes on, on stderr: a line that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from layerbench.buildx.trace import Trace
from layerbench.plan import PlannedBuild
from layerbench.results.models import Build
from layerbench.runner.estimate import Durations, RestEstimate
from layerbench.runner.observer import Observer
from layerbench.runner.validity import cache_counts

_FRAMES_PER_SECOND = 4
"""Of the spinner: each costs processor time while a build is measured."""
_SPINNER_WIDTH = 3


class PlainDisplay:
    """A line for each build that ends, as a log wants it."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._encoding = _encoding()
        self._total = 0
        self._ended = 0
        self._shown_logs: set[tuple[str, ...]] = set()

    def note(self, text: str) -> None:
        """Print a note."""
        self._print(f"layerbench: {text}")

    def begin(self, total: int) -> None:
        """Say how many builds there will be."""
        self._total = total
        if not self._quiet:
            self._print(f"layerbench: {total} builds")

    def expect(self, durations: Durations, keys: list[tuple[str, str]]) -> None:
        """Nothing: a log gives no estimates."""

    def preparing(self, what: str) -> None:
        """Nothing: a log tells of what was done."""

    def build_begins(self, planned: PlannedBuild) -> None:
        """Nothing yet."""

    def build_moves(self, trace: Trace) -> None:
        """Nothing: a log has no moving line."""

    def build_ends(self, build: Build) -> None:
        """Print what came of a build; the log of a failed step only when it says something new."""
        self._ended += 1
        if self._quiet and build.outcome != "failed" and not build.invalid:
            return
        self._print(f"[{self._ended:>{len(str(self._total))}}/{self._total}] {ended_line(build)}")
        log = build.error.log_tail if build.error else ()
        if log and log not in self._shown_logs:
            self._shown_logs.add(log)
            for line in log:
                self._print(f"    {line}")

    def end(self) -> None:
        """Nothing is left to take away."""

    def _print(self, line: str) -> None:
        with contextlib.suppress(OSError):  # the reader or the terminal is gone; the run goes on for the result file
            print(self._printable(line), file=sys.stderr, flush=True)  # noqa: T201

    def _printable(self, text: str) -> str:
        """Text that the terminal can take: no control characters, nothing that its encoding does not know."""
        plain = "".join(character if character.isprintable() else " " for character in text)
        return plain.encode(self._encoding, "backslashreplace").decode(self._encoding)


class LiveDisplay(PlainDisplay):
    """The same lines, and below them one that says what is being built and how long the rest will take."""

    def __init__(self, console: Any) -> None:
        super().__init__()
        from rich.status import Status

        self._console = console
        self._is_ascii = self._encoding == "ascii"
        self._status = Status(
            "starting",
            console=console,
            spinner="line" if self._is_ascii else "dots",
            refresh_per_second=_FRAMES_PER_SECOND,
        )
        self._status.start()
        self._started = time.monotonic()
        self._estimate: RestEstimate | None = None
        self._planned: PlannedBuild | None = None

    def expect(self, durations: Durations, keys: list[tuple[str, str]]) -> None:
        """Know how long the planned builds took in an earlier run."""
        self._estimate = RestEstimate(durations, keys)

    def preparing(self, what: str) -> None:
        """Show the work around the builds."""
        self._show([what, self._times()])

    def build_begins(self, planned: PlannedBuild) -> None:
        """Show which build is under way."""
        self._planned = planned
        self._show_build("")

    def build_moves(self, trace: Trace) -> None:
        """Show the step that is running."""
        running = trace.running()
        self._show_build(running.name if running else "")

    def build_ends(self, build: Build) -> None:
        """Print the build's line above."""
        self._planned = None
        if self._estimate is not None:
            self._estimate.add(build)
        super().build_ends(build)
        self._show([self._times()])

    def end(self) -> None:
        """Take the moving line away."""
        with contextlib.suppress(OSError):
            self._status.stop()

    def _show_build(self, step: str) -> None:
        """Which build of how many, the times, and the step last: it is what a narrow terminal can cut off."""
        if self._planned is None:
            return
        planned = self._planned
        which = f"[{min(self._ended + 1, self._total)}/{self._total}] {planned.variant.name}, {planned.scenario.name}"
        self._show([f"{which}, round {planned.round}", self._times(), step])

    def _times(self) -> str:
        elapsed = f"{_clock(time.monotonic() - self._started)} elapsed"
        rest = self._estimate.seconds() if self._estimate is not None and self._total else None
        return elapsed if rest is None else f"{elapsed}, about {_clock(rest)} left"

    def _show(self, parts: list[str]) -> None:
        from rich.text import Text

        line = Text(self._printable((" - " if self._is_ascii else " · ").join(part for part in parts if part)))
        line.truncate(max(1, self._console.width - _SPINNER_WIDTH), overflow="crop" if self._is_ascii else "ellipsis")
        with contextlib.suppress(OSError):
            self._status.update(line)

    def _print(self, line: str) -> None:
        from rich.text import Text

        with contextlib.suppress(OSError):
            self._console.print(Text(self._printable(line)), soft_wrap=True)


@contextlib.contextmanager
def open_display(quiet: bool) -> Iterator[PlainDisplay]:
    """The display that fits stderr, taken away when the context ends."""
    display = _live_display() if sys.stderr.isatty() and not quiet else PlainDisplay(quiet)
    try:
        yield display
    finally:
        display.end()


def ended_line(build: Build) -> str:
    """One build in one line."""
    what = f"{build.variant}, {build.scenario}, round {build.round}:"
    if build.outcome == "cancelled":
        return f"{what} cancelled"
    if build.outcome == "failed":
        return f"{what} FAILED: {_failure(build)}"
    cached, count = cache_counts(build.steps)
    invalid = f", INVALID: {build.invalid}" if build.invalid else ""
    return f"{what} {build.wall_seconds or 0:.2f} s, {cached}/{count} steps cached{invalid}"


def _failure(build: Build) -> str:
    if build.error is None:
        return "no reason was given"
    step = build.steps[build.error.step] if build.error.step is not None else None
    line = f"line {step.line_start}: " if step and step.line_start else ""
    return f"{line}{build.error.message}"


def _live_display() -> PlainDisplay:
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal or console.is_dumb_terminal or os.environ.get("CI"):
        return PlainDisplay()
    return LiveDisplay(console)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _encoding() -> str:
    """What stderr's reader can take; asked before rich puts a stream of its own in its place."""
    from layerbench.report.terminal import is_ascii_only

    return "ascii" if is_ascii_only(sys.stderr.encoding) else sys.stderr.encoding


def as_observer(display: PlainDisplay) -> Observer:
    """Holds the displays to the runner's interface."""
    return display
