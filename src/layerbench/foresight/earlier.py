"""What differs between an earlier commit and the working tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from layerbench.ab.loading import Place, Side, load_sides
from layerbench.config.models import Variant
from layerbench.context.names import shown
from layerbench.errors import UsageError
from layerbench.foresight.change import UNTOUCHED, Change, Changes, of_each
from layerbench.foresight.otherside import OtherSide
from layerbench.foresight.sources import MAIN_CONTEXT, Source
from layerbench.foresight.submodules import lay_out_changed
from layerbench.repository.commits import place_commit
from layerbench.repository.find import Commit, Repository, find_commit, find_repository

_USUAL_NAMES = ("layerbench.toml", "pyproject.toml")


def since_commit(sources: Sequence[Source], name: str, bench_file: Path | None = None) -> Changes:
    """Each variant at an earlier commit and now: the working tree with what is not committed yet.

    Args:
        sources: the variants as they are now.
        name: of the commit, in the repository that the first variant's context is in.
        bench_file: what says which variants there are; None where nothing does.

    Raises:
        UsageError: no repository, no such commit, git refused, or no variant is left that can be foreseen.
    """
    repository = find_repository(sources[0].folders[MAIN_CONTEXT])
    commit = find_commit(repository, name)
    with tempfile.TemporaryDirectory(prefix="layerbench-") as temporary:
        folder = Path(temporary).resolve()
        tree = folder / "changed"
        tree.mkdir()
        laid_out = lay_out_changed(repository, commit.id, tree)
        notes = list(laid_out.notes)
        side = OtherSide(f"at {name}", tree, repository.top.resolve(), laid_out.paths)
        known: Mapping[str, Variant] | None = None
        if bench_file is not None and side.has_other(bench_file.resolve()):
            known = _variants_at(repository, commit, bench_file, folder, notes)

        def change(source: Source) -> Change:
            variant = source.variant if known is None else known.get(source.variant.name)
            if variant is None:
                raise UsageError(f"{name} has no variant {source.variant.name}")
            before = side.inputs(variant, source)
            untouched = (UNTOUCHED,) if before == source.inputs else ()
            return Change(source, before, source.inputs, untouched, (side.name, ""))

        changes = of_each(sources, lambda source: source.variant.name, change, notes)
    return Changes(tuple(changes), tuple(notes))


def _variants_at(
    repository: Repository, commit: Commit, bench_file: Path, folder: Path, notes: list[str]
) -> dict[str, Variant] | None:
    """The variants of a commit's own bench file, as if it stood in the checkout; None where those of now serve."""
    top = repository.top.resolve()
    tree = folder / "commit" / (top.name or "root")
    tree.mkdir(parents=True)
    at = bench_file.resolve()
    place = Place(top, at.parent.relative_to(top), None if at.name in _USUAL_NAMES else at.name)
    as_now = "variants and their options are taken as they are now"
    try:
        place_commit(repository, commit.id, tree)
        if place.find(tree) is None:
            notes.append(f"{commit.name} has no bench file: {as_now}")
            return None
        told: list[str] = []
        before, _ = load_sides(Side(commit.name, tree), Side("the working tree", top), place, os.environ, told.append)
    except UsageError as error:
        notes.append(f"the bench file of {commit.name} cannot be used: {as_now} ({shown(str(error))})")
        return None
    return {variant.name: _moved(variant, tree, top) for variant in before.variants}


def _moved(variant: Variant, tree: Path, top: Path) -> Variant:
    """The variant with its paths in the checkout."""

    def moved(path: Path) -> Path:
        return top / path.relative_to(tree) if path.is_relative_to(tree) else path

    return replace(
        variant,
        dockerfile=moved(variant.dockerfile),
        context=moved(variant.context),
        build_contexts={
            name: str(moved(Path(value))) if Path(value).is_absolute() else value
            for name, value in variant.build_contexts.items()
        },
    )
