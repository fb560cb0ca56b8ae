"""Which steps of a build hit in the cache that another one filled, and what makes the others run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from layerbench.cachekeys.alignment import find_partners
from layerbench.cachekeys.keys import PlanKeys, all_keys
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.planning import plan_steps
from layerbench.cachekeys.reasons import Reasons
from layerbench.cachekeys.steps import BuildPlan, PlannedStep
from layerbench.cachekeys.verdicts import KeyPlace, Outcome, StepCause, Verdicts

__all__ = ["BuildComparison", "ComparedStep", "KeyPlace", "Outcome", "StepCause", "compare_builds"]


@dataclass(frozen=True, slots=True)
class ComparedStep:
    """One planned step of the new build."""

    step: PlannedStep
    outcome: Outcome | None
    """None of a source (FROM)."""
    certainty: Literal["derived", "unknown"]
    """`unknown` where it hangs on what a RUN writes, and `ran` is the safe answer."""
    cause: StepCause | None = None
    reason: str | None = None
    """Of a hit, why it could be one although something above it changed."""
    reference: int | None = None
    """Position in the reference's plan of the step that it is held against."""
    differs: frozenset[KeyPlace] = frozenset()
    """Where its key is certainly another than that step's."""
    may_differ: frozenset[KeyPlace] = frozenset()
    """Where it may be another, as far as one can know without the files that a RUN wrote."""


@dataclass(frozen=True, slots=True)
class BuildComparison:
    """Every planned step of the new build, in the order of the plan."""

    plan: BuildPlan
    reference: BuildPlan
    steps: tuple[ComparedStep, ...]


def compare_builds(
    reference: BuildInputs, new: BuildInputs, observed: Mapping[int, Outcome] | None = None
) -> BuildComparison:
    """Hold a build against the one that filled the cache.

    Args:
        reference: what filled the cache.
        new: what is built on it.
        observed: what really happened, by position in the new plan, where it is known; it decides where only a RUN's
            output could.

    Raises:
        UsageError: one of the Dockerfiles cannot be read.
    """
    return compare_plans(reference, plan_steps(reference), new, plan_steps(new), observed)


def compare_plans(
    reference: BuildInputs,
    reference_plan: BuildPlan,
    new: BuildInputs,
    plan: BuildPlan,
    observed: Mapping[int, Outcome] | None = None,
) -> BuildComparison:
    """The same for builds that are already planned."""
    walk = _Walk(reference, reference_plan, new, plan, observed or {})
    return BuildComparison(plan, reference_plan, tuple(walk.take(step) for step in plan.steps))


class _Walk:
    """Goes through the new plan; each step's verdict rests on those above it."""

    def __init__(
        self,
        reference: BuildInputs,
        reference_plan: BuildPlan,
        new: BuildInputs,
        plan: BuildPlan,
        observed: Mapping[int, Outcome],
    ) -> None:
        self._old = all_keys(reference_plan)
        # What was observed may set a key right, and with it those below.
        expected = all_keys(plan)
        self._new = PlanKeys(plan) if observed else expected
        self._filled = {key: at for at, key in reversed(list(enumerate(self._old.steps)))}
        self._copies = set(self._old.copies.values())
        hits = {self._filled[key]: at for at, key in enumerate(expected.steps) if key in self._filled}
        self._partners = find_partners(reference_plan, plan, hits)
        self._observed = observed
        self._verdicts = Verdicts(reference, new, self._old, self._new)
        self._reasons = Reasons(reference, new, self._old.plan)
        self._ran: set[int] = set()

    def take(self, step: PlannedStep) -> ComparedStep:
        key = self._new.of(step)
        found = self._source(step) if step.is_source else self._step(step, key)
        if found.outcome == "ran":
            self._ran.add(step.position)
        return found

    def _source(self, step: PlannedStep) -> ComparedStep:
        at = self._filled.get(self._new.steps[step.position], self._partners.get(step.position))
        return ComparedStep(step, None, "derived", reference=at)

    def _step(self, step: PlannedStep, key: str) -> ComparedStep:
        observed = self._observed.get(step.position)
        at = self._filled.get(key)
        if at is not None:
            return self._expected_hit(step, at, observed)
        partner = self._partners.get(step.position)
        old = self._old.plan.steps[partner] if partner is not None else None
        differences = self._verdicts.differences(step, old)
        if observed == "hit" and not differences.certain and partner is not None:
            # A RUN wrote what it had written before: from here on, all is as it was.
            self._new.steps[step.position] = self._old.steps[partner]
            self._new.runs[step.position] = self._old.runs[partner]
            self._new.written[step.position] = self._old.written[partner]
            return self._hit(step, partner)
        cause = self._verdicts.cause(
            step, old, differences, is_linked_only=self._new.copies.get(step.position) in self._copies
        )
        is_certain = bool(differences.certain) and self._verdicts.is_certain(cause, step)
        certainty: Literal["derived", "unknown"] = "derived" if is_certain or observed == "ran" else "unknown"
        if observed == "hit":
            self._verdicts.remember_hit(step, cause)
            reason = "an earlier build had already made this step"
            return ComparedStep(
                step, "hit", "unknown", cause, reason, partner, differences.certain, differences.possible
            )
        self._verdicts.remember(step, cause, is_certain=certainty == "derived")
        return ComparedStep(step, "ran", certainty, cause, None, partner, differences.certain, differences.possible)

    def _expected_hit(self, step: PlannedStep, at: int, observed: Outcome | None) -> ComparedStep:
        if observed != "ran":
            return self._hit(step, at)
        if step.kind == "run":
            self._new.runs[step.position] = f"again {self._new.runs[step.position]}"
        cause = self._verdicts.unexplained(step)
        self._verdicts.remember(step, cause, is_certain=False)
        return ComparedStep(step, "ran", "unknown", cause, None, at)

    def _hit(self, step: PlannedStep, at: int) -> ComparedStep:
        return ComparedStep(step, "hit", "derived", None, self._reasons.of(step, at, self._ran, self._new.plan), at)
