"""Why each step of a recorded build ran or hit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from layerbench.analysis.explain.models import Cause, Certainty, ExplainedStep, StepName
from layerbench.analysis.explain.places import planned_positions, step_name
from layerbench.analysis.explain.proof import judge
from layerbench.analysis.explain.recorded import cause_from_records, parent_that_ran
from layerbench.cachekeys.compare import BuildComparison, ComparedStep, Outcome, compare_plans
from layerbench.cachekeys.models import BuildInputs, BuildKeys
from layerbench.cachekeys.planning import plan_steps
from layerbench.cachekeys.steps import BuildPlan
from layerbench.cachekeys.verdicts import StepCause
from layerbench.errors import UsageError
from layerbench.results.models import Build

EMPTIED = "the cache was emptied for this scenario"
_SAME_KEY = "its key is the same as before, so its cache entry was removed, or was never written"


@dataclass(frozen=True, slots=True)
class KnownBuild:
    """A record with what it was made from and BuildKit's keys, as far as they were kept."""

    build: Build
    inputs: BuildInputs | None = None
    keys: BuildKeys | None = None
    plan: BuildPlan | None = None
    """Of the inputs, where it was already made."""


def explain_build(known: KnownBuild, reference: KnownBuild | None, *, is_cold: bool) -> tuple[ExplainedStep, ...]:
    """Explain each step of one build; sources (FROM) and steps that were never reached are left out.

    Args:
        known: the build to explain.
        reference: the build that filled the cache, or the one to hold it against; None where there is none.
        is_cold: whether the cache was emptied for the build.
    """
    return _Explainer(known, reference, is_cold).explain()


class _Explainer:
    def __init__(self, known: KnownBuild, reference: KnownBuild | None, is_cold: bool) -> None:
        self._known, self._reference, self._is_cold = known, reference, is_cold
        self._build = known.build
        self._causes: dict[int, Cause] = {}
        self._positions: dict[int, int] = {}
        self._reference_positions: dict[int, int] = {}
        self._comparison = self._compare()
        self._recorded = {planned: at for at, planned in self._positions.items()}

    def explain(self) -> tuple[ExplainedStep, ...]:
        steps = [self._step(at) for at, step in enumerate(self._build.steps) if step.cached is not None]
        return tuple(self._with_first(step) for step in steps)

    def _compare(self) -> BuildComparison | None:
        """The model's view, set right by what was recorded; None where one side's inputs are not known."""
        reference = self._reference
        if self._known.inputs is None or reference is None or reference.inputs is None:
            return None
        try:
            plan = self._known.plan or plan_steps(self._known.inputs)
            old_plan = reference.plan or plan_steps(reference.inputs)
        except UsageError:
            return None
        self._positions = planned_positions(self._build.steps, plan)
        old = planned_positions(reference.build.steps, old_plan)
        self._reference_positions = {planned: at for at, planned in old.items()}
        observed: dict[int, Outcome] = {}
        for at, planned in self._positions.items():
            cached = self._build.steps[at].cached
            # After an emptied cache, that a step ran says nothing of its key.
            if cached is not None and not (self._is_cold and not cached):
                observed[planned] = "hit" if cached else "ran"
        return compare_plans(reference.inputs, old_plan, self._known.inputs, plan, observed)

    def _step(self, at: int) -> ExplainedStep:
        step = self._build.steps[at]
        compared = self._compared(at)
        if step.cached:
            if compared is not None and compared.cause is not None:
                # It is another step than before: what ran below it began here.
                self._causes[at] = self._mapped(compared.cause, step_name(at, step))
            reason = compared.reason if compared is not None else None
            certainty: Certainty = compared.certainty if compared is not None else "derived"
            return self._explained(at, "hit", certainty, None, reason)
        cause, certainty = self._cause(at, compared)
        self._causes[at] = cause
        return self._explained(at, "ran", certainty, cause, None)

    def _compared(self, at: int) -> ComparedStep | None:
        planned = self._positions.get(at)
        return self._comparison.steps[planned] if self._comparison is not None and planned is not None else None

    def _cause(self, at: int, compared: ComparedStep | None) -> tuple[Cause, Certainty]:
        name = step_name(at, self._build.steps[at])
        if self._is_cold and (compared is None or compared.cause is None):
            return Cause("cache-missing", name, EMPTIED), "derived"
        if compared is None or compared.cause is None:
            found = self._from_records(at, name)
            return found, "unknown" if found.kind == "unknown" else "derived"
        reference_at = self._reference_positions.get(compared.reference) if compared.reference is not None else None
        old_keys = self._reference.keys if self._reference is not None else None
        verdict = judge(compared, at, self._known.keys, reference_at, old_keys)
        if verdict == "same":
            return Cause("cache-missing", name, _SAME_KEY), "proven"
        if compared.cause.kind == "unknown":
            # The plan does not know a base's own triggers; the record has them.
            found = parent_that_ran(self._build, at, self._unplanned_causes()) or self._mapped(compared.cause, name)
            return found, "unknown" if found.kind == "unknown" else "derived"
        if verdict == "contradicted":
            text = f"BuildKit's keys do not differ where they would have to if {compared.cause.text}"
            return Cause("unknown", name, text), "unknown"
        cause = self._mapped(compared.cause, name)
        if verdict == "proven":
            return cause, "proven"
        return cause, compared.certainty

    def _from_records(self, at: int, name: StepName) -> Cause:
        if self._comparison is None:
            reference = self._reference.build if self._reference is not None else None
            return cause_from_records(self._build, at, self._causes, reference)
        found = parent_that_ran(self._build, at, self._causes)
        return found or Cause(
            "unknown", name, "it is not in the Dockerfile as it was recorded; a base's trigger may be"
        )

    def _unplanned_causes(self) -> dict[int, Cause]:
        return {at: cause for at, cause in self._causes.items() if at not in self._positions}

    def _mapped(self, cause: StepCause, name: StepName) -> Cause:
        """A cause with its first step as the record has it."""
        at = self._recorded.get(cause.first)
        first = step_name(at, self._build.steps[at]) if at is not None else name
        return Cause(cause.kind, first, cause.text, cause.files, cause.old, cause.new)

    def _explained(
        self, at: int, outcome: Outcome, certainty: Certainty, cause: Cause | None, reason: str | None
    ) -> ExplainedStep:
        build = self._build
        name = step_name(at, build.steps[at])
        return ExplainedStep(build.variant, build.scenario, build.round, name, outcome, certainty, cause, reason=reason)

    def _with_first(self, step: ExplainedStep) -> ExplainedStep:
        """The cause of the step where it began, beside the step's own."""
        first = step.cause.first if step.cause is not None else None
        if first is None or first.position == step.step.position:
            return step
        return replace(step, first_cause=self._causes.get(first.position))
