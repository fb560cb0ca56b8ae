"""Which times of two results that were measured in turns need more rounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from layerbench.analysis.comparison.comparable import is_same_scenario
from layerbench.analysis.paired import PairedTimes, compare_times
from layerbench.analysis.steps import is_valid
from layerbench.results.models import Result

LOOK_EVERY_ROUNDS = 10
"""Slower or faster is asked for after every so many rounds only: each look is one more chance to be wrong."""


@dataclass(frozen=True, slots=True)
class UndecidedTime:
    """A variant in a scenario, of which it cannot be said yet whether one side is slower."""

    variant: str
    scenario: str
    rounds_needed: int | None
    """To see a difference of 5 %; None where that is not known."""

    def told(self) -> str:
        """For people: `multi, edit-deps (about 14 rounds would do)`."""
        more = f" (about {self.rounds_needed} rounds would do)" if self.rounds_needed else ""
        return f"{self.variant}, {self.scenario}{more}"


def looks_of(most_rounds: int) -> int:
    """How often a run of at most so many rounds asks whether one side is slower, its end included."""
    return max(1, math.ceil(most_rounds / LOOK_EVERY_ROUNDS))


def undecided_times(base: Result, head: Result, most_rounds: int) -> tuple[UndecidedTime, ...]:
    """The times on which no verdict can be given yet.

    That there is no difference may be found after any round; it claims nothing. That there is one is found at a look
    only (docs/statistics.md, "Going on until it is decided").

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
            first, second = (_seconds(result, variant.name, scenario.name) for result in (base, head))
            found = compare_times(first, second, looks=looks_of(most_rounds))
            if found is not None and not _is_decided(found, most_rounds):
                yield UndecidedTime(variant.name, scenario.name, found.rounds_needed)


def _is_decided(found: PairedTimes, most_rounds: int) -> bool:
    is_look = found.rounds % LOOK_EVERY_ROUNDS == 0 or found.rounds >= most_rounds
    return found.verdict == "no-difference" or (is_look and found.verdict != "undecided")


def _seconds(result: Result, variant: str, scenario: str) -> dict[int, float]:
    return {
        build.round: build.wall_seconds
        for build in result.builds
        if (build.variant, build.scenario) == (variant, scenario) and is_valid(build) and build.wall_seconds is not None
    }
