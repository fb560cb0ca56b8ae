"""BuildKit's own keys as a witness: do they differ where the derived cause says?"""

from __future__ import annotations

from collections.abc import Set
from itertools import zip_longest
from typing import Literal

from layerbench.cachekeys.compare import ComparedStep, KeyPlace
from layerbench.cachekeys.models import BuildKeys, StepKey

Verdict = Literal["proven", "open", "contradicted", "same"]
"""`same`: the keys are equal, so nothing that decides a hit changed."""


def differing_places(old: tuple[StepKey, ...], new: tuple[StepKey, ...]) -> frozenset[KeyPlace]:
    """Where BuildKit's keys of a step are not the same."""
    places: set[KeyPlace] = set()
    for before, after in zip_longest(old, new):
        if before is None or after is None or before.operation != after.operation:
            places.add("operation")
        if before is None or after is None:
            continue
        for one, other in zip_longest(before.inputs, after.inputs):
            if one is None or other is None:
                places.add("operation")
            elif one.contents or other.contents:
                if one.contents != other.contents:
                    places.add("content")
            elif one.parent != other.parent:
                places.add("parent")
    return frozenset(places)


def judge(
    compared: ComparedStep, at: int, keys: BuildKeys | None, reference_at: int | None, reference_keys: BuildKeys | None
) -> Verdict:
    """What BuildKit's keys say of a derived cause.

    Args:
        compared: the step with its cause.
        at: its position in the record.
        keys: of the build; None where they were not kept.
        reference_at: position of its counterpart in the reference's record.
        reference_keys: of the reference.
    """
    if keys is None or reference_keys is None or reference_at is None:
        return "open"
    new, old = keys.steps.get(at), reference_keys.steps.get(reference_at)
    if new is None or old is None or any(one.is_unknown for key in (*old, *new) for one in key.inputs):
        return "open"
    places = differing_places(old, new)
    if not places:
        return "same"
    if compared.cause is None or compared.cause.kind == "unknown" or compared.cause.place not in places:
        return "contradicted"
    return "proven" if _is_all_told(places, compared) else "open"


def _is_all_told(places: Set[KeyPlace], compared: ComparedStep) -> bool:
    """Whether every place is one that was derived, and no derived one is missing."""
    if compared.step.is_linked and places & {"operation", "content"}:
        # The link is made of the step's own copy, which then is another one: what it builds on may be the same.
        places = places - ({"parent"} - compared.differs)
    return compared.differs <= places <= compared.differs | compared.may_differ
