"""Times of two sides compared as whole builds and step by step, with one limit on wrong claims for both together."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.comparison.models import StepTime
from layerbench.analysis.comparison.steps import match_steps
from layerbench.analysis.paired import LEAST_NOISE_FLOOR, PairedTimes, compare_times, compared_rounds
from layerbench.analysis.paired_claims import MOST_STEPS, claim_limits
from layerbench.analysis.steps import StepKey, is_valid, keyed_steps, scenario_cells
from layerbench.results.models import Build, Step

LEAST_SHARE = 0.05
"""Of the build: what is shorter matters to nobody, even doubled."""
LEAST_SECONDS = 0.1
LEAST_DIFFERENCE_SECONDS = 0.005
"""What starting a container and reading a clock differ by, however often it is repeated."""


@dataclass(frozen=True, slots=True)
class BuildTimes:
    """Two variants' builds in one scenario, compared."""

    total: PairedTimes
    steps: tuple[StepTime, ...]
    """The longest first."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A step that is compared."""

    base: tuple[Step, ...]
    """One a round."""
    head: tuple[Step, ...]
    pooled_seconds: float
    """Median over both sides."""


def compare_build_times(base: Sequence[Build], head: Sequence[Build], *, looks: int = 1) -> BuildTimes | None:
    """Compare the builds' times, and those of the longest steps that ran on both sides.

    Args:
        base: builds of one variant in one scenario.
        head: builds of one variant in the same scenario.
        looks: how often, this time included, a run that goes on until it is decided asks for `slower` or `faster`.

    Returns:
        None where no round has a time of both.
    """
    before, after = _by_round(base), _by_round(head)
    base_wall, head_wall = _wall_seconds(before), _wall_seconds(after)
    rounds = compared_rounds(base_wall, head_wall)
    candidates = _candidates([before[at] for at in rounds], [after[at] for at in rounds])
    limits = claim_limits(len(rounds), looks, len(candidates))
    total = compare_times(base_wall, head_wall, significance=limits.total)
    if total is None:
        return None
    timed = zip(candidates, limits.steps, strict=True)
    return BuildTimes(total, tuple(_step_time(rounds, candidate, limit) for candidate, limit in timed))


def _by_round(builds: Sequence[Build]) -> dict[int, Build]:
    return {build.round: build for build in builds if is_valid(build) and build.wall_seconds is not None}


def _wall_seconds(builds: dict[int, Build]) -> dict[int, float]:
    return {at: build.wall_seconds for at, build in builds.items() if build.wall_seconds is not None}


def _candidates(base: Sequence[Build], head: Sequence[Build]) -> tuple[_Candidate, ...]:
    """The steps to compare, the longest first.

    They are chosen by what both sides took together: who swaps the sides gets the same ones. A choice by the
    difference would make each claim on them a wrong one more often than its p-value says.
    """
    if not base:
        return ()
    walls = (build.wall_seconds for build in (*base, *head) if build.wall_seconds is not None)
    least = max(LEAST_SECONDS, LEAST_SHARE * statistics.median(walls))
    found = [one for one in _ran_on_both_sides(base, head) if one.pooled_seconds >= least]
    return tuple(sorted(found, key=lambda one: -one.pooled_seconds)[:MOST_STEPS])


def _ran_on_both_sides(base: Sequence[Build], head: Sequence[Build]) -> Iterator[_Candidate]:
    before, after = [dict(keyed_steps(build)) for build in base], [dict(keyed_steps(build)) for build in head]
    for base_key, head_key in match_steps(scenario_cells(base), scenario_cells(head)):
        left, right = _ran_always(before, base_key), _ran_always(after, head_key)
        if left and right:
            yield _Candidate(left, right, statistics.median(map(_seconds, (*left, *right))))


def _ran_always(builds: Sequence[dict[StepKey, Step]], key: StepKey) -> tuple[Step, ...]:
    """The step in each build; nothing where a build did not run it, or did not time it."""
    steps = tuple(steps[key] for steps in builds if key in steps)
    return steps if len(steps) == len(builds) and all(_seconds(step) > 0 for step in steps) else ()


def _seconds(step: Step) -> float:
    return step.seconds if step.cached is False and step.seconds is not None else 0.0


def _step_time(rounds: Sequence[int], step: _Candidate, significance: float) -> StepTime:
    base, head = (dict(zip(rounds, map(_seconds, side), strict=True)) for side in (step.base, step.head))
    floor = max(LEAST_NOISE_FLOOR, LEAST_DIFFERENCE_SECONDS / step.pooled_seconds)
    time = compare_times(base, head, significance=significance, least_noise_floor=floor)
    assert time is not None  # noqa: S101 - a candidate has a time in every round
    return StepTime(
        instruction=step.head[0].instruction,
        stage=step.head[0].stage,
        line_base=step.base[0].line_start,
        line_head=step.head[0].line_start,
        seconds_base=statistics.median(base.values()),
        seconds_head=statistics.median(head.values()),
        time=time,
    )
