"""The tree of a commit, with its submodules as far as their commits are on this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.repository.find import Repository
from layerbench.repository.git import GitError, entries, git

_SUBMODULE = "160000"
_SHORT = 12


def place_commit(repository: Repository, commit: str, tree: Path) -> tuple[str, ...]:
    """Lay out what a commit holds, by git's own rules for line ends and filters (such as those of LFS).

    Args:
        repository: which holds the commit.
        commit: its id.
        tree: an empty folder, in one where files may be made beside it.

    Returns:
        A sentence for each submodule that is left empty.

    Raises:
        UsageError: git refused.
    """
    folders = (repository.git_dir, repository.common_dir)
    return tuple(_place(repository.git_dir, folders, repository.top, commit, tree, ""))


def place_files(repository: Repository, commit: str, paths: list[str], tree: Path) -> None:
    """Lay out some files of a commit; those that it does not have are left out.

    Raises:
        UsageError: git refused.
    """
    _check_out(repository.git_dir, commit, tree, paths)


def _place(
    git_dir: Path, holders: tuple[Path, ...], checkout: Path, commit: str, tree: Path, prefix: str
) -> Iterator[str]:
    """Lay out one repository's commit, and its submodules.

    Args:
        git_dir: the repository.
        holders: folders that may have its submodules' repositories, in `modules`.
        checkout: where its own work tree is, if anywhere.
        commit: what to lay out.
        tree: where to.
        prefix: the path of that in the whole, for people.
    """
    _check_out(git_dir, commit, tree, None)
    submodules = dict(_submodules(git_dir, commit))
    names = _names(git_dir, commit) if submodules else {}
    for path, wanted in submodules.items():
        (tree / path).mkdir(parents=True, exist_ok=True)
        found = _module(holders, names.get(path, path), checkout / path, wanted)
        if found is None:
            yield (
                f"the submodule {prefix}{path} stays empty: its commit {wanted[:_SHORT]} is not on this machine; "
                f"`git submodule update --init --recursive -- {prefix}{path}` fetches it where it is in use"
            )
        else:
            yield from _place(found, (found,), checkout / path, wanted, tree / path, f"{prefix}{path}/")


def _check_out(git_dir: Path, commit: str, tree: Path, paths: list[str] | None) -> None:
    """Lay out a commit's files, or some of them, by an index that nobody else uses."""
    index = tree.with_name(f"index-{secrets.token_hex(8)}")
    where = (f"--git-dir={git_dir}", f"--work-tree={tree}", "-c", "core.sparseCheckout=false")
    try:
        git(*where, "read-tree", commit, folder=tree, index=index)
        if paths is None:
            git(*where, "checkout-index", "--all", "--force", "--quiet", folder=tree, index=index)
        else:
            wanted = b"".join(os.fsencode(path) + b"\0" for path in paths)
            git(*where, "checkout-index", "--force", "--quiet", "-z", "--stdin", folder=tree, index=index, given=wanted)
    except GitError as error:
        raise UsageError(f"git cannot lay out the commit {commit[:_SHORT]}: {error}") from None
    finally:
        index.unlink(missing_ok=True)


def _submodules(git_dir: Path, commit: str) -> Iterator[tuple[str, str]]:
    """Path and commit of each submodule of a commit."""
    for entry in entries(f"--git-dir={git_dir}", "ls-tree", "-r", "-z", "--full-tree", commit, folder=git_dir):
        facts, _, path = entry.partition("\t")
        mode, _, wanted = facts.split(" ")
        if mode == _SUBMODULE:
            yield path, wanted


def _names(git_dir: Path, commit: str) -> dict[str, str]:
    """The name of each submodule by its path: its repository is kept by that name."""
    pattern = r"^submodule\..*\.path$"
    try:
        found = entries(
            *(f"--git-dir={git_dir}", "config", "--null"),
            *(f"--blob={commit}:.gitmodules", "--get-regexp", pattern),
            folder=git_dir,
        )
    except GitError:
        return {}
    pairs = (entry.partition("\n") for entry in found)
    return {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in pairs}


def _module(holders: tuple[Path, ...], name: str, checkout: Path, commit: str) -> Path | None:
    """The repository on this machine that has a submodule's commit."""
    kept = [holder / "modules" / name for holder in holders]
    for candidate in (*kept, *_own_repository(checkout)):
        if candidate.is_dir() and _has(candidate, commit):
            return candidate
    return None


def _own_repository(checkout: Path) -> Iterator[Path]:
    """The repository of a submodule that is checked out, wherever it is kept."""
    if (checkout / ".git").exists():
        try:
            yield Path(os.fsdecode(git("rev-parse", "--absolute-git-dir", folder=checkout).removesuffix(b"\n")))
        except GitError:
            return


def _has(git_dir: Path, commit: str) -> bool:
    try:
        git(f"--git-dir={git_dir}", "cat-file", "-e", f"{commit}^{{commit}}", folder=git_dir)
    except GitError:
        return False
    return True
