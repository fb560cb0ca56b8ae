"""Two git states held against each other by their files alone: what HEAD would run on the cache that BASE filled."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from layerbench.ab.loading import load_sides, told_of
from layerbench.ab.states import find_states, lay_out
from layerbench.analysis.explain.models import Cause, ExplainedStep, Explanation
from layerbench.analysis.predict.foresee import foreseen_steps, step_name
from layerbench.analysis.predict.models import ForeseenStep
from layerbench.cachekeys.compare import BuildComparison, compare_plans
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.steps import BuildPlan
from layerbench.config.models import Variant
from layerbench.config.select import select
from layerbench.errors import UsageError
from layerbench.foresight.change import of_each, plan_of
from layerbench.foresight.sources import SourceReader

Note = Callable[[str], None]
_NOTHING_BUILT = "nothing was built: the steps are predicted from Dockerfiles and files"


def explain_states(base: str, head: str, bench_file: Path | None, variants: Sequence[str], note: Note) -> Explanation:
    """Explain the build of one commit on the cache of another, for each variant that both have.

    Args:
        base: the commit that filled the cache.
        head: the one that is built.
        bench_file: by its place in the checkout; None for the usual one.
        variants: only these; none for all.
        note: is told what cannot be looked at.

    Raises:
        UsageError: no repository, no such commit, no bench file, or no variant that both have.
    """
    states = find_states(base, head, bench_file)
    with tempfile.TemporaryDirectory(prefix="layerbench-") as temporary:
        sides = lay_out(states, Path(temporary), (), note)
        before, after = load_sides(sides["base"], sides["head"], states.place, os.environ, note)
        # Told of the commit's own files, not of where they lie for now.
        with told_of(sides["head"]):
            wanted = select(after, variants, (), None).variants
        known = {variant.name: variant for variant in before.variants}
        missing = [variant.name for variant in wanted if variant.name not in known]
        reader = SourceReader(note)
        scenario = f"{base} -> {head}"
        pairs = [(known[variant.name], variant) for variant in wanted if variant.name in known]
        left_out: list[str] = []

        def explained(pair: tuple[Variant, Variant]) -> tuple[ExplainedStep, ...]:
            with told_of(sides["base"]):
                before_it = _planned(reader, pair[0])
            with told_of(sides["head"]):
                after_it = _planned(reader, pair[1])
            return tuple(_explained(compare_plans(*before_it, *after_it), pair[1].name, scenario))

        steps = tuple(
            step for found in of_each(pairs, lambda pair: pair[1].name, explained, left_out) for step in found
        )
    if not pairs:
        raise UsageError(f"{base} and {head} have no variant in common: there is nothing to hold against each other")
    notes = [_NOTHING_BUILT, *(f"{base} has no variant {name}" for name in missing), *left_out]
    return Explanation(steps, tuple(notes))


def _planned(reader: SourceReader, variant: Variant) -> tuple[BuildInputs, BuildPlan]:
    source = reader.read(variant)
    return source.inputs, plan_of(source.inputs, source)


def _explained(comparison: BuildComparison, variant: str, scenario: str) -> Iterator[ExplainedStep]:
    foreseen = foreseen_steps(comparison)
    causes = {one.step.position: one.cause for one in foreseen}
    reasons = {step_name(one.step): one.reason for one in comparison.steps}
    for one in foreseen:
        yield ExplainedStep(
            variant=variant,
            scenario=scenario,
            round=1,
            step=one.step,
            outcome=one.outcome,
            certainty=one.certainty,
            cause=one.cause,
            first_cause=_first(one, causes),
            reason=reasons[one.step],
        )


def _first(step: ForeseenStep, causes: dict[int, Cause | None]) -> Cause | None:
    first = step.cause.first if step.cause else None
    return None if first is None or first.position == step.step.position else causes.get(first.position)
