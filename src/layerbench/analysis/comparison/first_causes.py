"""Why the steps that are cached on one side only ran on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from layerbench.analysis.comparison.models import Comparison, ScenarioPair, StepChange
from layerbench.analysis.explain.lost import LostStep


def with_first_causes(
    comparison: Comparison, in_base: Mapping[LostStep, str], in_head: Mapping[LostStep, str]
) -> Comparison:
    """The comparison with the first cause beside each cached step that was lost or won.

    Args:
        comparison: as found.
        in_base: why the steps of base's builds ran, each held against the build that filled its cache.
        in_head: the same of head's.
    """
    return replace(comparison, pairs=tuple(_pair(pair, in_base, in_head) for pair in comparison.pairs))


def _pair(pair: ScenarioPair, in_base: Mapping[LostStep, str], in_head: Mapping[LostStep, str]) -> ScenarioPair:
    return replace(
        pair,
        steps_lost=tuple(_step(step, pair.variant_head, pair.scenario, in_head) for step in pair.steps_lost),
        steps_won=tuple(_step(step, pair.variant_base, pair.scenario, in_base) for step in pair.steps_won),
    )


def _step(step: StepChange, variant: str, scenario: str, causes: Mapping[LostStep, str]) -> StepChange:
    return replace(step, cause=causes.get(LostStep(variant, scenario, step.stage, step.instruction)))
