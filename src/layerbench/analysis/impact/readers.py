"""Which steps read which files of a context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from layerbench.cachekeys.steps import BuildPlan
from layerbench.context.models import Entry


def context_readers(plan: BuildPlan, entries: Mapping[str, Entry], context: str = "") -> dict[str, frozenset[int]]:
    """The positions of the steps that read each file or link of a context, by its path; none for those unread.

    Args:
        plan: the steps.
        entries: what is in the context.
        context: its name, empty for the main one.
    """
    steps_by_path: defaultdict[str, list[int]] = defaultdict(list)
    for step in plan.steps:
        for part in step.contents:
            if part.kind == "context" and part.name == context:
                for path in part.content.entries:
                    steps_by_path[path].append(step.position)
    # Sets of steps are few, however many files there are: each is kept once.
    kept: dict[tuple[int, ...], frozenset[int]] = {}
    found: dict[str, frozenset[int]] = {}
    for path, entry in entries.items():
        if entry.kind != "folder":
            positions = tuple(steps_by_path.get(path, ()))
            found[path] = kept.setdefault(positions, frozenset(positions))
    return found
