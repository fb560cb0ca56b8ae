"""Round after round until every time is decided, or rounds or time are used up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from layerbench.ab.joining import Joined
from layerbench.buildx.trace import Trace
from layerbench.plan import PlannedBuild
from layerbench.results.models import Build, Result
from layerbench.runner.connect import Connection
from layerbench.runner.observer import Observer
from layerbench.runner.records import bench_record
from layerbench.runner.session import RunOptions, Session
from layerbench.runner.start import start_result

End = Literal["decided", "rounds", "time-budget"]


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop though something is undecided."""

    rounds: int
    seconds: float | None = None
    """No round is begun that would end later than that, by what the rounds before took; the first one always is."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of all rounds."""

    result: Result
    end: End
    rounds: int
    undecided: tuple[str, ...]
    """What is, each in words."""


def measure(
    joined: Joined,
    connection: Connection,
    options: RunOptions,
    limits: Limits,
    observer: Observer,
    save: Callable[[Result], None],
    undecided: Callable[[], tuple[str, ...]],
) -> Measured:
    """Build all that is planned, one round after the other. The engine's lock is the caller's.

    Args:
        joined: what is run.
        connection: to the engine.
        options: of each round; images are run in the first one only.
        limits: on rounds and time.
        observer: told of the course.
        save: given the joined result after each build.
        undecided: what of that which was saved last needs more rounds.

    Raises:
        EngineError: the engine died, or a base cannot be had.
        KeyboardInterrupt: the run was interrupted; what was measured was given to `save`.
    """
    begin = time.monotonic()
    watching = _AllRounds(observer, limits.rounds)
    result = start_result(joined.for_round(1), connection, None)
    for number in range(1, limits.rounds + 1):
        bench = joined.for_round(number)
        start = replace(result, finished_at=None, complete=False, bench=bench_record(bench))
        of_round = replace(options, smoke=options.smoke and number == 1)
        ended = Session(bench, connection, of_round, watching, save).run(start)
        # In the order in which they were built: the session would put earlier rounds into this round's order.
        builds = tuple(build for build in ended.builds if build.round == number)
        result = replace(ended, builds=(*result.builds, *builds))
        save(result)
        left = undecided()
        if not left:
            return Measured(result, "decided", number, ())
        spent = time.monotonic() - begin
        if limits.seconds is not None and number < limits.rounds and spent * (number + 1) / number > limits.seconds:
            return Measured(result, "time-budget", number, left)
    return Measured(result, "rounds", limits.rounds, left)


class _AllRounds:
    """Makes of the sessions of all rounds one run for who watches."""

    def __init__(self, observer: Observer, rounds: int) -> None:
        self._observer = observer
        self._rounds = rounds
        self._has_begun = False

    def note(self, text: str) -> None:
        self._observer.note(text)

    def begin(self, total: int) -> None:
        if not self._has_begun:
            self._observer.begin(total * self._rounds)
            self._has_begun = True

    def preparing(self, what: str) -> None:
        self._observer.preparing(what)

    def build_begins(self, planned: PlannedBuild) -> None:
        self._observer.build_begins(planned)

    def build_moves(self, trace: Trace) -> None:
        self._observer.build_moves(trace)

    def build_ends(self, build: Build) -> None:
        self._observer.build_ends(build)

    def end(self) -> None:
        self._observer.end()
