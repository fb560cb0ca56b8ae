"""The bench files of two states of a project, each read in its own tree."""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from layerbench.config.file import BENCH_FILE_NAME, check_bench, find_bench_file, load_bench_file
from layerbench.config.models import BenchFile, Scenario, Secret, Variant
from layerbench.errors import UsageError
from layerbench.runner.preflight import check_all_edits

_LAYOUT = "oci-layout://"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two states."""

    label: str
    """For people: `main (1a2b3c4d5e6f)`, `the working tree`."""
    tree: Path
    """Where it is laid out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the project the bench file is."""

    top: Path
    """Top of the person's own checkout, for what git ignores."""
    folder: Path
    """Relative to the top."""
    file: str | None
    """Its name; None for the usual ones."""

    def find(self, tree: Path) -> Path | None:
        """The bench file in a tree."""
        if self.file is None:
            return find_bench_file(tree / self.folder)
        path = tree / self.folder / self.file
        return path if path.is_file() else None

    def name_in(self, *trees: Path) -> str:
        """The bench file's name in the first tree that has one."""
        found = next((path for tree in trees if (path := self.find(tree))), None)
        return found.name if found else BENCH_FILE_NAME

    def told(self) -> str:
        """For people."""
        return str(self.folder / (self.file or BENCH_FILE_NAME))


def load_sides(
    base: Side, head: Side, place: Place, environment: Mapping[str, str], note: Callable[[str], None]
) -> tuple[BenchFile, BenchFile]:
    """Read the bench file of each state; one that has none takes that of the other. No Dockerfile is looked into.

    Raises:
        UsageError: neither has one, one is wrong, or the other one's names Dockerfiles that are not there.
    """
    paths = {side.label: place.find(side.tree) for side in (base, head)}
    if not any(paths.values()):
        raise UsageError(
            f"neither {base.label} nor {head.label} has the bench file {place.told()}; `layerbench init` writes one, "
            "which git must not ignore"
        )
    loaded = {side: _load(side, path, place, environment) for side in (base, head) if (path := paths[side.label])}
    for side, other in ((base, head), (head, base)):
        if side not in loaded:
            loaded[side] = _taken_over(loaded[other], other, side)
            note(f"{side.label} has no bench file: that of {other.label} serves for both")
    return loaded[base], loaded[head]


def fitting(bench: BenchFile, side: Side, note: Callable[[str], None]) -> BenchFile:
    """The bench file without the scenarios whose edits do not fit the state, each of which is told."""
    kept: list[Scenario] = []
    for scenario in bench.scenarios:
        try:
            with told_of(side):
                check_all_edits(replace(bench, scenarios=(scenario,)))
            kept.append(scenario)
        except UsageError as error:
            note(f"the scenario {scenario.name} is left out, for its edits do not fit {side.label}: {error}")
    return replace(bench, scenarios=tuple(kept))


@contextlib.contextmanager
def told_of(side: Side) -> Iterator[None]:
    """Let an error name a state's files as the person knows them, and not where they lie for now."""
    try:
        yield
    except UsageError as error:
        text = str(error).replace(f"{side.tree}/", "").replace(str(side.tree), ".")
        raise UsageError(f"in {side.label}: {text}") from None


def _load(side: Side, path: Path, place: Place, environment: Mapping[str, str]) -> BenchFile:
    own_folder = place.top / place.folder
    with told_of(side), _lent(path, own_folder):
        bench = load_bench_file(path, environment)
    return replace(bench, bases={name: _local(text, bench.folder, own_folder) for name, text in bench.bases.items()})


def _local(stand_in: str, folder: Path, own_folder: Path) -> str:
    """A stand-in that is not in the tree, since git ignores it, as it is in the person's checkout."""
    layout = stand_in.removeprefix(_LAYOUT)
    if layout == stand_in or Path(layout.partition(":")[0]).exists():
        return stand_in
    return f"{_LAYOUT}{os.path.normpath(own_folder / os.path.relpath(layout, folder))}"


@contextlib.contextmanager
def _lent(path: Path, own_folder: Path) -> Iterator[None]:
    """While a bench file is read, let the files of secrets, which git should ignore, be found in the checkout.

    They become paths of the checkout, for links are followed when a bench file is resolved; the link is gone before
    anything is built.
    """
    made: list[Path] = []
    try:
        for name in _secret_files(path):
            inside, own = path.parent / name, own_folder / name
            if not inside.exists() and own.is_file() and inside.parent.is_dir():
                inside.symlink_to(own.resolve())
                made.append(inside)
        yield
    finally:
        for link in made:
            link.unlink()


def _secret_files(path: Path) -> list[str]:
    """What the bench file says where secrets are; nothing where it is wrong, which reading it will tell."""
    try:
        table: Any = tomllib.loads(path.read_text())
        table = table["tool"]["layerbench"] if path.name == "pyproject.toml" else table
        secrets = [secret for variant in table["variants"].values() for secret in variant.get("secrets", ())]
        return [secret["file"] for secret in secrets if "file" in secret and not Path(secret["file"]).is_absolute()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _taken_over(bench: BenchFile, other: Side, side: Side) -> BenchFile:
    """The bench file of one state, said of the tree of the other.

    Raises:
        UsageError: that has none of its Dockerfiles, or lacks something else.
    """

    def moved(path: Path) -> Path:
        return side.tree / path.relative_to(other.tree) if path.is_relative_to(other.tree) else path

    variants = tuple(
        changed
        for variant in bench.variants
        if (changed := _moved_variant(variant, moved)).dockerfile.is_file() and changed.context.is_dir()
    )
    if not variants:
        names = ", ".join(str(variant.dockerfile.relative_to(other.tree)) for variant in bench.variants)
        raise UsageError(
            f"{side.label} has no bench file, and none of the Dockerfiles that that of {other.label} names ({names}); "
            "compare with a state that has them"
        )
    names_left = {variant.name for variant in variants}
    taken = replace(
        bench,
        folder=moved(bench.folder),
        variants=variants,
        scenarios=tuple(_only(scenario, names_left) for scenario in bench.scenarios),
        index=replace(
            bench.index, requirements=tuple(path for path in map(moved, bench.index.requirements) if path.is_file())
        ),
    )
    with told_of(side):
        check_bench(taken)
    return taken


def _moved_variant(variant: Variant, moved: Callable[[Path], Path]) -> Variant:
    def moved_context(value: str) -> str:
        return str(moved(Path(value))) if Path(value).is_absolute() else value

    def moved_secret(secret: Secret) -> Secret:
        return replace(secret, file=moved(secret.file)) if secret.file else secret

    return replace(
        variant,
        dockerfile=moved(variant.dockerfile),
        context=moved(variant.context),
        build_contexts={name: moved_context(value) for name, value in variant.build_contexts.items()},
        secrets=tuple(map(moved_secret, variant.secrets)),
    )


def _only(scenario: Scenario, names: set[str]) -> Scenario:
    if scenario.variants is None:
        return scenario
    return replace(scenario, variants=tuple(name for name in scenario.variants if name in names))
