"""Steps of a record and steps of a plan: which is which."""

from __future__ import annotations

from collections.abc import Sequence

from layerbench.analysis.explain.models import StepName
from layerbench.cachekeys.steps import BuildPlan
from layerbench.results.models import Step


def step_name(position: int, step: Step) -> StepName:
    """A recorded step by its place."""
    return StepName(position, step.stage, step.index, step.instruction, step.line_start)


def planned_positions(steps: Sequence[Step], plan: BuildPlan) -> dict[int, int]:
    """Position in the plan by position in the record.

    Numbers of steps may be shifted (a base's own triggers come first, a named context is no step); then lines tell.
    """
    by_text = {(*alias, step.instruction): step.position for step in plan.steps for alias in step.aliases}
    by_line = {(step.stage, step.line): step.position for step in plan.steps if step.line is not None}
    by_index = {alias: step.position for step in plan.steps for alias in step.aliases}
    found: dict[int, int] = {}
    taken: set[int] = set()
    for at, step in enumerate(steps):
        candidates = (
            by_text.get((step.stage, step.index, step.instruction)),
            by_line.get((step.stage, step.line_start)) if step.line_start is not None else None,
            by_index.get((step.stage, step.index)),
        )
        for position in candidates:
            if position is None or position in taken or not _is_same_kind(step, plan.steps[position].instruction):
                continue
            found[at] = position
            taken.add(position)
            break
    return found


def _is_same_kind(step: Step, instruction: str) -> bool:
    return step.instruction.split(" ", 2)[:1] == instruction.split(" ", 2)[:1]
