"""Steps that are the same in two runs and ran all the same, for each run has a cache of its own."""

from __future__ import annotations

from dataclasses import replace

from layerbench.analysis.explain.explainer import KnownBuild, explain_build
from layerbench.analysis.explain.models import Cause, ExplainedStep
from layerbench.cachekeys.verdicts import NOTHING_CHANGED

_OTHER_CACHE = "nothing of it changed since the base, whose cache this run did not have"


def with_own_causes(
    steps: tuple[ExplainedStep, ...], known: KnownBuild, filler: KnownBuild | None
) -> tuple[ExplainedStep, ...]:
    """The steps of a build, those that are as in the base explained by what filled the build's own cache.

    Args:
        steps: held against the base.
        known: their build.
        filler: the build of the same run that filled its cache; None where there is none.
    """
    if not any(map(_is_as_in_base, steps)):
        return steps
    own = explain_build(known, filler, is_cold=False) if filler is not None else ()
    by_position = {one.step.position: one for one in own}
    return tuple(
        _explained(step, by_position.get(step.step.position)) if _is_as_in_base(step) else step for step in steps
    )


def _is_as_in_base(step: ExplainedStep) -> bool:
    """Whether a step ran, or the first one did, although its key is that of the base."""
    return any(
        cause is not None and (cause.kind == "cache-missing" or cause.text == NOTHING_CHANGED)
        for cause in (step.cause, step.first_cause)
    )


def _explained(step: ExplainedStep, own: ExplainedStep | None) -> ExplainedStep:
    if own is None or own.cause is None or own.cause.kind == "unknown":
        cause = Cause("cache-missing", step.step, _OTHER_CACHE)
        return replace(step, certainty="derived", cause=cause, first_cause=None)
    first = own.first_cause
    if first is not None:  # which is told in the place of the step's own, or behind it
        return replace(step, certainty=own.certainty, cause=own.cause, first_cause=_told(first))
    return replace(step, certainty=own.certainty, cause=_told(own.cause), first_cause=None)


def _told(cause: Cause) -> Cause:
    return replace(cause, text=f"{cause.text}, as in the base")
