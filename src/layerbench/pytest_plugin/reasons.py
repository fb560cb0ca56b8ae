"""Why a step was not cached; pure functions of a build's record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from layerbench.results.models import Step
from layerbench.units import format_seconds

Kind = Literal["cold", "warm", "edit"]
Causes = Callable[[], Mapping[tuple[str | None, str], str]]
"""Why steps ran for a cause of their own, by stage and instruction; asked only where one has to be told."""
_INSTRUCTION_LENGTH = 48
_CAUSE_LENGTH = 200


def nothing_known() -> Mapping[tuple[str | None, str], str]:
    """Causes where there are none to be had."""
    return {}


def shorten(text: str, length: int = _INSTRUCTION_LENGTH) -> str:
    """A text on one line of printable characters, cut at its end where it is longer."""
    plain = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return plain if len(plain) <= length else f"{plain[: length - 1].rstrip()}…"


def first_that_ran(steps: Sequence[Step], at: int) -> int:
    """Position of the first step, of those that step `at` builds on and itself, that was not cached."""
    below: set[int] = set()
    waiting = [at]
    while waiting:
        position = waiting.pop()
        if position not in below:
            below.add(position)
            waiting += [one for one in steps[position].inputs if 0 <= one < len(steps)]
    return min(position for position in below if steps[position].cached is False)


def why_it_ran(steps: Sequence[Step], at: int, kind: Kind, causes: Causes = nothing_known) -> str:
    """The reason for which step `at`, which ran, did; as the end of a sentence.

    Args:
        steps: of the build.
        at: position of the step.
        kind: what the build started from.
        causes: what is known of single steps.
    """
    if kind == "cold":
        return "for nothing was cached"
    first = first_that_ran(steps, at)
    reason = _own_reason(steps[first], causes)
    if first == at:
        return f"and no step before it did: {reason}"
    return f'for "{shorten(steps[first].instruction)}"{_line(steps[first])} before it ran: {reason}'


def told_cached(steps: Sequence[Step], at: int, kind: Kind, causes: Causes = nothing_known) -> str:
    """What `assert` shows for a step's `cached`."""
    step = steps[at]
    if step.cached is None:
        return "not cached: a FROM is neither cached nor run"
    return "cached" if step.cached else f"not cached: {_ran(step)}, {why_it_ran(steps, at, kind, causes)}"


def told_ran(steps: Sequence[Step], at: int, kind: Kind, causes: Causes = nothing_known) -> str:
    """What `assert` shows for a step's `ran`."""
    step = steps[at]
    if step.cached is None:
        return "not run: a FROM is neither cached nor run"
    return "not run: it was cached" if step.cached else f"{_ran(step)}, {why_it_ran(steps, at, kind, causes)}"


def _ran(step: Step) -> str:
    return "it ran" if step.seconds is None else f"it ran for {format_seconds(step.seconds)}"


def _line(step: Step) -> str:
    return f" (line {step.line_start})" if step.line_start is not None else ""


def _own_reason(step: Step, causes: Causes) -> str:
    known = causes().get((step.stage, step.instruction))
    if known is not None:
        return shorten(known, _CAUSE_LENGTH)
    keyword = step.instruction.split(" ", 1)[0].upper()
    if keyword in {"COPY", "ADD"}:
        return "the files that it copies changed"
    if keyword == "RUN" and "--mount=type=bind" in step.instruction:
        return "what it mounts changed"
    return "its own text or an argument changed, or its cache was lost"
