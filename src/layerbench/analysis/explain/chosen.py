"""A part of an explanation, and results made ready for one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from layerbench.analysis.explain.models import Explanation
from layerbench.results.models import Result


def chosen_steps(
    explanation: Explanation, variants: Collection[str], scenarios: Collection[str], rounds: Collection[int]
) -> Explanation:
    """The steps of these variants, scenarios and rounds; an empty collection stands for all."""
    steps = (
        step
        for step in explanation.steps
        if (not variants or step.variant in variants)
        and (not scenarios or step.scenario in scenarios)
        and (not rounds or step.round in rounds)
    )
    return replace(explanation, steps=tuple(steps))


def as_variant(result: Result, variant: str, name: str) -> Result:
    """The result with one variant only, under another name: to be held against the variant that has that name."""
    return replace(
        result,
        builds=tuple(replace(build, variant=name) for build in result.builds if build.variant == variant),
        bench=replace(
            result.bench,
            variants=tuple(replace(one, name=name) for one in result.bench.variants if one.name == variant),
        ),
    )
