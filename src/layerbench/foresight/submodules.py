"""What of a checkout is not as it was at a commit, submodules included, laid out as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerbench.context.names import shown
from layerbench.errors import UsageError
from layerbench.repository.changes import changed_paths
from layerbench.repository.commits import place_files
from layerbench.repository.find import Repository, find_repository
from layerbench.repository.git import GitError, entries, line

_SUBMODULE = "160000"
_NOTHING = "000000"


@dataclass(frozen=True, slots=True)
class LaidOut:
    """Files of a checkout that are not what they were."""

    paths: tuple[str, ...]
    """From the checkout's top; those that were there are in the tree now."""
    notes: tuple[str, ...] = ()
    """A sentence for each submodule whose files are taken as they are now."""


@dataclass(frozen=True, slots=True)
class _Pointer:
    """A submodule whose commit is another one, or whose checkout is changed."""

    path: str
    old_mode: str
    new_mode: str
    old_commit: str

    @property
    def is_file_somewhere(self) -> bool:
        """Whether a file or a link is in its place on the other side."""
        return not {self.old_mode, self.new_mode} <= {_SUBMODULE, _NOTHING}


def lay_out_changed(repository: Repository, commit: str, tree: Path, prefix: str = "") -> LaidOut:
    """Lay out what a commit has of the files that are other ones now.

    Args:
        repository: with the checkout.
        commit: its id, or that of a tree.
        tree: a folder of our own.
        prefix: of the paths, for people.

    Raises:
        UsageError: git refused.
    """
    changed = changed_paths(repository, commit)
    pointers = {one.path: one for one in _pointers(repository, commit)}
    # To git a submodule is a file that holds a commit's id; what a build sees is a folder.
    before = [path for path in changed.before if path not in pointers or pointers[path].old_mode != _SUBMODULE]
    place_files(repository, commit, before, tree)
    paths = [path for path in changed.all if path not in pointers or pointers[path].is_file_somewhere]
    notes: list[str] = []
    for pointer in pointers.values():
        if pointer.old_mode in (_SUBMODULE, _NOTHING):
            try:
                inner = _submodule(repository, pointer, tree, prefix)
            except UsageError as error:
                notes.append(_as_now(prefix + pointer.path, str(error)))
                continue
            paths += [f"{pointer.path}/{path}" for path in inner.paths]
            notes += inner.notes
    return LaidOut(tuple(paths), tuple(notes))


def _submodule(repository: Repository, pointer: _Pointer, tree: Path, prefix: str) -> LaidOut:
    checkout = repository.top / pointer.path
    if not (checkout / ".git").exists():
        raise UsageError("it is not checked out")
    commit = pointer.old_commit
    if pointer.old_mode == _NOTHING:
        commit = line("hash-object", "-t", "tree", "/dev/null", folder=checkout)  # of a tree without files
    place = tree / pointer.path
    place.mkdir(parents=True, exist_ok=True)
    return lay_out_changed(find_repository(checkout), commit, place, f"{prefix}{pointer.path}/")


def _pointers(repository: Repository, commit: str) -> Iterator[_Pointer]:
    arguments = ("diff", "--no-ext-diff", "--no-renames", "--raw", "--no-abbrev", "-z", commit)
    try:
        listed = entries(*arguments, folder=repository.top)
    except GitError as error:
        raise UsageError(f"git cannot compare {repository.top} with that commit: {error}") from None
    for facts, path in zip(listed[::2], listed[1::2], strict=True):
        old_mode, new_mode, old_commit, *_ = facts.removeprefix(":").split(" ")
        if _SUBMODULE in (old_mode, new_mode):
            yield _Pointer(path, old_mode, new_mode, old_commit)


def _as_now(path: str, reason: str) -> str:
    return (
        f"the files of the submodule {shown(path)} are taken as they are now, for those of then are not known: {reason}"
    )
