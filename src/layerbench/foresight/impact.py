"""What an edit of each file of a variant's context runs again, and what its commits cost."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.impact.effects import Effects
from layerbench.analysis.impact.ignorable import ignorable_files
from layerbench.analysis.impact.manifests import MANIFEST_NAMES
from layerbench.analysis.impact.models import CommitCosts, Ignorable, Impact, VariantImpact
from layerbench.analysis.impact.readers import context_readers
from layerbench.analysis.predict.foresee import foresee, step_name
from layerbench.analysis.predict.models import ForeseenStep, MeasuredCosts
from layerbench.analysis.predict.predict import NOT_MEASURED
from layerbench.analysis.wording import join_words
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.planning import plan_steps
from layerbench.context.models import Entry
from layerbench.foresight.edits import edited
from layerbench.foresight.sources import MAIN_CONTEXT, Source, folders_above, with_entries
from layerbench.repository.changes import CommitFiles

CostsOf = Callable[[str, Sequence[StepName]], MeasuredCosts | None]
_MANIFEST_DEPTH = 2
_MOST_MANIFEST_BYTES = 1_000_000


def impact_of(source: Source, costs_of: CostsOf, commits: Sequence[CommitFiles] | None) -> VariantImpact:
    """One variant's impact.

    Args:
        source: the variant as it is now.
        costs_of: what was measured of a variant's steps.
        commits: the last ones, with paths relative to the main context; None to look at none.

    Raises:
        UsageError: the Dockerfile cannot be read.
    """
    name = source.variant.name
    now = source.inputs.contexts[MAIN_CONTEXT].entries
    inputs = _with_history(source, commits or ())
    plan = plan_steps(inputs)
    steps = [step_name(step) for step in plan.steps if not step.is_source]
    readers = context_readers(plan, inputs.contexts[MAIN_CONTEXT].entries)
    costs = costs_of(name, steps)

    def after_edit(paths: Collection[str]) -> Sequence[ForeseenStep]:
        return foresee(inputs, edited(inputs, paths))

    effects = Effects(name, readers, after_edit, costs)
    shown = [path for path, entry in now.items() if entry.kind != "folder"]
    return VariantImpact(
        variant=name,
        effects=effects.table(shown),
        ignorable=_ignorable(source, readers, steps),
        commits=_commits(effects, commits, readers),
        notes=tuple(_notes(source, commits or (), effects)),
    )


def ranked(context: str, variants: Iterable[VariantImpact], costs_from: str | None, notes: Sequence[str]) -> Impact:
    """All variants, the one whose commits cost the least first; those of unknown costs last."""

    def expense(variant: VariantImpact) -> tuple[bool, float]:
        seconds = variant.commits.seconds if variant.commits else None
        return seconds is None, seconds or 0.0

    found = list(variants)
    if costs_from is None:  # said once, in the notes
        found = [replace(one, notes=tuple(note for note in one.notes if note != NOT_MEASURED)) for one in found]
    if any(one.commits for one in found):
        found.sort(key=expense)
    return Impact(context, tuple(found), tuple(notes), costs_from)


def _with_history(source: Source, commits: Sequence[CommitFiles]) -> BuildInputs:
    """The inputs with those files as well that are gone by now: a commit that changed one ran what reads it."""
    now = source.inputs.contexts[MAIN_CONTEXT].entries
    rules = source.ignores[MAIN_CONTEXT]
    gone = {path for commit in commits for path in commit.paths if path not in now and not rules.excludes(path)}
    files = {path for path, entry in now.items() if entry.kind != "folder"}
    taken = {
        path: Entry("file", 0o644, 0, "gone")
        for path in sorted(gone)
        # What a folder was or is now a file, and the other way round, cannot both be there.
        if not any(above in files or above in gone for above in folders_above(path))
    }
    return with_entries(source.inputs, {MAIN_CONTEXT: dict(taken)})


def _commits(
    effects: Effects, commits: Sequence[CommitFiles] | None, readers: Mapping[str, frozenset[int]]
) -> CommitCosts | None:
    if commits is None:
        return None
    return effects.commits([[path for path in commit.paths if path in readers] for commit in commits])


def _notes(source: Source, commits: Sequence[CommitFiles], effects: Effects) -> Iterator[str]:
    yield from effects.notes
    dockerfile = source.paths_of(source.variant.dockerfile.resolve()).get(MAIN_CONTEXT)
    own = [name for name in (dockerfile, ".dockerignore") if name]
    changed = Counter(name for commit in commits for name in commit.paths if name in own)
    if changed:
        told = [
            f"{name} was changed by {count} {'commit' if count == 1 else 'commits'}" for name, count in changed.items()
        ]
        yield f"{join_words(told)}: what the new text ran again is not counted"


def _ignorable(
    source: Source, readers: Mapping[str, frozenset[int]], steps: Sequence[StepName]
) -> tuple[Ignorable, ...]:
    entries = source.inputs.contexts[MAIN_CONTEXT].entries
    sizes = {path: entry.size_bytes for path, entry in entries.items() if entry.kind != "folder"}
    rules = source.ignores[MAIN_CONTEXT]
    folder = source.folders[MAIN_CONTEXT]
    return ignorable_files(
        sizes,
        readers,
        steps,
        _manifests(folder, sizes),
        os.path.relpath(rules.file or folder / ".dockerignore", folder),
    )


def _manifests(folder: Path, sizes: Mapping[str, int]) -> dict[str, str]:
    """Texts of the files that say what a build of a package reads."""
    wanted = (
        path
        for path, size in sizes.items()
        if path.rpartition("/")[2] in MANIFEST_NAMES
        and path.count("/") <= _MANIFEST_DEPTH
        and size <= _MOST_MANIFEST_BYTES
    )
    found: dict[str, str] = {}
    for path in wanted:
        # One that cannot be read has been told of with the fingerprint.
        with contextlib.suppress(OSError):
            found[path] = (folder / path).read_bytes().decode(errors="replace")
    return found
