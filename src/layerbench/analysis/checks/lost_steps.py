"""Steps that were cached before and are there uncached now."""

from __future__ import annotations

from layerbench.analysis.checks.figures import step_fits, step_name
from layerbench.analysis.checks.growth import Source
from layerbench.analysis.comparison.steps import match_steps
from layerbench.analysis.steps import scenario_cells

_CACHED = "cached"
_RAN = ("ran", "varies")


def lost_steps(
    head: Source, base: Source, variant: str, scenario: str, base_scenario: str, step: str | None
) -> tuple[str, ...]:
    """Steps that head lost from the cache, by the names that they have in head's figures.

    A step that one side does not have at all is not lost: there is nothing to be cached. Of two runs, steps match as
    in a comparison; a baseline file has no more of a step than its stage and instruction.

    Args:
        head: the run.
        base: what it is held against.
        variant: the same on both sides.
        scenario: head's.
        base_scenario: base's.
        step: a pattern for instructions; None for all.
    """
    if head.measured is None or base.measured is None:
        found = _by_name(head, base, variant, scenario, base_scenario)
    else:
        before = scenario_cells(base.measured.builds(variant, base_scenario))
        after = scenario_cells(head.measured.builds(variant, scenario))
        found = [
            step_name(key)
            for earlier, key in match_steps(before, after)
            if before[earlier].state == _CACHED and after[key].state in _RAN
        ]
    return tuple(name for name in found if step_fits(name, step))


def uncached_steps(head: Source, variant: str, scenario: str, step: str | None) -> tuple[str, ...]:
    """All steps of a run that were not cached in every round, by their names in its figures."""
    figures = head.figures.variants.get(variant, {}).get(scenario)
    states = figures.steps if figures else {}
    return tuple(name for name, state in states.items() if state in _RAN and step_fits(name, step))


def _by_name(head: Source, base: Source, variant: str, scenario: str, base_scenario: str) -> list[str]:
    after = head.figures.variants.get(variant, {}).get(scenario)
    before = base.figures.variants.get(variant, {}).get(base_scenario)
    if after is None or before is None:
        return []
    return [name for name, state in after.steps.items() if state in _RAN and before.steps.get(name) == _CACHED]
