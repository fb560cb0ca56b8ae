"""What is found about a build's time. Times are seconds from the build's start, the zero of `Step.started_seconds`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SegmentKind = Literal["step", "transfer", "export", "gap"]
GapKind = Literal["client-start", "before-steps", "between", "after"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the critical path."""

    kind: SegmentKind
    step: int | None
    """Position in `Build.steps`, None where it is no step."""
    start_seconds: float
    """Below 0 before the build's start, while the docker client starts."""
    end_seconds: float
    gap: GapKind | None = None
    """Of a gap, which: before the builder heard of the build; until the first activity (reading the Dockerfile,
    resolving bases); between two activities, which BuildKit charges to no step, such as hashing of content; after the
    last one, until the client has ended."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end_seconds - self.start_seconds


@dataclass(frozen=True, slots=True)
class StageOverlap:
    """How far two stages were built at the same time."""

    first: str
    second: str
    overlap_seconds: float
    """Time in which steps of both were at work."""
    possible_seconds: float
    """The most that it could be: the work of the stage that has less of it, steps left out that have to wait for the
    whole of the other stage, or the other stage for them."""


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The chain of activities and gaps that bounds a build: shortening anything else does not make it faster."""

    segments: tuple[Segment, ...]
    """From the start to the end without holes; the sum of their lengths is `elapsed_seconds`."""
    slack_seconds: Mapping[int, float]
    """By position in `Build.steps`: how much longer the step could take without the build taking longer; 0 on the
    path. Steps that were never started are not in it."""
    busy_seconds: float
    """Work of all steps, of the transfer and of the export, whether side by side or not."""
    elapsed_seconds: float
    """The whole build: `Build.wall_seconds` where that is known."""
    overlaps: tuple[StageOverlap, ...]
    """Pairs of stages that could be built at the same time, those with the most time to gain first."""

    @property
    def parallelism(self) -> float:
        """Activities that were at work at a time, on average; below 1 where time belongs to none."""
        return self.busy_seconds / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The same build without some steps."""

    positions: tuple[int, ...]
    """In `Build.steps`."""
    seconds: float
    """What the build would take."""
    saved_seconds: float
    """How much less that is; never below 0."""
