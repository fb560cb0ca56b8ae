"""Which steps of a build that is yet to come will run, as cache keys alone tell."""

from __future__ import annotations

from layerbench.analysis.explain.models import Cause, StepName
from layerbench.analysis.predict.models import ForeseenStep
from layerbench.cachekeys.compare import BuildComparison, ComparedStep, compare_builds
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.steps import BuildPlan, PlannedStep


def foresee(before: BuildInputs, after: BuildInputs) -> tuple[ForeseenStep, ...]:
    """The steps of a build whose cache was filled by another one; sources (FROM) are left out.

    Raises:
        UsageError: one of the Dockerfiles cannot be read.
    """
    return foreseen_steps(compare_builds(before, after))


def foreseen_steps(comparison: BuildComparison) -> tuple[ForeseenStep, ...]:
    """The same out of a comparison that was made."""
    plan = comparison.plan
    return tuple(
        ForeseenStep(
            step_name(one.step), one.outcome, one.certainty, _cause(plan, one), _missing(one.step), _refusals(one.step)
        )
        for one in comparison.steps
        if one.outcome is not None
    )


def step_name(step: PlannedStep) -> StepName:
    """The step as explanations and predictions name it."""
    return StepName(step.position, step.stage, step.index, step.instruction, step.line)


def _missing(step: PlannedStep) -> tuple[str, ...]:
    return tuple(path for read in step.contents for path in read.content.missing)


def _refusals(step: PlannedStep) -> tuple[str, ...]:
    return tuple(refusal for read in step.contents for refusal in read.content.refusals)


def _cause(plan: BuildPlan, compared: ComparedStep) -> Cause | None:
    cause = compared.cause
    if cause is None:
        return None
    first = next((step for step in plan.steps if step.position == cause.first), None)
    return Cause(cause.kind, step_name(first) if first else None, cause.text, cause.files, cause.old, cause.new)
