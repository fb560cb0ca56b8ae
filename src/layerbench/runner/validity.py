"""Whether the cache was what the scenario says. Pure."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from layerbench.results.models import Layer, Step


@dataclass(frozen=True, slots=True)
class WarmBase:
    """What an edited build starts from."""

    cached_steps: int
    """Hits of the unedited build just before the edit."""
    steps: int
    diff_ids: Collection[str] = field(default=())
    """Layers of the unedited image; empty where they are not known."""
    instructions: Collection[str] = field(default=())
    """Of the unedited build."""


def invalid_because(
    kind: Literal["cold", "warm", "edit"],
    steps: Sequence[Step],
    base: WarmBase | None = None,
    layers: Sequence[Layer] = (),
    *,
    is_dockerfile_edited: bool = False,
) -> str | None:
    """Why a build must not enter the figures, as one sentence, or None where it may.

    Args:
        kind: of the scenario.
        steps: of a build that succeeded.
        base: of an edit; None where there was none.
        layers: of the image that was built.
        is_dockerfile_edited: whether the edit reached the Dockerfile.
    """
    if kind == "cold":
        # --no-cache leaves WORKDIR cached where the frontend keeps it outside of the namespace.
        hits = [step for step in steps if step.cached and not step.instruction.startswith("WORKDIR")]
        return f"a cold build found {_name(hits[0])} in the cache" if hits else None
    if kind == "warm":
        misses = [step for step in steps if step.cached is False]
        return f"nothing had changed, yet {_name(misses[0])} ran" if misses else None
    if base is None:
        return None
    if base.cached_steps < base.steps:
        return f"only {base.cached_steps} of {base.steps} steps were cached before the edit was made"
    foreign = _foreign_layer(steps, layers, base)
    if foreign is not None:
        return _foreign_hit(foreign)
    return None if is_dockerfile_edited else _unexplained(steps, base)


def cache_counts(steps: Sequence[Step]) -> tuple[int, int]:
    """Cached steps, and all steps that are no source."""
    states = [step.cached for step in steps if step.cached is not None]
    return sum(states), len(states)


def _foreign_layer(steps: Sequence[Step], layers: Sequence[Layer], base: WarmBase) -> Step | None:
    """A step that hit, and whose layer is none of the unedited image's: another build than that one made it.

    Before BuildKit 0.14, COPY, ADD and WORKDIR before the first RUN share their keys with everyone's builds, as
    `COPY --link` does to this day.
    """
    if not base.diff_ids:
        return None
    for layer in layers:
        if layer.step is not None and steps[layer.step].cached and layer.diff_id not in base.diff_ids:
            return steps[layer.step]
    return None


def _unexplained(steps: Sequence[Step], base: WarmBase) -> str | None:
    """What is odd about a step that ran though all that it builds on hit.

    A COPY above hit for content that the edit had changed; it is in a stage whose layers are not in the image. A step
    that reads the context itself may run by right.
    """
    for step in steps:
        is_odd = (
            step.cached is False
            and step.instruction in base.instructions
            and not _reads_context(step.instruction)
            and all(steps[position].cached is not False for position in step.inputs)
        )
        if is_odd:
            source = next(_copies_above(step, steps), None)
            return _foreign_hit(source) if source else f"{_name(step)} ran, though nothing that it builds on had"
    return None


def _foreign_hit(step: Step) -> str:
    return (
        f"the edit changed what {_name(step)} makes, yet an earlier build had made the same; "
        "{nonce} in the edit's text makes it new"
    )


def _copies_above(step: Step, steps: Sequence[Step]) -> Iterator[Step]:
    """The nearest cached steps above that read the context."""
    pending, seen = list(step.inputs), set(step.inputs)
    while pending:
        above = steps[pending.pop(0)]
        if above.cached and _reads_context(above.instruction):
            yield above
        fresh = [position for position in above.inputs if position not in seen]
        seen.update(fresh)
        pending += fresh


def _reads_context(instruction: str) -> bool:
    keyword, *words = instruction.split(" ")
    if keyword == "ADD":
        return True
    if keyword == "COPY":
        return not any(word.startswith("--from=") for word in words)
    mounts = [word.removeprefix("--mount=") for word in words if word.startswith("--mount=")]
    return keyword == "RUN" and any(map(_binds_context, mounts))


def _binds_context(mount: str) -> bool:
    fields = dict(pair.partition("=")[::2] for pair in next(csv.reader([mount]), []))
    return fields.get("type", "bind") == "bind" and "from" not in fields


def _name(step: Step) -> str:
    place = f"[{step.stage} {step.index}/{step.count}]" if step.stage else f"[{step.index}/{step.count}]"
    text = step.instruction if len(step.instruction) <= 60 else step.instruction[:57] + "..."
    return f"{place} {text}"
