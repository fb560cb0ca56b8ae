"""What a history keeps of a run, and what is found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TrendMetric = Literal[
    "seconds",
    "compressed_bytes",
    "uncompressed_bytes",
    "redeploy_bytes",
    "waste_bytes",
    "layers",
    "cached_steps",
]


@dataclass(frozen=True, slots=True)
class LineKey:
    """What is drawn as one line: only figures of one key compare."""

    bench: str
    variant: str
    scenario: str
    metric: TrendMetric
    definition: str
    """Digest of the variant's and the scenario's own definition in the bench file: another edit is another line."""
    conditions: str
    """What figures of this metric have to share: of times the machine and the builder, of bytes the platform and the
    image store, in words."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a run; in seconds, bytes or a count, as the metric is."""

    key: LineKey
    value: float
    """The median over the builds that count."""
    low: float
    high: float
    count: int
    """Builds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run in a history."""

    digest: str
    """sha256 of the result file, which tells it apart from all others."""
    path: str
    """Where the result file was when it was added."""
    bench: str
    bench_digest: str
    started_at: str
    """ISO 8601 with the offset of UTC."""
    complete: bool
    commit: str | None
    """Full id; None where the run was measured outside of a repository, or before runs noted it."""
    branch: str | None
    is_dirty: bool | None
    committed_at: str | None
    machine: str
    """In words."""
    builder: str
    tool_version: str

    @property
    def label(self) -> str:
        """For people: the commit's first letters, with `+` where files were changed; else when it was measured."""
        if self.commit is None:
            return self.started_at[:16].replace("T", " ")
        return f"{self.commit[:10]}{'+' if self.is_dirty else ''}"


@dataclass(frozen=True, slots=True)
class Point:
    """One figure on a line."""

    entry: Entry
    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class LevelChange:
    """A place where a line's level changed."""

    position: int
    """Of the first point at the new level."""
    before: float
    """The level up to there: the median of its points."""
    after: float
    cause: str | None = None
    """In words, where the result files are still there to tell."""

    @property
    def ratio(self) -> float | None:
        """New level over old one; None where the old one is nothing to divide by."""
        return self.after / self.before if self.before > 0 else None


def is_worse(metric: TrendMetric, change: LevelChange) -> bool:
    """Whether a level went the wrong way: up, but for cached steps."""
    return (change.after > change.before) != (metric == "cached_steps")


@dataclass(frozen=True, slots=True)
class Line:
    """A figure over commits, oldest first."""

    key: LineKey
    points: tuple[Point, ...]
    changes: tuple[LevelChange, ...]
