"""Which step of one build is which step of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from layerbench.cachekeys.steps import BuildPlan, PlannedStep


def find_partners(reference: BuildPlan, new: BuildPlan, hits: Mapping[int, int]) -> dict[int, int]:
    """By position in the new plan, the reference's step that it was: same stage, same place among its instructions.

    Args:
        reference: the plan of what filled the cache.
        new: the plan of what is built on it.
        hits: by position in the reference's plan, that of the new step with the same key.
    """
    partners: dict[int, int] = {}
    old_stages, new_stages = _by_stage(reference), _by_stage(new)
    counterparts = _counterparts(reference.stages, new.stages)
    for stage, steps in new_stages.items():
        old = old_stages.get(counterparts[stage], []) if stage in counterparts else []
        for step, partner in _aligned(old, steps, hits):
            # A step that several stages share belongs to the first of them.
            partners.setdefault(step.position, partner.position)
    return partners


def _by_stage(plan: BuildPlan) -> dict[str | None, list[PlannedStep]]:
    stages: dict[str | None, list[tuple[int, PlannedStep]]] = {}
    for step in plan.steps:
        for stage, index in step.aliases:
            stages.setdefault(stage, []).append((index, step))
    return {stage: [step for _, step in sorted(steps, key=lambda item: item[0])] for stage, steps in stages.items()}


def _counterparts(old: Sequence[str | None], new: Sequence[str | None]) -> dict[str | None, str | None]:
    """By each new stage, the old one that it was; no old one is that of two."""
    found = {stage: stage for at, stage in enumerate(new) if stage in old and not _is_numbered(stage, at)}

    def pair(one: str | None, other: str | None) -> None:
        if one not in found and other not in found.values():
            found[one] = other

    if old and new:
        # The last stage is the image, whatever it is called.
        pair(new[-1], old[-1])
    for one, other in zip(new, old, strict=False):
        pair(one, other)
    return found


def _is_numbered(stage: str | None, at: int) -> bool:
    """Whether a stage has no name but that of its place, which another one may have had before."""
    return stage is None or stage == f"stage-{at}"


def _aligned(
    old: Sequence[PlannedStep], new: Sequence[PlannedStep], hits: Mapping[int, int]
) -> list[tuple[PlannedStep, PlannedStep]]:
    """Pairs of a new step and the old one that it was: equal texts first, in between the same kind in order."""
    found: list[tuple[PlannedStep, PlannedStep]] = []
    matcher = SequenceMatcher(None, [_text(step) for step in old], [_text(step) for step in new], autojunk=False)
    for tag, old_begin, old_end, new_begin, new_end in matcher.get_opcodes():
        if tag == "equal":
            found += zip(new[new_begin:new_end], old[old_begin:old_end], strict=True)
        elif tag == "replace":
            found += _in_order(old[old_begin:old_end], new[new_begin:new_end], hits)
    return found


def _in_order(
    old: Sequence[PlannedStep], new: Sequence[PlannedStep], hits: Mapping[int, int]
) -> list[tuple[PlannedStep, PlannedStep]]:
    found: list[tuple[PlannedStep, PlannedStep]] = []
    # An old step that is a hit for one of another stage is still there: it did not become one of these.
    own = {step.position for step in new}
    left = [other for other in old if hits.get(other.position) is None or hits[other.position] in own]
    count = len(left)
    for at, step in enumerate(new):
        alike = [
            other for other in left if other.kind == step.kind and hits.get(other.position) in (None, step.position)
        ]
        # With as many steps as before, each stays at its place; else likeness decides among those of its kind.
        best = max(alike, key=lambda other: _likeness(step, other), default=None)
        if best is None or (len(new) != count and _likeness(step, best) < 0.5 and len(new) - at > len(left)):
            continue
        found.append((step, best))
        del left[: left.index(best) + 1]
    return found


def _likeness(one: PlannedStep, other: PlannedStep) -> float:
    return SequenceMatcher(None, one.written, other.written, autojunk=False).ratio()


def _text(step: PlannedStep) -> str:
    return " ".join(step.written.split())
