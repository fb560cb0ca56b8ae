"""What stands for a step's cache key: equal names, equal keys, as far as one can know without building."""

from __future__ import annotations

from dataclasses import dataclass, field

from layerbench.cachekeys.layers import Opaque, digest_of
from layerbench.cachekeys.steps import BuildPlan, PlannedContent, PlannedStep

FOLDER_BASE = "folder "
"""In front of a named context that is a folder and stands in for an image: every build sends it under a key of its
own, so nothing on top of it hits (seen with BuildKit 0.25)."""


@dataclass(slots=True)
class PlanKeys:
    """The keys of a plan's steps, made one after the other, in the plan's order."""

    plan: BuildPlan
    steps: list[str] = field(default_factory=list)
    copies: dict[int, str] = field(default_factory=dict)
    """Of `COPY --link`: the key of the copy itself."""
    runs: dict[int, str] = field(default_factory=dict)
    """What stands for the files that a RUN left."""
    written: dict[int, str] = field(default_factory=dict)
    """What stands for the files that a COPY put somewhere."""

    def add(self, step: PlannedStep) -> str:
        """Make the key of the next step."""
        own = self.own(step)
        key = own
        if step.is_linked:
            self.copies[step.position] = own
            key = digest_of(["link", self.parent(step), own])
        elif not step.is_source:
            key = digest_of([own, self.parent(step)])
        self.steps.append(key)
        self.runs[step.position] = key
        self.written[step.position] = own
        return key

    def of(self, step: PlannedStep) -> str:
        """The key of a step, made now where it is the next one."""
        return self.steps[step.position] if step.position < len(self.steps) else self.add(step)

    def own(self, step: PlannedStep) -> str:
        """The part of the key that does not hang on the step's parent."""
        return digest_of([step.kind, dict(step.operation), [self.content(found) for found in step.contents]])

    def parent(self, step: PlannedStep) -> str:
        """The key of what a step builds on."""
        if step.parent is not None:
            return self.steps[step.parent]
        return f"{id(self)} {step.base}" if step.base.startswith(FOLDER_BASE) else f"scratch {step.base}"

    def content(self, planned: PlannedContent) -> str:
        """What stands for all that is selected of a source."""
        return digest_of([planned.content.digest, self.opaque(planned)])

    def opaque(self, planned: PlannedContent) -> list[str]:
        """What stands for the files that are not known."""
        return [self._name(opaque, planned) for opaque in planned.content.opaque]

    def _name(self, opaque: Opaque, planned: PlannedContent) -> str:
        if opaque.kind == "run" and opaque.step is not None:
            return self.runs[opaque.step]
        if opaque.kind == "written" and opaque.step is not None:
            return self.written[opaque.step]
        if opaque.kind == "place":
            return self.steps[planned.source_step] if planned.source_step is not None else "unknown"
        return opaque.name


def all_keys(plan: BuildPlan) -> PlanKeys:
    """The keys of all steps of a plan."""
    keys = PlanKeys(plan)
    for step in plan.steps:
        keys.add(step)
    return keys
