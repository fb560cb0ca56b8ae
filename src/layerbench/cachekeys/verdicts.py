"""Where a step's key differs from the one that the cache has, and which of these places is called its cause.

A step may differ in several places at once: its words, its files, what it builds on. One is named: its own words
first, then files that it selects, then the step above it, then what it sees of the instructions above, and last what
a RUN wrote, which no one can know beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from layerbench.cachekeys.causes import OperationChange, inherited_change, own_change, shortened
from layerbench.cachekeys.changes import describe_changes
from layerbench.cachekeys.keys import FOLDER_BASE, PlanKeys
from layerbench.cachekeys.layers import Opaque
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.steps import PlannedContent, PlannedStep
from layerbench.context.changes import entry_changes
from layerbench.context.models import FileChange

Outcome = Literal["ran", "hit"]
KeyPlace = Literal["operation", "content", "parent"]
"""Where in a step's key something is: the instruction with its options, the files it reads, or what it builds on."""
Kind = Literal["files", "instruction", "base", "remote-source", "option", "parent", "stage-output", "unknown"]
NOTHING_CHANGED = "nothing that is known of it changed; its cache entry was not there"
"""The text of the cause of a step that ran although its key is that of the reference."""


@dataclass(frozen=True, slots=True)
class StepCause:
    """Why a step's key is in no cache; `analysis.explain.models.Cause` without what only a record knows."""

    kind: Kind
    first: int
    """Position in the plan of the step where it began; the step's own where nothing above it did."""
    text: str
    files: tuple[FileChange, ...] = ()
    old: str | None = None
    new: str | None = None
    place: KeyPlace = "operation"


@dataclass(frozen=True, slots=True)
class Differences:
    """The places where a step's key is another than its partner's."""

    certain: frozenset[KeyPlace]
    possible: frozenset[KeyPlace]


_EVERYWHERE = Differences(frozenset({"operation"}), frozenset())


