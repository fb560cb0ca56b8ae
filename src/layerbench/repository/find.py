"""The repository that a folder is in, and the commit that a person means."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.repository.git import GitError, git, line

_SHORT = 12
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with a checkout."""

    top: Path
    """The checkout's top folder."""
    git_dir: Path
    common_dir: Path
    """Where what all of its work trees share is; `git_dir` unless the checkout is a linked work tree itself."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as it was asked for."""

    name: str
    id: str
    seconds: int
    """When it was made, since 1970."""

    @property
    def label(self) -> str:
        """For people: `main (1a2b3c4d5e6f)`."""
        short = self.id[:_SHORT]
        return short if self.id.startswith(self.name) else f"{self.name} ({short})"


def find_repository(folder: Path) -> Repository:
    """The repository whose checkout a folder is in.

    Raises:
        UsageError: it is in none, or git does not want to look at it.
    """
    try:
        top = line("rev-parse", "--show-toplevel", folder=folder)
        git_dir = line("rev-parse", "--absolute-git-dir", folder=folder)
        common = line("rev-parse", "--git-common-dir", folder=folder)
    except GitError as error:
        if "not a git repository" in str(error):
            raise UsageError(
                f"{folder.resolve()} is in no git repository; go to the checkout whose states are to be compared, or "
                "compare two Dockerfiles with `layerbench run -f A -f B`"
            ) from None
        raise UsageError(f"{folder.resolve()}: {error}; a repository with a checkout is needed") from None
    return Repository(Path(top), Path(git_dir), (folder.resolve() / common).resolve())


def find_commit(repository: Repository, name: str) -> Commit:
    """The commit that a name stands for: a branch, a tag, an id, `HEAD~3`, `main@{yesterday}`.

    Raises:
        UsageError: there is none; near names are told.
    """
    try:
        found = line(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", folder=repository.top
        )
    except GitError:
        raise UsageError(f'no commit is named "{name}"; {_mend(repository, name)}') from None
    seconds = line("show", "--no-patch", "--no-show-signature", "--format=%ct", found, folder=repository.top)
    return Commit(name, found, int(seconds))


def _mend(repository: Repository, name: str) -> str:
    listed = git("for-each-ref", "--format=%(refname:short)", folder=repository.top)
    known = [ref for ref in listed.decode(errors="replace").splitlines() if ref]
    # A branch that was never checked out here is known by its remote's name only.
    near = [ref for ref in known if ref.endswith(f"/{name}")]
    near += [ref for ref in difflib.get_close_matches(name, known, n=_NEAR) if ref not in near]
    if near:
        return "did you mean " + " or ".join(f'"{ref}"' for ref in near[:_NEAR]) + "?"
    if line("rev-parse", "--is-shallow-repository", folder=repository.top) == "true":
        return f"this clone is shallow: `git fetch origin {name}` may bring it, and FETCH_HEAD names it then"
    return "`git log --oneline --all` shows what there is"
