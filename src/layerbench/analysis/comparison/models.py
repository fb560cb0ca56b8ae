"""What a comparison starts from and what it finds. Every difference is what head has more (positive) or less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from layerbench.analysis.stats import ByteSpread, Spread
from layerbench.results.models import Build, CompressedBytesSource, Result

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageContents, ImageDiff
    from layerbench.analysis.paired import PairedTimes

Contents: TypeAlias = "Callable[[Build], ImageContents | None]"
"""Opens the image of a build; None where its files were not kept."""


def no_contents(_: Build) -> ImageContents | None:
    """For results without a side file: bytes are compared, and nothing says where they come from."""
    return None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a result, or one variant of it."""

    name: str
    """As the person called it, such as `main.json` or `result.json:multi`."""
    result: Result
    variant: str | None = None
    """None for all variants, which are matched by name."""
    contents: Contents = no_contents


@dataclass(frozen=True, slots=True)
class StepChange:
    """A step that is cached on one side only."""

    instruction: str
    """On the side where it ran."""
    stage: str | None
    line_base: int | None
    """First line in base's Dockerfile, from 1."""
    line_head: int | None
    seconds: float | None
    """What it took where it ran: the median over the rounds in which it did."""
    rounds_ran: int
    rounds: int
    """Builds that count on the side where it ran; cached in the others."""
    cause: str | None = None
    """Why it ran there, back to the first cause; None where what the build was made from does not tell."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """A step that ran on both sides in every round that is compared, and is long enough to compare its time."""

    instruction: str
    """As head has it."""
    stage: str | None
    """Likewise."""
    line_base: int | None
    """First line in base's Dockerfile, from 1."""
    line_head: int | None
    seconds_base: float
    """Median over the rounds."""
    seconds_head: float
    time: PairedTimes


@dataclass(frozen=True, slots=True)
class SideFigures:
    """What one side measured in a scenario, over the builds that count; None is unknown."""

    wall_seconds: Spread | None
    compressed_bytes: int | None
    """Of the image that stands for the side: the median one."""
    uncompressed_bytes: int | None
    compressed_bytes_source: CompressedBytesSource | None
    redeploy_bytes: ByteSpread | None
    """Only where the scenario is an edit."""


@dataclass(frozen=True, slots=True)
class ScenarioPair:
    """A variant of base and one of head in a scenario that both have."""

    variant_base: str
    variant_head: str
    scenario: str
    kind: Literal["cold", "warm", "edit"]
    description: str | None
    base: SideFigures
    head: SideFigures
    time: PairedTimes | None
    """None where no round was measured on both sides."""
    time_causes: str
    """Which steps make a difference in time that is claimed, as the end of a sentence; empty where none stands out."""
    steps_lost: tuple[StepChange, ...]
    """Cached in all rounds of base, not so in head."""
    steps_won: tuple[StepChange, ...]
    """Cached in all rounds of head, not so in base."""
    compressed_bytes_delta: int | None
    """None where one side has no image, or where the two sides' compressed bytes do not mean the same."""
    uncompressed_bytes_delta: int | None
    diff: ImageDiff | None
    """Where the bytes come from; None where a side's files were not kept."""
    notes: tuple[str, ...]
    """What does not compare or did not work, each a sentence."""
    step_times: tuple[StepTime, ...] = ()
    """The longest steps that ran on both sides, the longest first; empty where times do not compare."""

    @property
    def steps_slower(self) -> tuple[StepTime, ...]:
        """Those that take longer in head, whatever the total does."""
        return tuple(step for step in self.step_times if step.time.verdict == "slower")

    @property
    def steps_faster(self) -> tuple[StepTime, ...]:
        """Those that take less in head."""
        return tuple(step for step in self.step_times if step.time.verdict == "faster")


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that two sides have in common, held against each other, in base's order."""

    base: Side
    head: Side
    pairs: tuple[ScenarioPair, ...]
    notes: tuple[str, ...]
    """What was not compared and why, what is on one side only, and what the figures rest on, each a sentence."""
