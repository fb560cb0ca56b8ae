"""The two states of a repository: which they are, and where each is laid out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from layerbench.ab.joining import SIDES, SideName
from layerbench.ab.loading import Place, Side
from layerbench.errors import UsageError
from layerbench.repository import (
    Commit,
    Repository,
    describe_checkout,
    find_commit,
    find_repository,
    make_neutral,
    place_commit,
    place_working_tree,
)
from layerbench.results.models import Revision

_WORKING_TREE = "the working tree"


@dataclass(frozen=True, slots=True)
class States:
    """What is held against each other; nothing of it is laid out yet."""

    repository: Repository
    base: Commit
    head: Commit | None
    """None for the working tree with its uncommitted changes."""
    place: Place
    """Of the bench file."""

    @property
    def folder(self) -> Path:
        """The bench file's in the person's own checkout."""
        return self.repository.top / self.place.folder


def find_states(base: str, head: str | None, bench_file: Path | None) -> States:
    """The two states by their names.

    Args:
        base: a branch, a tag, a commit.
        head: likewise; None for the working tree.
        bench_file: by its place in the checkout; None for the usual names in the current folder.

    Raises:
        UsageError: there is no such commit, no such folder, or no repository.
    """
    start = Path() if bench_file is None else bench_file.parent
    if not start.is_dir():
        raise UsageError(f"{start}: no such folder; name the bench file by its place in the checkout")
    repository = find_repository(start)
    return States(
        repository,
        find_commit(repository, base),
        find_commit(repository, head) if head is not None else None,
        Place(
            repository.top,
            start.resolve().relative_to(repository.top.resolve()),
            bench_file.name if bench_file else None,
        ),
    )


def revisions_of(states: States, environment: Mapping[str, str]) -> dict[SideName, Revision | None]:
    """What each side is in git's terms, for its result."""
    head = None if states.head is None else _revision(states.head)
    if states.head is None and (found := describe_checkout(states.repository.top, environment)) is not None:
        head = Revision(found.commit, found.committed_at, found.branch, found.is_dirty)
    return {"base": _revision(states.base), "head": head}


def _revision(commit: Commit) -> Revision:
    made = datetime.fromtimestamp(commit.seconds, UTC).isoformat()
    return Revision(commit.id, made, branch=None, is_dirty=False)


def lay_out(
    states: States, folder: Path, left_out: tuple[Path, ...], note: Callable[[str], None]
) -> dict[SideName, Side]:
    """Lay out both, each in a folder with the checkout's own name, which is the bench's where that has none.

    Args:
        states: the two.
        folder: where; it is the caller's to remove.
        left_out: what in the working tree is no part of it, such as the result files of this very run.
        note: told what of a state could not be laid out as it is.

    Raises:
        LayerbenchError: git failed, or files cannot be written.
    """
    repository = states.repository
    commits: dict[SideName, Commit | None] = {"base": states.base, "head": states.head}
    sides: dict[SideName, Side] = {}
    for name in SIDES:
        commit = commits[name]
        tree = folder / name / (repository.top.name or "root")
        tree.mkdir(parents=True)
        if commit is None:
            said = place_working_tree(repository, tree, left_out)
        else:
            said = place_commit(repository, commit.id, tree)
        label = _WORKING_TREE if commit is None else commit.label
        for text in said:
            note(f"in {label} {text}")
        make_neutral(tree, states.base.seconds)
        sides[name] = Side(label, tree)
    return sides
