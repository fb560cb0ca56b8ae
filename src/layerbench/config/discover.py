"""What can be measured in a folder that has no bench file: its Dockerfiles, and edits of files that they copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from layerbench.config.copied import CopiedFiles, context_files, copied_files
from layerbench.config.edits import Candidate, choose_manifest, choose_source, edit_of_manifest, edit_of_source
from layerbench.config.models import COLD, DEFAULT_ROUNDS, WARM, BenchFile, Scenario, SmokeHttp, Touch, Variant
from layerbench.config.smoke import suggest_smoke
from layerbench.config.template import bench_file_text
from layerbench.errors import UsageError
from layerbench.instructions import Dockerfile, parse_dockerfile

_BARE = r"(?:Dockerfile|Containerfile)"
_DOCKERFILE = re.compile(rf"{_BARE}(?:[.-](?P<after>.+))?|(?P<before>[^.].*)\.{_BARE}", re.IGNORECASE | re.DOTALL)
_NOT_DOCKERFILES = re.compile(
    r".*(?:~|\.(?:dockerignore|bak|orig|rej|swp|tmp|md|j2|jinja2?|template|tmpl|tpl|in))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found, and what was chosen from it."""

    context: Path
    """Absolute."""
    variants: tuple[Variant, ...]
    scenarios: tuple[Scenario, ...]
    """`cold` and `warm` first."""
    smoke: SmokeHttp | None
    """What the Dockerfiles suggest, to be looked at by a person before it is used."""
    notes: tuple[str, ...]
    """One sentence for each choice."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """One Dockerfile, read."""

    path: Path
    dockerfile: Dockerfile
    copied: CopiedFiles


def discover(context: Path, dockerfiles: Sequence[Path] | None) -> Discovery:
    """Look at a folder and choose variants and scenarios.

    Args:
        context: the folder that is built from.
        dockerfiles: the variants' Dockerfiles; None to look for them in the folder and in its folder `docker`.

    Raises:
        UsageError: no such folder or file, a file named twice, one that cannot be parsed, or no Dockerfile found.
    """
    folder = context.resolve()
    if not folder.is_dir():
        raise UsageError(f'no such folder: "{context}"')
    notes: list[str] = []
    recipes = _found(folder, notes) if dockerfiles is None else _given(dockerfiles, folder)
    names = variant_names([recipe.path for recipe in recipes], folder)
    variants = tuple(Variant(name, recipe.path.resolve(), folder) for name, recipe in zip(names, recipes, strict=True))
    shown = ", ".join(f"{name} ({recipe.path.name})" for name, recipe in zip(names, recipes, strict=True))
    notes.append(f"{'variants' if len(names) > 1 else 'variant'}: {shown}")
    scenarios = _scenarios(folder, dict(zip(names, recipes, strict=True)), notes)
    smoke = suggest_smoke([recipe.dockerfile for recipe in recipes])
    return Discovery(folder, variants, (COLD, WARM, *scenarios), smoke, tuple(notes))


def to_bench_file(discovery: Discovery, folder: Path | None = None) -> BenchFile:
    """The bench file that measures what was found.

    Args:
        discovery: what was found.
        folder: where the bench file is, if it is not in the context.
    """
    name = _printable(discovery.context.name) or "image"
    where = discovery.context if folder is None else folder.resolve()
    return BenchFile(name, where, discovery.variants, discovery.scenarios, DEFAULT_ROUNDS)


def to_toml(discovery: Discovery, folder: Path | None = None) -> str:
    """The same as a commented `layerbench.toml`: reading it gives what `to_bench_file` does."""
    return bench_file_text(to_bench_file(discovery, folder), discovery.smoke)


def find_dockerfiles(folder: Path) -> list[Path]:
    """The Dockerfiles of a folder and of its folder `docker`, by their variants' names, a bare `Dockerfile` first.

    Hidden files, `.dockerignore` files of single Dockerfiles, backups and templates are none.

    Raises:
        UsageError: one of the folders cannot be looked into.
    """
    found: list[Path] = []
    for place in (folder, folder / "docker"):
        try:
            files = [path for path in place.iterdir() if _is_dockerfile(path)] if place.is_dir() else []
        except OSError as error:
            mend = "name the Dockerfiles with -f, or make it readable"
            raise UsageError(f'"{place}" cannot be looked into for Dockerfiles ({error.strerror}); {mend}') from None
        # By name rather than by file, or multi-x.Dockerfile would come before multi.Dockerfile.
        found += sorted(files, key=lambda path: (path.name.lower() != "dockerfile", _own_name(path, folder), path))
    once = {path.resolve(): path for path in reversed(found)}
    return [path for path in found if once[path.resolve()] is path]


def variant_names(dockerfiles: Sequence[Path], folder: Path) -> list[str]:
    """A name for each Dockerfile, from its file name, no two alike.

    `a.Dockerfile` is a, `Dockerfile.dev` is dev; a bare `Dockerfile` has the name of its folder, but in the context
    itself, whose folder's name differs from checkout to checkout, it is `default`.
    """
    names: list[str] = []
    for path in dockerfiles:
        own = _own_name(path, folder)
        parent = _printable(path.absolute().parent.name)
        longer = [f"{parent}-{own}"] if parent and path.absolute().parent != folder else []
        candidates = chain([own, *longer, _printable(path.name)], (f"{own}-{number}" for number in count(2)))
        names.append(next(name for name in candidates if name and name not in names))
    return names


def _own_name(path: Path, folder: Path) -> str:
    match = _DOCKERFILE.fullmatch(path.name)
    if match is None:
        return _printable(path.name) or "default"
    name = _printable(match["after"] or match["before"] or "")
    if name:
        return name
    parent = path.absolute().parent
    return "default" if parent == folder else _printable(parent.name) or "default"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "_" for character in text).strip()


def _is_dockerfile(path: Path) -> bool:
    if path.name.startswith(".") or not path.name.isprintable() or _NOT_DOCKERFILES.fullmatch(path.name):
        return False
    return _DOCKERFILE.fullmatch(path.name) is not None and path.is_file()


def _found(folder: Path, notes: list[str]) -> list[_Recipe]:
    recipes: list[_Recipe] = []
    for path in find_dockerfiles(folder):
        try:
            recipes.append(_read(path, folder))
        except UsageError as error:
            notes.append(f"left out: {error}")
    if recipes:
        return recipes
    problem = "; ".join(notes) or "there is no Dockerfile, *.Dockerfile, Dockerfile.* or Containerfile"
    mend = "name the files with `layerbench run -f FILE`, or another folder"
    raise UsageError(f'nothing to build in "{folder}" ({problem}); {mend}')


def _given(dockerfiles: Sequence[Path], folder: Path) -> list[_Recipe]:
    seen: set[Path] = set()
    for path in dockerfiles:
        if not path.is_file():
            raise UsageError(f'no such Dockerfile: "{path}"')
        if path.resolve() in seen:
            raise UsageError(f'"{path}" is named twice; name each Dockerfile once')
        seen.add(path.resolve())
    if not dockerfiles:
        raise UsageError("no Dockerfile is named; name one with `-f FILE`")
    return [_read(path, folder) for path in dockerfiles]


def _read(path: Path, folder: Path) -> _Recipe:
    try:
        dockerfile = parse_dockerfile(path.read_bytes().decode(errors="replace"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return _Recipe(path, dockerfile, copied_files(dockerfile, path, folder))


def _scenarios(folder: Path, recipes: dict[str, _Recipe], notes: list[str]) -> Iterator[Scenario]:
    copied = {name: recipe.copied for name, recipe in recipes.items()}
    files = context_files(folder)
    source = choose_source(files, copied, [recipe.dockerfile for recipe in recipes.values()])
    if source is None:
        notes.append("no scenario edit-source: no source file that the Dockerfiles copy was recognised")
    else:
        yield _noted(edit_of_source(folder, source), source, copied, notes)
    manifest = choose_manifest(files, copied)
    edit = edit_of_manifest(folder, manifest) if manifest else None
    if manifest is None:
        notes.append("no scenario edit-deps: no dependency manifest that the Dockerfiles copy was recognised")
    elif edit is None:
        notes.append(f"no scenario edit-deps: {manifest.path} was not understood")
    else:
        yield _noted(edit, manifest, copied, notes)
    touched = source or manifest
    if touched is None:
        notes.append("no scenario touch: there is no file for it")
    else:
        description = f"a new modification time on {touched.path}; its content stays"
        yield Scenario("touch", "edit", description, (Touch(touched.path),))


def _noted(scenario: Scenario, candidate: Candidate, copied: dict[str, CopiedFiles], notes: list[str]) -> Scenario:
    others = [name for name, files in copied.items() if files.how(candidate.path) is None]
    but = f"; not copied by {', '.join(others)}" if others else ""
    notes.append(f"{scenario.name}: {scenario.description} ({candidate.reason}{but})")
    return scenario
