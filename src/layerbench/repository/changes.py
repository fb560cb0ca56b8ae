"""What commits changed, by the names of the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.repository.find import Repository
from layerbench.repository.git import GitError, entries, git

_MARK = "\x01"


@dataclass(frozen=True, slots=True)
class ChangedPaths:
    """Files that are not what they were at a commit, by their paths from the checkout's top."""

    before: list[str]
    """Those that the commit has."""
    all: list[str]
    """Those as well that are new."""


@dataclass(frozen=True, slots=True)
class CommitFiles:
    """A commit with the files that it changed, added or removed below a folder."""

    id: str
    paths: tuple[str, ...]
    """Relative to the folder; both names of what was renamed."""


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


def last_commits(folder: Path, count: int) -> tuple[CommitFiles, ...]:
    """The last commits of the branch that is checked out, the newest first; merges are left out.

    Args:
        folder: in a checkout; only files below it are told.
        count: at most so many.

    Raises:
        UsageError: no repository, no commit yet, or git refused.
    """
    try:
        text = git(
            *("log", "--no-merges", f"--max-count={count}", "--no-renames", "--name-only", "-z"),
            *("--no-ext-diff", "--no-show-signature", "--relative", f"--format={_MARK}%H"),
            folder=folder,
        ).decode("utf-8", "surrogateescape")
        # Of the oldest commit of a shallow clone all files look new.
        cut = _boundary(folder)
    except GitError as error:
        raise UsageError(f"git has no history of {folder}: {error}; leave --git out, or go to a checkout") from None
    return tuple(commit for part in text.split(_MARK)[1:] if (commit := _commit(part)).id not in cut)


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


def _commit(text: str) -> CommitFiles:
    """One commit of the listing: its id, and behind a line break its files, each ended by NUL."""
    first, _, rest = text.partition("\n")
    return CommitFiles(first.strip("\0\n"), tuple(path for path in rest.split("\0") if path))
