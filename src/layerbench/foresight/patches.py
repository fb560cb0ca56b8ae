"""Changes that are told by git: a patch that is yet to be applied, or the difference to an earlier state."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from layerbench.cachekeys.models import BuildInputs
from layerbench.context.models import Entry
from layerbench.errors import UsageError
from layerbench.foresight.edits import Change
from layerbench.foresight.sources import MAIN_CONTEXT, Source, read_dockerfile, with_entries
from layerbench.repository.changes import changed_paths
from layerbench.repository.commits import place_files
from layerbench.repository.find import find_commit, find_repository
from layerbench.workspace.files import copy_entry
from layerbench.workspace.journal import Journal
from layerbench.workspace.patching import apply_patch, named_files, take_patch_back

_Versions = Mapping[Path, Entry | None]


def since_commit(sources: Sequence[Source], name: str) -> list[Change]:
    """Each variant at an earlier commit and now: the working tree with what is not committed yet.

    Args:
        sources: the variants as they are now.
        name: of the commit, in the repository that the first variant's context is in.

    Raises:
        UsageError: no repository, no such commit, or git refused.
    """
    repository = find_repository(sources[0].folders[MAIN_CONTEXT])
    commit = find_commit(repository, name)
    paths = changed_paths(repository, commit.id)
    with tempfile.TemporaryDirectory(prefix="layerbench-") as temporary:
        tree = Path(temporary) / "tree"
        tree.mkdir()
        place_files(repository, commit.id, paths.before, tree)
        top = repository.top.resolve()
        versions = _versions(tree, paths.all, top)
        changes = [
            Change(source, _with(source, versions, _dockerfile_at(source, versions, tree, top)), source.inputs)
            for source in sources
        ]
    return [_told(change) for change in changes]


def apply(sources: Sequence[Source], diff: str, places: Sequence[Path]) -> list[Change]:
    """Each variant before and after a patch; no file of the person's is touched.

    A patch that does not apply because the files have it already, as `git diff` tells of what is not committed yet, is
    taken back, and what is there now is what comes after it.

    Args:
        sources: the variants as they are now.
        diff: the patch, as `git diff` writes it.
        places: folders that its paths may start from; that which has most of its files counts.

    Raises:
        UsageError: it is no patch, or does not apply.
        LayerbenchError: git is missing.
    """
    names = named_files(diff)
    top = _top_of(names, places)
    with tempfile.TemporaryDirectory(prefix="layerbench-") as temporary:
        tree, aside = Path(temporary) / "tree", Path(temporary) / "aside"
        tree.mkdir()
        aside.mkdir()
        for name in names:
            _copy(top / name, tree / name)
        is_there = _has_been_applied(tree, aside, diff)
        versions = _versions(tree, names, top)
        changes = []
        for source in sources:
            dockerfile = source.variant.dockerfile.resolve()
            text = read_dockerfile(tree / dockerfile.relative_to(top)) if versions.get(dockerfile) else None
            other = _with(source, versions, text)
            changes.append(Change(source, *((other, source.inputs) if is_there else (source.inputs, other))))
    return [_told(change) for change in changes]


def _has_been_applied(tree: Path, aside: Path, diff: str) -> bool:
    """Bring a tree to the other side of a patch; whether it had the patch already."""
    try:
        apply_patch(Journal(tree, aside), diff)
    except UsageError as error:
        try:
            take_patch_back(Journal(tree, aside), diff)
        except UsageError:
            raise error from None
        return True
    return False


def repository_top(folder: Path) -> Path | None:
    """The top of the repository that a folder is in; None where it is in none, or there is no git."""
    try:
        return find_repository(folder).top.resolve()
    except UsageError:
        return None


def _with(source: Source, versions: _Versions, dockerfile: str | None) -> BuildInputs:
    """The variant's inputs with other versions of some files; a text of the Dockerfile where that is another one."""
    changes: dict[str, dict[str, Entry | None]] = {name: {} for name in source.folders}
    for file, entry in versions.items():
        for name, path in source.paths_of(file).items():
            now = source.inputs.contexts[name].entries.get(path)
            if not source.ignores[name].excludes(path):
                changes[name][path] = _with_mode(entry, now)
    inputs = with_entries(source.inputs, changes)
    return inputs if dockerfile is None else replace(inputs, dockerfile=dockerfile)


def _with_mode(entry: Entry | None, now: Entry | None) -> Entry | None:
    """The entry with the mode of today's file where git sees no difference between the two.

    Git keeps one bit of a mode, and a checkout fills in the others by the umask.
    """
    if entry is None or now is None or entry.kind != "file" or now.kind != "file":
        return entry
    return replace(entry, mode=now.mode) if bool(entry.mode & 0o100) == bool(now.mode & 0o100) else entry


def _dockerfile_at(source: Source, versions: _Versions, tree: Path, top: Path) -> str | None:
    """The text of the Dockerfile in a tree; None where it is the same as now."""
    dockerfile = source.variant.dockerfile.resolve()
    if dockerfile not in versions:
        return None
    if versions[dockerfile] is None:
        raise UsageError(f"{dockerfile} was not there then: there is no build to start from")
    return read_dockerfile(tree / dockerfile.relative_to(top))


def _told(change: Change) -> Change:
    if change.before != change.after:
        return change
    return replace(change, notes=("the change touches nothing that this variant is built from",))


def _top_of(names: Sequence[str], places: Sequence[Path]) -> Path:
    def count(place: Path) -> int:
        return sum(os.path.lexists(place / name) for name in names)

    return max(dict.fromkeys(place.resolve() for place in places), key=count)


def _copy(source: Path, target: Path) -> None:
    if os.path.lexists(source) and (source.is_symlink() or not source.is_dir()):
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_entry(str(source), str(target))


def _versions(tree: Path, names: Iterable[str], top: Path) -> dict[Path, Entry | None]:
    """What is in a tree by each name, by the place of that file for the person."""
    return {top / name: _entry(tree / name) for name in names}


def _entry(path: Path) -> Entry | None:
    try:
        facts = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(facts.st_mode):
        return Entry("link", 0o777, target=str(path.readlink()))
    if not stat.S_ISREG(facts.st_mode):
        return None
    content = path.read_bytes()
    return Entry("file", stat.S_IMODE(facts.st_mode), len(content), hashlib.sha256(content).hexdigest())
