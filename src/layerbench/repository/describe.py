"""What is checked out, for the record of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.repository.git import git, line

# A CI checks out a commit without a branch, and names that in the environment. A pull request's own branch comes first.
_CI_BRANCH_VARIABLES = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_REF_NAME",
    "BRANCH_NAME",
)


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """A commit, and whether the checkout is as it says."""

    commit: str
    committed_at: str
    """ISO 8601 with the offset of UTC."""
    branch: str | None
    is_dirty: bool


def describe_checkout(folder: Path, environment: Mapping[str, str]) -> CheckedOut | None:
    """What is checked out where a folder is; None outside of a repository, without a commit, and without git."""
    try:
        commit = line("rev-parse", "--verify", "--quiet", "HEAD^{commit}", folder=folder)
        committed_at = line("show", "--no-patch", "--no-show-signature", "--format=%cI", commit, folder=folder)
        is_dirty = bool(git("status", "--porcelain", "--untracked-files=normal", folder=folder).strip())
    except (UsageError, OSError):
        return None
    return CheckedOut(commit, committed_at, _branch(folder, environment), is_dirty)


def _branch(folder: Path, environment: Mapping[str, str]) -> str | None:
    try:
        return line("symbolic-ref", "--quiet", "--short", "HEAD", folder=folder)
    except UsageError:
        named = (environment.get(name) for name in _CI_BRANCH_VARIABLES)
        return next((name for name in named if name), None)
