"""A build as a network of activities: when each was at work, and which others it had to wait for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from layerbench.results.models import Build, Step

ActivityKind = Literal["step", "transfer", "export", "end"]
_MOMENT_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Activity:
    """A time of work. A step has several where it was at work several times, as `COPY --link` is."""

    kind: ActivityKind
    step: int | None
    start: float
    """Seconds from the build's start, as all times here."""
    end: float
    after: tuple[int, ...]
    """Indices of the activities that have to end first; all are smaller than its own."""
    owns_gap: bool = False
    """Whether the time between the end of what it waits for and its start would go with it: BuildKit does there what
    the step needs, such as hashing what it copies. Not where nothing ran before: then the gap is the build's own."""

    @property
    def seconds(self) -> float:
        """How long it is at work."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Network:
    """The activities of a build, each behind those that it waits for; the last one is the build's end, of no length."""

    activities: tuple[Activity, ...]
    begin: float
    """When the client was started: 0 or below."""

    @property
    def end(self) -> Activity:
        """The build's end."""
        return self.activities[-1]

    @property
    def elapsed_seconds(self) -> float:
        """From the client's start to its end."""
        return self.end.end - self.begin

    def last_predecessor(self, activity: Activity) -> int | None:
        """The one that it really waited for: of those that it has to wait for, the one that ended last."""
        return max(
            activity.after, key=lambda at: (self.activities[at].end, self.activities[at].start, at), default=None
        )

    def ready(self, activity: Activity) -> float:
        """When the last one that it waits for had ended; 0, the build's start, where it waits for none."""
        last = self.last_predecessor(activity)
        return 0.0 if last is None else self.activities[last].end


def network(build: Build) -> Network | None:
    """The activities of a build; None where the record does not say of a single step when it was at work.

    Transfer and export alone would make a path that charges the work of all steps to the build's own gaps.
    """
    return _Maker(build).network()


class _Maker:
    """Adds activities one behind the other."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._activities: list[Activity] = []
        self._ends: dict[int, tuple[int, ...]] = {}
        """By step: what has to end so that all of it has ended; of a step without times, what it waits for."""

    def network(self) -> Network | None:
        build = self._build
        transfer = self._transfer()
        for position in input_order(build.steps):
            self._add_step(position, transfer)
        if not self._step_ends():
            return None
        self._add_export()
        startup = _known(build.startup_seconds) or 0.0
        last = max(activity.end for activity in self._activities)
        wall = _known(build.wall_seconds)
        end = last if wall is None else max(last, wall - startup)
        self._activities.append(Activity("end", None, end, end, self._final()))
        return Network(tuple(self._activities), -startup)

    def _transfer(self) -> tuple[int, ...]:
        start, seconds = _known(self._build.transfer_started_seconds), _known(self._build.transfer_seconds)
        if start is None or seconds is None:
            return ()
        return (self._add(Activity("transfer", None, start, start + seconds, ())),)

    def _add_step(self, position: int, transfer: tuple[int, ...]) -> None:
        step = self._build.steps[position]
        needed = [at for above in _inputs(step, position, self._build.steps) for at in self._ends.get(above, ())]
        needed += transfer if step.reads_context else ()
        pieces = tuple(_pieces(step))
        before: tuple[int, ...] = ()
        for number, (start, end) in enumerate(pieces, start=1):
            # What is at work before its inputs are there does not wait for them: the copy of a `COPY --link`.
            after = [at for at in needed if number == len(pieces) or self._activities[at].end <= end]
            after_all = tuple(sorted({*after, *before}))
            owns_gap = any(self._ran(at) for at in after_all)
            before = (self._add(Activity("step", position, start, end, after_all, owns_gap)),)
        self._ends[position] = before or tuple(sorted(set(needed)))

    def _add_export(self) -> None:
        seconds = _known(self._build.export_seconds)
        if seconds is None:
            return
        start = _known(self._build.export_started_seconds)
        if start is None:  # an older record; export follows the last step
            start = max(self._activities[at].end for at in self._step_ends())
        self._add(Activity("export", None, start, start + seconds, self._step_ends()))

    def _final(self) -> tuple[int, ...]:
        """What the build's end waits for: the export, all steps where there is none, the step that failed."""
        error = self._build.error
        if error is not None and error.step is not None and self._ends.get(error.step):
            return self._ends[error.step]
        return tuple(range(len(self._activities)))

    def _step_ends(self) -> tuple[int, ...]:
        return tuple(at for at, activity in enumerate(self._activities) if activity.kind == "step")

    def _ran(self, at: int) -> bool:
        step = self._activities[at].step
        return step is not None and self._build.steps[step].cached is False

    def _add(self, activity: Activity) -> int:
        self._activities.append(activity)
        return len(self._activities) - 1


def _pieces(step: Step) -> Iterator[tuple[float, float]]:
    """The times in which a step was at work and others could wait for it.

    BuildKit names a hit once more, for less than a moment, when a step begins that takes it up: that one did not wait
    for the hit but for what it needs besides.
    """
    for number, (start, end) in enumerate(work_intervals(step)):
        if number == 0 or not step.cached or end - start >= _MOMENT_SECONDS:
            yield start, end


def work_intervals(step: Step) -> Iterator[tuple[float, float]]:
    """Begin and end of each time that a step was at work; nothing where the record does not say when."""
    if step.intervals_seconds and all(map(_are_times, step.intervals_seconds)):
        yield from sorted((max(0.0, start), max(0.0, end)) for start, end in step.intervals_seconds)
        return
    start, seconds = _known(step.started_seconds), _known(step.seconds)
    if start is not None and seconds is not None:
        yield start, start + seconds


def input_order(steps: Sequence[Step]) -> tuple[int, ...]:
    """Positions of all steps, inputs first. Inputs that go round in a circle, which no build has, end somewhere."""
    order: list[int] = []
    seen: set[int] = set()
    for root in range(len(steps)):
        pending = [(root, False)]
        while pending:
            position, is_left = pending.pop()
            if is_left:
                order.append(position)
            elif position not in seen:
                seen.add(position)
                pending.append((position, True))
                pending += [(above, False) for above in reversed(_inputs(steps[position], position, steps))]
    return tuple(order)


def _inputs(step: Step, position: int, steps: Sequence[Step]) -> tuple[int, ...]:
    return tuple(above for above in step.inputs if 0 <= above < len(steps) and above != position)


def _are_times(interval: tuple[float, float]) -> bool:
    return all(map(math.isfinite, interval)) and interval[0] <= interval[1]


def _known(seconds: float | None) -> float | None:
    """A time that can be reckoned with; the builder's clock may have been set back meanwhile."""
    return None if seconds is None or not math.isfinite(seconds) else max(0.0, seconds)
