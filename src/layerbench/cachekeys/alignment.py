"""Which step of one build is which step of another."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from layerbench.cachekeys.steps import BuildPlan, PlannedStep


def find_partners(reference: BuildPlan, new: BuildPlan) -> dict[int, int]:
    """By position in the new plan, the reference's step that it was: same stage, same place among its instructions."""
    partners: dict[int, int] = {}
    old_stages, new_stages = _by_stage(reference), _by_stage(new)
    for stage, steps in new_stages.items():
        old = old_stages.get(_counterpart(stage, new, reference), [])
        for step, partner in _aligned(old, steps):
            # A step that several stages share belongs to the first of them.
            partners.setdefault(step.position, partner.position)
    return partners


def _by_stage(plan: BuildPlan) -> dict[str | None, list[PlannedStep]]:
    stages: dict[str | None, list[tuple[int, PlannedStep]]] = {}
    for step in plan.steps:
        for stage, index in step.aliases:
            stages.setdefault(stage, []).append((index, step))
    return {stage: [step for _, step in sorted(steps, key=lambda item: item[0])] for stage, steps in stages.items()}


def _counterpart(stage: str | None, new: BuildPlan, reference: BuildPlan) -> str | None:
    """The reference's stage of that name, or the one at its place if neither has the other's name."""
    if stage in reference.stages:
        return stage
    at = list(new.stages).index(stage)
    there = reference.stages[at] if at < len(reference.stages) else None
    if there not in new.stages and at < len(reference.stages):
        return there
    # The last stage is the image, whatever it is called.
    is_last = at == len(new.stages) - 1
    last = reference.stages[-1] if reference.stages else None
    return last if is_last and last not in new.stages else stage


def _aligned(old: Sequence[PlannedStep], new: Sequence[PlannedStep]) -> list[tuple[PlannedStep, PlannedStep]]:
    """Pairs of a new step and the old one that it was: equal texts first, in between the same kind in order."""
    found: list[tuple[PlannedStep, PlannedStep]] = []
    matcher = SequenceMatcher(None, [_text(step) for step in old], [_text(step) for step in new], autojunk=False)
    for tag, old_begin, old_end, new_begin, new_end in matcher.get_opcodes():
        if tag == "equal":
            found += zip(new[new_begin:new_end], old[old_begin:old_end], strict=True)
        elif tag == "replace":
            found += _in_order(old[old_begin:old_end], new[new_begin:new_end])
    return found


def _in_order(old: Sequence[PlannedStep], new: Sequence[PlannedStep]) -> list[tuple[PlannedStep, PlannedStep]]:
    found: list[tuple[PlannedStep, PlannedStep]] = []
    left = list(old)
    for at, step in enumerate(new):
        alike = [other for other in left if other.kind == step.kind]
        # With as many steps as before, each stays at its place; else likeness decides among those of its kind.
        best = max(alike, key=lambda other: _likeness(step, other), default=None)
        if best is None or (len(new) != len(old) and _likeness(step, best) < 0.5 and len(new) - at > len(left)):
            continue
        found.append((step, best))
        del left[: left.index(best) + 1]
    return found


def _likeness(one: PlannedStep, other: PlannedStep) -> float:
    return SequenceMatcher(None, one.written, other.written, autojunk=False).ratio()


def _text(step: PlannedStep) -> str:
    return " ".join(step.written.split())
