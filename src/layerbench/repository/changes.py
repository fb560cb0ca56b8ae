"""What commits changed, by the names of the files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.repository.find import Repository
from layerbench.repository.git import GitError, entries, git, line

_MARK = "\x01"
_SUBMODULE = "160000"
"""The mode of a commit of another repository."""


@dataclass(frozen=True, slots=True)
class ChangedPaths:
    """Files that are not what they were at a commit, by their paths from the checkout's top."""

    before: list[str]
    """Those that the commit has."""
    all: list[str]
    """Those as well that are new."""


@dataclass(frozen=True, slots=True)
class CommitFiles:
    """A commit with the files that it changed, added or removed, by their paths from the checkout's top."""

    id: str
    paths: tuple[str, ...]
    """Both names of what was renamed."""
    submodules: tuple[str, ...] = ()
    """Folders of which it took another commit."""


@dataclass(frozen=True, slots=True)
class History:
    """The last commits of a repository."""

    top: Path
    """The checkout's top folder, links resolved."""
    commits: tuple[CommitFiles, ...]
    """The newest first."""


def changed_paths(repository: Repository, commit: str) -> ChangedPaths:
    """The files of the working tree that are not what they were at a commit.

    Untracked files that git does not ignore are among them, as new ones.

    Raises:
        UsageError: git refused.
    """
    try:
        listed = entries("diff", "--no-ext-diff", "--no-renames", "--name-status", "-z", commit, folder=repository.top)
        untracked = entries("ls-files", "-z", "--others", "--exclude-standard", folder=repository.top)
    except GitError as error:
        raise UsageError(f"git cannot compare {repository.top} with that commit: {error}") from None
    status = list(zip(listed[::2], listed[1::2], strict=True))
    before = [path for letter, path in status if letter != "A"]
    new = [path for letter, path in status if letter == "A"]
    return ChangedPaths(before, [*before, *new, *(path for path in untracked if not path.endswith("/"))])


def last_commits(folder: Path, count: int) -> History:
    """The last commits of the branch that is checked out; merges are left out.

    Args:
        folder: in a checkout; files elsewhere in it are told as well.
        count: at most so many.

    Raises:
        UsageError: no repository, no commit yet, or git refused.
    """
    try:
        top = Path(line("rev-parse", "--show-toplevel", folder=folder))
        listed = git(
            *("log", "--no-merges", f"--max-count={count}", "--root", f"--format={_MARK}%H"),
            # Raw, for the modes: they tell a submodule from a file.
            *("--raw", "-z", "--no-renames", "--no-relative", "--ignore-submodules=none"),
            *("--no-ext-diff", "--no-show-signature"),
            folder=folder,
        )
        # Of the oldest commit of a shallow clone all files look new.
        cut = _boundary(folder)
    except GitError as error:
        raise UsageError(f"git has no history of {folder}: {error}; leave --git out, or go to a checkout") from None
    return History(top, tuple(commit for commit in _commits(os.fsdecode(listed)) if commit.id not in cut))


def is_shallow(folder: Path) -> bool:
    """Whether the history of a folder's repository is cut off, as a CI's checkout mostly is; False outside of any."""
    try:
        return git("rev-parse", "--is-shallow-repository", folder=folder).strip() == b"true"
    except UsageError:
        return False


def _boundary(folder: Path) -> frozenset[str]:
    """Ids of the commits at which a shallow clone is cut off."""
    place = git("rev-parse", "--git-path", "shallow", folder=folder).decode(errors="surrogateescape").strip()
    try:
        return frozenset((folder / place).read_text().split())
    except OSError:
        return frozenset()


def _commits(listed: str) -> Iterator[CommitFiles]:
    """The commits of a raw listing: each its id, and for each file a description and a path, all ended by NUL."""
    parts = iter(listed.split("\0"))
    commit, paths, submodules = "", list[str](), list[str]()
    for part in parts:
        text = part.lstrip("\n")
        if text.startswith(":"):
            before, after = text[1:].split(" ")[:2]
            (submodules if _SUBMODULE in (before, after) else paths).append(next(parts))
        elif text.startswith(_MARK):
            if commit:
                yield CommitFiles(commit, tuple(paths), tuple(submodules))
            commit, paths, submodules = text.removeprefix(_MARK), [], []
    if commit:
        yield CommitFiles(commit, tuple(paths), tuple(submodules))
