"""Which times of two results that were measured in turns need more rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.comparison.comparable import is_same_scenario
from layerbench.analysis.comparison.models import StepTime
from layerbench.analysis.comparison.step_times import compare_build_times
from layerbench.analysis.paired import PairedTimes
from layerbench.analysis.paired_claims import LOOK_EVERY_ROUNDS
from layerbench.analysis.paired_claims import looks_of as looks_of
from layerbench.analysis.wording import step_label
from layerbench.results.models import Build, Result


@dataclass(frozen=True, slots=True)
class UndecidedTime:
    """A variant in a scenario, of which it cannot be said yet whether one side is slower."""

    variant: str
    scenario: str
    rounds_needed: int | None
    """To see a difference of 5 %; None where that is not known."""
    step: str | None = None
    """The step of which that is so, in short, where the build as a whole has no difference; None for the build."""

    def told(self) -> str:
        """For people: `multi, edit-deps, RUN make (about 14 rounds would do)`."""
        more = f" (about {self.rounds_needed} rounds would do)" if self.rounds_needed else ""
        return f"{self.variant}, {self.scenario}{f', {self.step}' if self.step else ''}{more}"


def undecided_times(base: Result, head: Result, most_rounds: int) -> tuple[UndecidedTime, ...]:
    """The times on which no verdict can be given yet.

    That there is no difference may be found after any round; it claims nothing. That there is one is found at a look
    only (docs/statistics.md, "Going on until it is decided"). Where the builds as wholes have no difference, their
    longest steps may still have one, which more rounds would show: then the first of these steps is named.

    A scenario that is not the same on both sides, and one without a round in which both were built, are not among
    them: more rounds would not help.

    Args:
        base: measured so far.
        head: likewise, in turns.
        most_rounds: that the run may have.
    """
    return tuple(_undecided(base, head, most_rounds))


def _undecided(base: Result, head: Result, most_rounds: int) -> Iterator[UndecidedTime]:
    other = {scenario.name: scenario for scenario in base.bench.scenarios}
    for scenario in head.bench.scenarios:
        if scenario.name not in other or not is_same_scenario(other[scenario.name], scenario):
            continue
        for variant in head.bench.variants:
            first, second = (_builds(result, variant.name, scenario.name) for result in (base, head))
            found = compare_build_times(first, second, looks=looks_of(most_rounds))
            if found is None:
                continue
            if not _is_decided(found.total, most_rounds):
                yield UndecidedTime(variant.name, scenario.name, found.total.rounds_needed)
            elif found.total.verdict == "no-difference" and (step := _open_step(found.steps, most_rounds)):
                label = step_label(step.instruction)
                yield UndecidedTime(variant.name, scenario.name, step.time.rounds_needed, label)


def _is_decided(found: PairedTimes, most_rounds: int) -> bool:
    return found.verdict == "no-difference" or (_is_look(found, most_rounds) and found.verdict != "undecided")


def _is_look(found: PairedTimes, most_rounds: int) -> bool:
    return found.rounds % LOOK_EVERY_ROUNDS == 0 or found.rounds >= most_rounds


def _open_step(steps: Sequence[StepTime], most_rounds: int) -> StepTime | None:
    """The first step that is undecided though the rounds that there may be would decide it."""
    return next((step for step in steps if _is_open(step.time, most_rounds)), None)


def _is_open(found: PairedTimes, most_rounds: int) -> bool:
    """Whether a step is worth going on for: one that scatters too much for all the rounds there may be is not."""
    if _is_decided(found, most_rounds):
        return False
    return found.verdict != "undecided" or (found.rounds_needed is not None and found.rounds_needed <= most_rounds)


def _builds(result: Result, variant: str, scenario: str) -> tuple[Build, ...]:
    return tuple(build for build in result.builds if (build.variant, build.scenario) == (variant, scenario))
