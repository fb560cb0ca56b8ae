"""How far stages were built at the same time, and how far they could have been."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

from layerbench.analysis.critical_path.models import StageOverlap
from layerbench.analysis.critical_path.network import input_order, work_intervals
from layerbench.results.models import Step

Intervals = list[tuple[float, float]]
_LEAST_SECONDS = 0.001
"""Less work that could be done at the same time is none."""


def stage_name(step: Step) -> str:
    """Platform and stage, as BuildKit prints them in its brackets; empty where there is only one stage."""
    return " ".join(part for part in (step.platform, step.stage) if part)


def stage_overlaps(steps: Sequence[Step]) -> tuple[StageOverlap, ...]:
    """The pairs of stages that need not wait for each other, those with the most time to gain first."""
    stages: defaultdict[str, list[int]] = defaultdict(list)
    for position, step in enumerate(steps):
        stages[stage_name(step)].append(position)
    if len(stages) < 2:
        return ()
    related = _related(steps)
    pairs = (_pair(steps, stages, related, *names) for names in itertools.combinations(stages, 2))
    found = [pair for pair in pairs if pair.possible_seconds >= _LEAST_SECONDS]
    return tuple(sorted(found, key=lambda pair: pair.overlap_seconds - pair.possible_seconds))


def merged(intervals: Iterable[tuple[float, float]]) -> Intervals:
    """The same time in intervals that do not overlap, in order."""
    found: Intervals = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _pair(
    steps: Sequence[Step], stages: dict[str, list[int]], related: Sequence[int], first: str, second: str
) -> StageOverlap:
    mine, others = _free(stages[first], stages[second], related), _free(stages[second], stages[first], related)
    possible = min(_seconds(_work(steps, mine)), _seconds(_work(steps, others)))
    overlap = _common_seconds(_work(steps, stages[first]), _work(steps, stages[second]))
    return StageOverlap(first, second, min(overlap, possible), possible)


def _free(stage: Sequence[int], other: Sequence[int], related: Sequence[int]) -> list[int]:
    """The steps of a stage that could be at work beside some step of the other."""
    mask = sum(1 << position for position in other)
    return [position for position in stage if mask & ~related[position]]


def _related(steps: Sequence[Step]) -> list[int]:
    """For each step, as bits: those that it waits for, in turn, and those that wait for it."""
    above = [0] * len(steps)
    order = input_order(steps)
    for position in order:
        for needed in steps[position].inputs:
            if 0 <= needed < len(steps):
                above[position] |= above[needed] | 1 << needed
    below = [0] * len(steps)
    for position in reversed(order):
        for needed in steps[position].inputs:
            if 0 <= needed < len(steps):
                below[needed] |= below[position] | 1 << position
    return [above[position] | below[position] for position in range(len(steps))]


def _work(steps: Sequence[Step], positions: Iterable[int]) -> Intervals:
    return merged(interval for position in positions for interval in work_intervals(steps[position]))


def _seconds(intervals: Intervals) -> float:
    return sum(end - start for start, end in intervals)


def _common_seconds(one: Intervals, other: Intervals) -> float:
    total, at, beside = 0.0, 0, 0
    while at < len(one) and beside < len(other):
        total += max(0.0, min(one[at][1], other[beside][1]) - max(one[at][0], other[beside][0]))
        if one[at][1] <= other[beside][1]:
            at += 1
        else:
            beside += 1
    return total