class Verdicts:
    """Judges the steps of a new build in the order of its plan."""

    def __init__(self, reference: BuildInputs, new: BuildInputs, old_keys: PlanKeys, new_keys: PlanKeys) -> None:
        self._options = (reference.invocation, new.invocation)
        self._old, self._new = old_keys, new_keys
        self._causes: dict[int, StepCause] = {}
        self._uncertain: set[int] = set()
        self._found_elsewhere: set[int] = set()

    def remember(self, step: PlannedStep, cause: StepCause, *, is_certain: bool) -> None:
        """Note why a step ran, for those that hang on it."""
        self._causes[step.position] = cause
        if not is_certain:
            self._uncertain.add(step.position)

    def remember_hit(self, step: PlannedStep, cause: StepCause) -> None:
        """Note a step that is another one than before, yet hit: what is below it is another one, too."""
        self._causes[step.position] = cause
        self._found_elsewhere.add(step.position)

    def is_certain(self, cause: StepCause, step: PlannedStep) -> bool:
        """Whether a cause does not hang on a step whose own is in doubt."""
        return cause.first == step.position or cause.first not in self._uncertain

    def differences(self, step: PlannedStep, old: PlannedStep | None) -> Differences:
        """Where a step's key is another than the reference's."""
        if old is None:
            return _EVERYWHERE
        certain: set[KeyPlace] = set()
        possible: set[KeyPlace] = set()
        if dict(step.operation) != dict(old.operation) or (step.kind, step.is_linked) != (old.kind, old.is_linked):
            certain.add("operation")
        if self._new.parent(step) != self._old.parent(old):
            (possible if step.parent in self._uncertain else certain).add("parent")
        for now, before in zip_longest(step.contents, old.contents):
            if now is None or before is None or has_other_files(now, before):
                certain.add("content")
            elif now.content.digest != before.content.digest or self._new.opaque(now) != self._old.opaque(before):
                possible.add("content")
        return Differences(frozenset(certain), frozenset(possible - certain))

    def cause(
        self, step: PlannedStep, old: PlannedStep | None, differences: Differences, *, is_linked_only: bool
    ) -> StepCause:
        """The one cause that is named."""
        at = step.position
        if old is None:
            return StepCause("instruction", at, "the instruction is new", new=step.written)
        if (change := own_change(old, step)) is not None:
            return _of_operation(change, at)
        if "content" in differences.certain and (cause := self._content(step, old)) is not None:
            return cause
        if "parent" in differences.certain or "parent" in differences.possible:
            return self._parent(step, old, is_linked_only)
        if (change := inherited_change(old, step, *self._options)) is not None:
            return _of_operation(change, at)
        return self._hidden(step, old)

    def unexplained(self, step: PlannedStep) -> StepCause:
        """Of a step that ran although its key is that of the reference."""
        return StepCause("unknown", step.position, NOTHING_CHANGED)

    def _content(self, step: PlannedStep, old: PlannedStep) -> StepCause | None:
        """Files that are certainly others."""
        for now, before in zip_longest(step.contents, old.contents):
            if now is None or before is None or now.content.digest == before.content.digest:
                continue
            changes = entry_changes(before.content.entries, now.content.entries)
            if now.kind == "inline":
                text = f"the document {now.name} in it changed"
                return StepCause("instruction", step.position, text, (), old.written, step.written, "content")
            if now.kind == "context" and changes:
                text = describe_changes(changes)
                return StepCause("files", step.position, text, changes, place="content")
            if now.kind == "stage":
                return self._stage_files(step, now, changes)
        return None

    def _stage_files(self, step: PlannedStep, now: PlannedContent, changes: tuple[FileChange, ...]) -> StepCause:
        """Files that a COPY of another stage put there."""
        placed = [now.content.steps[change.path] for change in changes if change.path in now.content.steps]
        ran = [position for position in sorted(set(placed)) if position in self._causes]
        source = ran[0] if ran else now.source_step
        first = self._first(source) if source is not None else step.position
        text = f"what it takes from {now.name} changed"
        if changes:
            text += f": {describe_changes(changes)}"
        return StepCause("stage-output", first, text, changes, place="content")

    def _parent(self, step: PlannedStep, old: PlannedStep, is_linked_only: bool) -> StepCause:
        parent = self._new.plan.steps[step.parent] if step.parent is not None else None
        before = self._old.plan.steps[old.parent] if old.parent is not None else None
        if (parent is None or parent.is_source) and (before is None or before.is_source):
            tags = (
                before.operation["image"] if before else old.base or "scratch",
                parent.operation["image"] if parent else step.base or "scratch",
            )
            if step.base.startswith(FOLDER_BASE):
                text = f"its base is the {step.base}, which is new to BuildKit in every build"
                return StepCause("base", step.position, text, (), *tags, place="parent")
            text = f"the base was {shortened(tags[0])}, is {shortened(tags[1])}"
            return StepCause("base", step.position, text, (), *tags, place="parent")
        if parent is not None and parent.position in self._found_elsewhere:
            text = (
                f"{shortened(parent.instruction)} above it is another one than before, which an earlier build had made"
            )
            return StepCause("parent", self._first(parent.position), text, place="parent")
        if parent is not None and parent.position in self._causes:
            text = f"{shortened(parent.instruction)} above it ran"
            if is_linked_only:
                text += "; what it copies hit, only its link was made anew"
            return StepCause("parent", self._first(parent.position), text, place="parent")
        names = [shortened(found.instruction) if found is not None else "nothing" for found in (before, parent)]
        text = f"it builds on {names[1]}, and built on {names[0]} before"
        return StepCause(
            "instruction", step.position, text, (), before.written if before else None,
            parent.written if parent else None, "parent",
        )  # fmt: skip

    def _hidden(self, step: PlannedStep, old: PlannedStep) -> StepCause:
        """What hangs on files that are not known one by one, or on modes that BuildKit may not look at."""
        if (cause := self._content(step, old)) is not None:
            return cause
        for now, before in zip_longest(step.contents, old.contents):
            if now is None or before is None:
                continue
            tags = zip_longest(now.content.opaque, self._new.opaque(now), self._old.opaque(before))
            for opaque, name, earlier in tags:
                if opaque is not None and name != earlier:
                    return self._opaque(step, now, opaque, (earlier, name))
        return self.unexplained(step)

    def _opaque(self, step: PlannedStep, now: PlannedContent, opaque: Opaque, names: Sequence[str | None]) -> StepCause:
        if opaque.kind == "remote":
            return StepCause("remote-source", step.position, f"{opaque.name} serves something else", place="content")
        source = opaque.step if opaque.step in self._causes else now.source_step
        if opaque.kind == "base" and (source is None or source not in self._causes):
            text = f"the image {now.name} was {shortened(str(names[0]))}, is {shortened(str(names[1]))}"
            return StepCause("base", step.position, text, (), names[0], names[1], "content")
        first = self._first(source) if source is not None else step.position
        return StepCause("stage-output", first, f"what {now.name} holds for it changed", place="content")

    def _first(self, position: int) -> int:
        """Where a step's cause began."""
        cause = self._causes.get(position)
        return cause.first if cause is not None and cause.kind in ("parent", "stage-output") else position


def has_other_files(now: PlannedContent, before: PlannedContent) -> bool:
    """Whether what is selected certainly has another digest."""
    return now.content.digest_without_folder_modes != before.content.digest_without_folder_modes


def _of_operation(change: OperationChange, at: int) -> StepCause:
    return StepCause(change.kind, at, change.text, (), change.old, change.new)
