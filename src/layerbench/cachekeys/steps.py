"""The steps that a build will have, each with all that decides whether it hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from layerbench.cachekeys.layers import Content

StepKind = Literal["source", "run", "copy", "workdir"]
OriginKind = Literal["context", "stage", "image", "remote", "inline"]


@dataclass(frozen=True, slots=True)
class PlannedContent:
    """What a step reads from one source, compared by content."""

    kind: OriginKind
    name: str
    """Of a context (empty for the main one), a stage, an image, a URL, or a heredoc."""
    content: Content
    source_step: int | None = None
    """Of a stage: the position of its last step."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a build, named as the result file names it."""

    position: int
    """In the plan."""
    kind: StepKind
    stage: str | None
    index: int
    count: int
    instruction: str
    """As docker prints it, variables filled in."""
    line: int | None
    aliases: tuple[tuple[str | None, int], ...]
    """Stage and index of every place that this step stands for: equal steps of several stages are one."""
    operation: Mapping[str, str] = field(default_factory=dict)
    """What of the instruction, its surroundings and the invocation enters its key, by name."""
    parent: int | None = None
    """Position of the step that it builds on; None on scratch."""
    contents: tuple[PlannedContent, ...] = ()
    is_linked: bool = False
    """`COPY --link`: the copy hits whatever it builds on, and only its link is made anew."""
    written: str = ""
    """The instruction as the Dockerfile has it, heredocs included."""
    above: tuple[str, ...] = ()
    """Instructions of its stage between it and the step before it, such as ENV and LABEL."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Those that are set where it stands, whether they enter its key or not."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """`ARG` or `ENV`, by variable."""
    base: str = ""
    """What stands for the named context that it builds on in an image's place."""

    @property
    def is_source(self) -> bool:
        """Whether it is a FROM: it has no outcome."""
        return self.kind == "source"


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """The steps of the needed stages, as a record has them."""

    steps: tuple[PlannedStep, ...]
    stages: Sequence[str | None] = ()
    """Names of the Dockerfile's stages, in its order."""
