"""Why a step could hit although something near it changed."""

from __future__ import annotations

from collections.abc import Set

from layerbench.cachekeys.causes import shortened
from layerbench.cachekeys.changes import describe_changes
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.steps import BuildPlan, PlannedStep
from layerbench.context.changes import entry_changes
from layerbench.context.models import FileChange

_UNSEEN = {"copy": "which a COPY does not see", "workdir": "which a WORKDIR does not see"}


class Reasons:
    """What changed in a build, for steps that did not mind."""

    def __init__(self, reference: BuildInputs, new: BuildInputs, reference_plan: BuildPlan) -> None:
        self._reference_plan = reference_plan
        self._has_other_text = reference.dockerfile != new.dockerfile
        self._changes: dict[str, tuple[FileChange, ...]] = {
            name: entry_changes(reference.contexts[name].entries, fingerprint.entries)
            for name, fingerprint in new.contexts.items()
            if name in reference.contexts
        }

    def of(self, step: PlannedStep, reference: int, ran: Set[int], plan: BuildPlan) -> str | None:
        """The reason, or None where nothing that could matter changed.

        Args:
            step: that hit.
            reference: the step of the reference's plan that it is.
            ran: positions of the steps before it that ran.
            plan: the new one.
        """
        for content in step.contents:
            if content.kind == "stage" and content.source_step is not None and content.source_step in ran:
                again = shortened(plan.steps[content.source_step].instruction)
                return f"what it takes from {content.name} is the same, though {again} ran"
        for content in step.contents:
            changes = self._changes.get(content.name, ()) if content.kind == "context" else ()
            selected = [change for change in changes if change.path in content.content.entries]
            if selected:
                return (
                    f"{describe_changes(selected)}: BuildKit does not compare it in a context that it was sent before"
                )
            if changes:
                return f"{describe_changes(changes)}, which it does not select"
        old = self._reference_plan.steps[reference]
        if self._has_other_text and step.above != old.above:
            new = next((text for text in step.above if text not in old.above), None)
            gone = next((text for text in old.above if text not in step.above), None)
            shown = shortened(new or gone or step.above[0])
            verb = "is new or changed" if new else "is gone"
            return f"{shown} above it {verb}, {_UNSEEN.get(step.kind, 'which is in no key of a step')}"
        if self._has_other_text and step.written == old.written and self._same_text(plan):
            return "nothing but comments or empty lines of the Dockerfile changed"
        return None

    def _same_text(self, plan: BuildPlan) -> bool:
        """Whether both plans have the same instructions."""
        one, other = ([(step.written, step.above) for step in steps] for steps in (
            plan.steps, self._reference_plan.steps))  # fmt: skip
        return one == other
