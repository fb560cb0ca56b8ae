"""What a change means for each variant: a build as it was and as it will be, and the steps of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from layerbench.analysis.predict.foresee import foreseen_steps
from layerbench.analysis.predict.models import ForeseenStep
from layerbench.cachekeys.compare import compare_plans
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.planning import plan_steps
from layerbench.cachekeys.steps import BuildPlan
from layerbench.context.names import shown
from layerbench.errors import UsageError
from layerbench.foresight.sources import Source

Item = TypeVar("Item")
Made = TypeVar("Made")
UNTOUCHED = "the change touches nothing that this variant is built from"


@dataclass(frozen=True, slots=True)
class Change:
    """A build as it was, and as it will be."""

    source: Source
    before: BuildInputs
    after: BuildInputs
    notes: tuple[str, ...] = ()
    sides: tuple[str, str] = ("", "")
    """Names of the two for people, such as `at main`; empty for what is there now."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Of all variants that can be foreseen."""

    each: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    """Sentences, also on each variant that is left out."""


def foreseen_change(change: Change) -> tuple[ForeseenStep, ...]:
    """The steps of the build after a change.

    Raises:
        UsageError: one of the two Dockerfiles cannot be read; it is named, with its side.
    """
    before, after = (
        plan_of(inputs, change.source, side)
        for inputs, side in zip((change.before, change.after), change.sides, strict=True)
    )
    return foreseen_steps(compare_plans(change.before, before, change.after, after))


def of_each(
    items: Iterable[Item], name_of: Callable[[Item], str], make: Callable[[Item], Made], left_out: list[str]
) -> list[Made]:
    """What is made of each variant; the others go on without one that is refused.

    Args:
        items: one a variant.
        name_of: the variant's name.
        make: what is made of it.
        left_out: gets a sentence for each variant that is refused.

    Raises:
        UsageError: all are refused.
    """
    found: list[Made] = []
    reasons: dict[str, str] = {}
    for item in items:
        try:
            found.append(make(item))
        except UsageError as error:
            reasons[name_of(item)] = str(error)
    if not found and reasons:
        same = set(reasons.values())
        raise UsageError(same.pop() if len(same) == 1 else "; ".join(f"{one}: {why}" for one, why in reasons.items()))
    left_out += [f"{name} is left out: {reason}" for name, reason in reasons.items()]
    return found


def plan_of(inputs: BuildInputs, source: Source, side: str = "") -> BuildPlan:
    """The steps of a variant.

    Args:
        inputs: what it is built from.
        source: the variant.
        side: of a change, for people.

    Raises:
        UsageError: its Dockerfile cannot be read; it is named.
    """
    try:
        return plan_steps(inputs)
    except UsageError as error:
        where = f"{shown(source.variant.dockerfile.name)} {side}".rstrip()
        raise UsageError(f"{where}: {error}") from None
