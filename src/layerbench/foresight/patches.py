"""A patch that is yet to be applied, or that the files have already."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from layerbench.context.models import Entry
from layerbench.context.names import shown
from layerbench.errors import UsageError
from layerbench.foresight.change import UNTOUCHED, Change, Changes, of_each
from layerbench.foresight.otherside import OtherSide
from layerbench.foresight.sections import BinaryChange, paths_of, read_sections
from layerbench.foresight.sources import Source
from layerbench.repository.find import find_repository
from layerbench.workspace.files import copy_entry
from layerbench.workspace.journal import Journal
from layerbench.workspace.patching import apply_patch, named_files, take_patch_back

_SHA1_LENGTH = 40
_EXECUTABLE, _PLAIN = 0o755, 0o644


def apply(sources: Sequence[Source], diff: str, places: Sequence[Path], bench_file: Path | None = None) -> Changes:
    """Each variant before and after a patch; no file of the person's is touched.

    A patch that does not apply because the files have it already, as `git diff` tells of what is not committed yet, is
    taken back, and what is there now is what comes after it.

    Args:
        sources: the variants as they are now.
        diff: the patch, as `git diff` writes it.
        places: folders that its paths may start from, the likeliest first; that which has most of its files counts.
        bench_file: what says which variants there are; None where nothing does.

    Raises:
        UsageError: it is no patch, does not apply, or no variant is left that can be foreseen.
        LayerbenchError: git is missing.
    """
    sections = read_sections(diff)
    names = named_files(sections.text) if sections.text else []
    all_names = [*names, *(name for one in sections.binaries for name in paths_of(one))]
    top = _top_of(all_names or list(sections.submodules), places)
    notes = [
        f"the files of the submodule {shown(path)} are taken as they are now: a patch does not hold what changes in it"
        for path in sections.submodules
    ]
    with tempfile.TemporaryDirectory(prefix="layerbench-") as temporary:
        tree, aside = Path(temporary) / "tree", Path(temporary) / "aside"
        tree.mkdir()
        aside.mkdir()
        for name in names:
            _copy(top, name, tree)
        is_there = _has_been_applied(tree, aside, sections.text) if names else None
        is_there = _check_binaries(sections.binaries, top, is_there)
        side = OtherSide(f"{'before' if is_there else 'with'} the patch", tree, top, names)
        for one in sections.binaries:
            side.add(_binary_versions(one, top, is_there=is_there))
        if bench_file is not None and side.has_other(bench_file.resolve()):
            notes.append(f"the patch changes {bench_file.name}: variants and their options are taken as they are now")
        changes = of_each(
            sources,
            lambda source: source.variant.name,
            lambda source: _change(source, side, is_there=is_there, is_whole=not sections.submodules),
            notes,
        )
    return Changes(tuple(changes), tuple(notes))


def repository_top(folder: Path) -> Path | None:
    """The top of the repository that a folder is in; None where it is in none, or there is no git."""
    try:
        return find_repository(folder).top.resolve()
    except UsageError:
        return None


def _change(source: Source, side: OtherSide, *, is_there: bool, is_whole: bool) -> Change:
    other = side.inputs(source.variant, source)
    notes = (UNTOUCHED,) if other == source.inputs and is_whole else ()
    if is_there:
        return Change(source, other, source.inputs, notes, (side.name, ""))
    return Change(source, source.inputs, other, notes, ("", side.name))


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


def _top_of(names: Sequence[str], places: Sequence[Path]) -> Path:
    """The folder that a patch's paths start from."""

    def count(place: Path) -> tuple[int, int]:
        files = sum(os.path.lexists(place / name) for name in names)
        # What it adds is in no place yet, but mostly in a folder that is.
        folders = sum(os.path.isdir((place / name).parent) for name in names)  # noqa: PTH112 (raises where it may not look)
        return files, folders

    return max(dict.fromkeys(place.resolve() for place in places), key=count)


def _copy(top: Path, name: str, tree: Path) -> None:
    source, target = top / name, tree / name
    try:
        if os.path.lexists(source) and (source.is_symlink() or not source.is_dir()):
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_entry(str(source), str(target))
    except OSError as error:
        raise UsageError(
            f"the patch changes {shown(name)}, which cannot be read ({error.strerror}); make it readable"
        ) from None


def _check_binaries(binaries: Sequence[BinaryChange], top: Path, is_there: bool | None) -> bool:
    """Whether the binary files have the patch already; of what they hold, a patch names no more than the ids.

    Raises:
        UsageError: one of them is neither what it was before nor what it is afterwards.
    """
    for one in binaries:
        side = next((side for side in (False, True) if is_there in (None, side) and _is_at(one, top, side)), None)
        if side is None:
            name = shown(one.old or one.new or "")
            raise UsageError(
                f"the diff does not apply: {name} is a binary file, and another one than the patch was made of; git"
                " diff --binary writes a patch that has its content"
            )
        is_there = side
    return bool(is_there)


def _is_at(change: BinaryChange, top: Path, is_after: bool) -> bool:
    name, blob = (change.new, change.blobs[1]) if is_after else (change.old, change.blobs[0])
    if name is None:
        other = change.old if is_after else change.new
        return not os.path.lexists(top / (other or ""))
    try:
        content = (top / name).read_bytes()
    except OSError:
        return False
    hasher = hashlib.sha256() if len(blob) > _SHA1_LENGTH else hashlib.sha1(usedforsecurity=False)
    hasher.update(b"blob %d\0" % len(content) + content)
    return hasher.hexdigest().startswith(blob)


def _binary_versions(change: BinaryChange, top: Path, *, is_there: bool) -> dict[Path, Entry | None]:
    """A binary file as it is on the other side: of a content that is not known, and not that of now."""
    now, other = (change.new, change.old) if is_there else (change.old, change.new)
    versions: dict[Path, Entry | None] = {top / now: None} if now is not None else {}
    if other is not None:
        mode = _EXECUTABLE if change.is_executable else _PLAIN
        if change.is_executable is None and now is not None:
            mode = (top / now).stat().st_mode & 0o7777
        versions[top / other] = Entry("file", mode, 0, f"blob {change.blobs[0 if is_there else 1]}")
    return versions
