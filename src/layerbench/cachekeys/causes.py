"""In words, why an instruction's key is another: which word, flag, variable or option made the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from layerbench.cachekeys.models import Invocation
from layerbench.cachekeys.operations import VARIABLE
from layerbench.cachekeys.steps import PlannedStep
from layerbench.cachekeys.surroundings import build_arguments

_INHERITED = frozenset({"USER", "WORKDIR", "SHELL", "platform", "SOURCE_DATE_EPOCH", "order of variables"})
_OPTIONS = frozenset({"--network", "--add-host", "--ulimit", "--shm-size", "--cgroup-parent", "--device", "platform"})
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class OperationChange:
    """One difference between two instructions' keys."""

    kind: Literal["instruction", "option"]
    text: str
    old: str | None
    new: str | None


def own_change(old: PlannedStep, new: PlannedStep) -> OperationChange | None:
    """What is new of the instruction itself, whatever stands above it; None where its words are the same."""
    if old.written == new.written:
        return None
    names = [name for name in _differing(old, new) if not _is_inherited(name)]
    if old.kind != new.kind or (not names and old.is_linked != new.is_linked):
        return _words_changed(old.written, new.written)
    if not names:
        return None
    if names[0] in ("command", "source", "destination", "path"):
        return _words_changed(old.written, new.written)
    return _part_changed(names[0], old, new, "instruction")


def inherited_change(
    old: PlannedStep, new: PlannedStep, old_options: Invocation, new_options: Invocation
) -> OperationChange | None:
    """What the instruction sees of those above it and of the invocation that is new; None where that is the same."""
    names = _differing(old, new)
    if not names:
        return None
    variable = next((name for name in names if name.startswith(VARIABLE)), None)
    if variable is not None:
        return _variable_changed(variable.removeprefix(VARIABLE), old, new, old_options, new_options)
    name = names[0]
    if not _is_inherited(name):
        # The words are the same: a variable in them is not.
        filled = next((name for name in new.variables if _is_other(name, old, new) and name in new.written), None)
        if filled is not None:
            return _variable_changed(filled, old, new, old_options, new_options)
        if name == "destination":
            return _words_changed(old.operation.get(name, ""), new.operation.get(name, ""))
    if name == "SOURCE_DATE_EPOCH":
        return _variable_changed(name, old, new, old_options, new_options)
    return _part_changed(name, old, new, "option" if name in _OPTIONS else "instruction")


def shortened(text: str) -> str:
    """A text that fits into a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _differing(old: PlannedStep, new: PlannedStep) -> list[str]:
    """Names of the parts that differ, the instruction's own first."""
    names = dict.fromkeys((*new.operation, *old.operation))
    return [name for name in names if new.operation.get(name) != old.operation.get(name)]


def _is_inherited(name: str) -> bool:
    return name in _INHERITED or name.startswith(VARIABLE)


def _is_other(name: str, old: PlannedStep, new: PlannedStep) -> bool:
    return old.variables.get(name) != new.variables.get(name)


def _part_changed(
    name: str, old: PlannedStep, new: PlannedStep, kind: Literal["instruction", "option"]
) -> OperationChange:
    before, after = old.operation.get(name), new.operation.get(name)
    if name.startswith("--mount="):
        text = (
            f"{name} is new" if before is None else f"{name} is gone" if after is None else f"{name} has other options"
        )
    elif before is None:
        text = f"{name} is new ({shortened(after or '')})"
    elif after is None:
        text = f"{name} is gone (it was {shortened(before)})"
    else:
        text = f"{name} was {shortened(before)}, is {shortened(after)}"
    return OperationChange(kind, text, before, after)


def _variable_changed(
    name: str, old: PlannedStep, new: PlannedStep, old_options: Invocation, new_options: Invocation
) -> OperationChange:
    before, after = old.variables.get(name), new.variables.get(name)
    given = (build_arguments(old_options).get(name), build_arguments(new_options).get(name))
    origin = new.origins.get(name) or old.origins.get(name) or "ARG"
    kind: Literal["instruction", "option"] = "instruction"
    if origin == "ARG" and given[0] != given[1]:
        kind, origin = "option", "build argument"
        before, after = (before, after) if name in old.variables or name in new.variables else given
    if before is None:
        text = f"{origin} {name} is new ({shortened(after or '')})"
    elif after is None:
        text = f"{origin} {name} is gone (it was {shortened(before)})"
    else:
        text = f"{origin} {name} was {shortened(before)}, is {shortened(after)}"
    return OperationChange(kind, text, before, after)


def _words_changed(old: str, new: str) -> OperationChange:
    """The words that made the difference, in their surroundings."""
    before, after = old.split(), new.split()
    if before == after:
        return OperationChange("instruction", "its white space changed", old, new)
    removed: list[str] = []
    added: list[str] = []
    for tag, begin, end, new_begin, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += before[begin:end]
            added += after[new_begin:new_end]
    return OperationChange("instruction", f"the instruction changed: {_difference(removed, added)}", old, new)


def _difference(removed: Sequence[str], added: Sequence[str]) -> str:
    if not removed:
        return f"`{shortened(' '.join(added))}` was added"
    if not added:
        return f"`{shortened(' '.join(removed))}` was removed"
    return f"`{shortened(' '.join(removed))}` is now `{shortened(' '.join(added))}`"
