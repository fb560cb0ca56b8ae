"""Predictions: which steps an edit runs again, in how many seconds, with how many bytes to transfer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from layerbench.analysis.explain.models import Cause, Certainty, StepName, StepOutcome


@dataclass(frozen=True, slots=True)
class ForeseenStep:
    """One step of a build that is yet to come, as the keys alone tell."""

    step: StepName
    outcome: StepOutcome
    certainty: Certainty
    cause: Cause | None = None
    missing: tuple[str, ...] = ()
    """Sources that are not in the context: the build fails at this step."""
    refusals: tuple[str, ...] = ()
    """Sentences on what else lets it fail."""


@dataclass(frozen=True, slots=True)
class PredictedStep:
    """One step of a build that is yet to come."""

    step: StepName
    outcome: StepOutcome
    certainty: Certainty
    """`derived` from keys alone; `unknown` where it hangs on what a RUN writes, and `ran` is the safe answer."""
    seconds: float | None
    """Median of the measured times of this step where it ran; 0 for a hit; None where it was never measured."""
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """One variant's build after an edit."""

    variant: str
    steps: tuple[PredictedStep, ...]
    total_seconds: float | None
    """Of the whole build: its steps, and what a build of this variant takes beside them. None where they were not
    measured, or the build will fail."""
    redeploy_bytes: int | None
    """Compressed bytes of layers that the edited image will not share with the one before."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasuredCosts:
    """What earlier builds of a variant took."""

    step_seconds: Mapping[int, float]
    """By position in the build's steps: the median where it ran."""
    other_seconds: float
    """The build's time beside its steps when everything hits."""
    export_seconds_by_step: Mapping[int, float]
    """What export costs more where that step's layer is new."""
    layer_bytes: Mapping[int, int]
    """Compressed bytes of the layer that a step makes, for steps of the final image."""
    wait_seconds: Mapping[int, float] = field(default_factory=dict)
    """Between the end of what a step builds on and its own start, where both ran: BuildKit hashes what is copied then,
    and counts that for no step."""
    new_layer_seconds: float = 0.0
    """What export costs more as soon as any layer is new, whatever its bytes."""
    inputs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Positions of the steps that a step builds on."""
    same_builds: Mapping[frozenset[int], SameBuilds] = field(default_factory=dict)
    """Measured builds, by the positions of all steps that ran in them."""


@dataclass(frozen=True, slots=True)
class SameBuilds:
    """Measured builds in which just the same steps ran."""

    scenarios: tuple[str, ...]
    step_seconds: Mapping[int, float]
    """Medians, by position."""
    wall_seconds: float
    """Median."""
    redeploy_bytes: int | None
    """Median; None where the images do not tell, or no scenario of these is an edit."""
