"""Causes out of the records alone, where it was not kept what a build was made from."""

from __future__ import annotations

from collections.abc import Mapping

from layerbench.analysis.explain.models import Cause
from layerbench.analysis.explain.places import step_name
from layerbench.results.models import Build

NO_INPUTS = "what the build was made from was not recorded"


def cause_from_records(build: Build, at: int, causes: Mapping[int, Cause], reference: Build | None) -> Cause:
    """Why a step ran, as far as the records of two builds tell.

    Args:
        build: the record.
        at: position of the step.
        causes: of the steps before it that ran.
        reference: the record to hold it against.
    """
    step = build.steps[at]
    name = step_name(at, step)
    if reference is not None and all(
        (other.stage, other.instruction) != (step.stage, step.instruction) for other in reference.steps
    ):
        return Cause("instruction", name, "the instruction is new or changed", new=step.instruction)
    parent = parent_that_ran(build, at, causes)
    return parent if parent is not None else Cause("unknown", name, NO_INPUTS)


def parent_that_ran(build: Build, at: int, causes: Mapping[int, Cause]) -> Cause | None:
    """The cause of a step whose stage had run before it; None where it had not."""
    step = build.steps[at]
    above = [
        position
        for position in step.inputs
        if position in causes and (build.steps[position].stage == step.stage or len(step.inputs) == 1)
    ]
    if not above:
        return None
    nearest = max(above)
    cause = causes[nearest]
    first = cause.first if cause.kind in ("parent", "stage-output") else None
    text = f"{_shortened(build.steps[nearest].instruction)} above it ran"
    return Cause("parent", first or step_name(nearest, build.steps[nearest]), text)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
