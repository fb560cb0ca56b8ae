"""What an edit of each file of a variant's context runs again, and what its commits cost."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.impact.effects import Effects
from layerbench.analysis.impact.ignorable import ignorable_files
from layerbench.analysis.impact.manifests import MANIFEST_NAMES
from layerbench.analysis.impact.marking import MarkedInputs, mark_files
from layerbench.analysis.impact.models import Ignorable, Impact, VariantImpact
from layerbench.analysis.impact.readers import FileClass, find_readers
from layerbench.analysis.predict.foresee import foreseen_steps, step_name
from layerbench.analysis.predict.models import ForeseenStep, MeasuredCosts
from layerbench.analysis.predict.predict import NOT_MEASURED
from layerbench.cachekeys.compare import compare_plans
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.planning import plan_steps
from layerbench.cachekeys.steps import BuildPlan
from layerbench.foresight.edits import edited
from layerbench.foresight.sources import MAIN_CONTEXT, Source
from layerbench.foresight.touched import TouchedFiles, history_notes, touched_files, with_history
from layerbench.repository.changes import History

CostsOf = Callable[[str, Sequence[StepName]], MeasuredCosts | None]
_MANIFEST_DEPTH = 2
_MOST_MANIFEST_BYTES = 1_000_000


def impact_of(source: Source, costs_of: CostsOf, history: History | None) -> VariantImpact:
    """One variant's impact.

    Args:
        source: the variant as it is now.
        costs_of: what was measured of a variant's steps.
        history: the last commits; None to look at none.

    Raises:
        UsageError: the Dockerfile cannot be read.
    """
    name = source.variant.name
    folders = {context: str(folder) for context, folder in source.folders.items()}
    marked = mark_files(with_history(source, history) if history else source.inputs, folders)
    plan = plan_steps(marked.inputs)
    steps = [step_name(step) for step in plan.steps if not step.is_source]
    missing = _missing(plan)
    readers = find_readers(plan, marked)
    costs = costs_of(name, steps)
    touched = touched_files(source, marked, history) if history else TouchedFiles((), {})

    def after_edit(names: Collection[str]) -> Sequence[ForeseenStep]:
        files = [file for one in names for file in touched.submodules.get(one, (one,))]
        after = _edited(marked, files)
        foreseen = foreseen_steps(compare_plans(marked.inputs, plan, after, plan_steps(after)))
        # An edited link leads to something else, not to nothing: no more is missing than is now.
        return [replace(one, missing=missing[one.step.position]) for one in foreseen]

    effects = Effects(name, _with_submodules(readers.classes, touched), after_edit, costs)
    return VariantImpact(
        variant=name,
        effects=effects.table(_present(source, marked)),
        ignorable=_ignorable(source, readers.direct, steps),
        commits=effects.commits(touched.commits) if history else None,
        notes=(*effects.notes, *(history_notes(source, history) if history else ())),
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


def _missing(plan: BuildPlan) -> dict[int, tuple[str, ...]]:
    """Sources that are not in the context as it is, by the position of the step that names them."""
    return {
        step.position: tuple(path for part in step.contents for path in part.content.missing) for step in plan.steps
    }


def _edited(marked: MarkedInputs, names: Iterable[str]) -> BuildInputs:
    """The inputs with another content of some files, in all contexts that they lie in."""
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        for place in marked.places[name]:
            paths[place.context].append(place.path)
    inputs = marked.inputs
    for context, some in paths.items():
        inputs = edited(inputs, some, context)
    return inputs


def _present(source: Source, marked: MarkedInputs) -> list[str]:
    """The names of the files that are there now."""
    now = {context: fingerprint.entries for context, fingerprint in source.inputs.contexts.items()}
    return [name for name, places in marked.places.items() if any(place.path in now[place.context] for place in places)]


def _with_submodules(classes: Mapping[str, FileClass], touched: TouchedFiles) -> Mapping[str, FileClass]:
    """A submodule is read by all steps that read a file of it."""
    whole = {name: FileClass().union(*(classes[file] for file in files)) for name, files in touched.submodules.items()}
    return {**classes, **whole}


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
