"""The working tree as it is now: what git tracks and what it would offer to add, with all uncommitted changes."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerbench.errors import LayerbenchError, UsageError
from layerbench.repository.commits import place_files
from layerbench.repository.find import Repository, find_repository
from layerbench.repository.git import GitError, entries, line

_SUBMODULE = "160000"
_SKIP_WORKTREE = "S"
_DIRT = {"C": "another commit than the recorded one", "M": "uncommitted changes", "U": "untracked files"}
"""By the letter of `git status --porcelain=v2`."""


@dataclass(frozen=True, slots=True)
class _Tracked:
    path: str
    mode: str
    is_sparse: bool
    """Whether a sparse checkout leaves it out."""


def place_working_tree(repository: Repository, tree: Path, leave_out: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """Copy the working tree: tracked files as they are now, and untracked ones that are not ignored.

    Args:
        repository: whose checkout is copied.
        tree: an empty folder, in one where files may be made beside it.
        leave_out: files and folders that are not copied, such as the results of the run before.

    Returns:
        Sentences on submodules with changes of their own, and on what is left out.

    Raises:
        UsageError: a file cannot be read, or git refused.
        LayerbenchError: the disk is full, or the operating system refused otherwise.
    """
    left_out = tuple(path.resolve() for path in leave_out)
    try:
        return (*_dirty_submodules(repository), *_Copy(repository, tree, left_out, "").run())
    except GitError as error:
        raise UsageError(f"git cannot list the files of {repository.top}: {error}") from None


class _Copy:
    """The copy of one repository's working tree."""

    def __init__(self, repository: Repository, tree: Path, left_out: tuple[Path, ...], prefix: str) -> None:
        self._repository = repository
        self._top = repository.top
        self._tree = tree
        self._left_out = left_out
        self._prefix = prefix
        self._real_folders: dict[str, bool] = {"": True}
        trusts_modes = entries("config", "--null", "--type=bool", "--default=true", "core.fileMode", folder=self._top)
        self._trusts_modes = trusts_modes == ["true"]

    def run(self) -> tuple[str, ...]:
        """Copy, and say what was left out."""
        notes: list[str] = []
        sparse: list[str] = []
        for tracked in self._tracked():
            if tracked.mode == _SUBMODULE:
                notes.extend(self._submodule(tracked.path))
            elif not self._copy(tracked.path, None if self._trusts_modes else tracked.mode) and tracked.is_sparse:
                sparse.append(tracked.path)
        for path in entries("ls-files", "-z", "--others", "--exclude-standard", folder=self._top):
            if path.endswith("/"):
                notes.append(f"{self._prefix}{path} is a repository of its own and no submodule: it is left out")
            else:
                self._copy(path, None)
        if sparse:
            place_files(self._repository, line("rev-parse", "HEAD", folder=self._top), sparse, self._tree)
        return tuple(notes)

    def _tracked(self) -> Iterator[_Tracked]:
        seen = set()
        for entry in entries("ls-files", "-z", "-t", "--stage", folder=self._top):
            facts, _, path = entry.partition("\t")
            tag, mode, *_ = facts.split(" ")
            if path not in seen:  # in the middle of a merge a path has up to three entries
                seen.add(path)
                yield _Tracked(path, mode, tag == _SKIP_WORKTREE)

    def _submodule(self, path: str) -> tuple[str, ...]:
        """Copy the working tree of a submodule; one that is not checked out is an empty folder, as in the checkout."""
        source, target = self._top / path, self._tree / path
        if not source.is_dir() or source.is_symlink():
            return ()
        target.mkdir(parents=True, exist_ok=True)
        if not (source / ".git").exists():
            return ()
        return _Copy(find_repository(source), target, self._left_out, f"{self._prefix}{path}/").run()

    def _copy(self, path: str, mode: str | None) -> bool:
        """Copy a file or a link.

        Args:
            path: from the top.
            mode: git's, where that of the file cannot be trusted.

        Returns:
            Whether it is there.
        """
        source, target = self._top / path, self._tree / path
        if not self._is_real_folder(path.rpartition("/")[0]):
            return False  # below what is a link now: git takes it for deleted
        try:
            facts = source.lstat()
            if any(source.is_relative_to(folder) for folder in self._left_out):
                return True
            if not (stat.S_ISREG(facts.st_mode) or stat.S_ISLNK(facts.st_mode)):
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(facts.st_mode):
                target.symlink_to(source.readlink())
                return True
            shutil.copyfile(source, target)
            runs = bool(facts.st_mode & stat.S_IXUSR) if mode is None else mode.endswith("755")
            target.chmod(0o755 if runs else 0o644)
        except FileNotFoundError:
            return False
        except PermissionError as error:
            raise UsageError(f"{self._prefix}{_shown(path)} cannot be read: {error.strerror}; mend that") from None
        except OSError as error:
            raise LayerbenchError(f"{self._prefix}{_shown(path)} cannot be copied: {error.strerror}") from None
        return True

    def _is_real_folder(self, path: str) -> bool:
        """Whether a folder and all above it are folders and no links."""
        if path not in self._real_folders:
            parent = path.rpartition("/")[0]
            whole = self._top / path
            self._real_folders[path] = self._is_real_folder(parent) and whole.is_dir() and not whole.is_symlink()
        return self._real_folders[path]


def _dirty_submodules(repository: Repository) -> Iterator[str]:
    """A sentence for each submodule that is not what the last commit says."""
    listed = entries("status", "--porcelain=v2", "-z", "--ignore-submodules=none", folder=repository.top)
    for entry in listed:
        # `1 XY sub mH mI mW hH hI path`; one that was moved has a further field before its path.
        fields = entry.split(" ", 8)
        if len(fields) < 9 or fields[0] not in ("1", "2") or not fields[2].startswith("S"):
            continue
        path = fields[8] if fields[0] == "1" else fields[8].partition(" ")[2]
        dirt = [words for letter, words in _DIRT.items() if letter in fields[2][1:]]
        if dirt:
            yield f"the submodule {_shown(path)} has {' and '.join(dirt)}: it is built as it is checked out"


def _shown(path: str) -> str:
    return os.fsencode(path).decode(errors="backslashreplace")
