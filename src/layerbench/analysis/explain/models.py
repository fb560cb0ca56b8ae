"""Explanations: of each step of a build, why it ran or why it hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layerbench.context.models import FileChange

CauseKind = Literal[
    "files", "instruction", "base", "remote-source", "option", "parent", "stage-output", "cache-missing", "unknown"
]
Certainty = Literal["proven", "derived", "unknown"]
StepOutcome = Literal["ran", "hit"]


@dataclass(frozen=True, slots=True)
class StepName:
    """A step of a build, by its place in the Dockerfile."""

    position: int
    """In the build's `steps`."""
    stage: str | None
    index: int
    instruction: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a step ran."""

    kind: CauseKind
    first: StepName | None
    """Where it began: for `parent` and `stage-output` a step above, whose own cause is no `parent`; else the step."""
    text: str
    """A clause in plain words: `app.py changed (content)`, `ARG VERSION was 1, is 2`."""
    files: tuple[FileChange, ...] = ()
    """Those that this step, or the first one, really selects."""
    old: str | None = None
    """What the text, digest or value was, where it is one."""
    new: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step of a build."""

    variant: str
    scenario: str
    round: int
    step: StepName
    outcome: StepOutcome
    certainty: Certainty
    cause: Cause | None
    """Of a step that ran; None of a hit."""
    first_cause: Cause | None = None
    """The cause of `cause.first`, where that is another step."""
    reason: str | None = None
    """Of a hit, why it could be one although something above it changed; None where nothing did."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every explained step of what was asked for."""

    steps: tuple[ExplainedStep, ...]
    notes: tuple[str, ...] = ()
    """Each a sentence: what could not be explained, and why."""

    @property
    def unknown_count(self) -> int:
        """Steps that ran for a cause that is not known."""
        return sum(step.cause is not None and step.cause.kind == "unknown" for step in self.steps)
