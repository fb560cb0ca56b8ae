"""Unified diffs, by way of `git apply`.

It works in a folder of its own that holds copies of just the files that the diff names: no other repository, no
setting of the person and no hard link comes near it.
"""

from __future__ import annotations

import ast
import os
import re
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from layerbench.errors import LayerbenchError, UsageError
from layerbench.workspace.errors import shown
from layerbench.workspace.files import copy_entry, remove_tree, write_new
from layerbench.workspace.journal import Journal
from layerbench.workspace.paths import locate

# What is copied or renamed from is in no list that `git apply` prints. No line of a hunk starts like this.
_FROM = re.compile(rb"^(?:rename|copy) from (.+?)\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Version:
    """A file before or after the patch."""

    mode: int
    content: bytes
    """For a symbolic link, where it points to."""


def named_files(diff: str) -> list[str]:
    """Return the paths that a diff reads or writes.

    Raises:
        UsageError: it is no diff.
        LayerbenchError: git is missing.
    """
    content = _encoded(diff)
    listed = _git_apply(content, Path("/"), "--numstat", "-z")
    names = [os.fsdecode(row.split(b"\t", 2)[2]) for row in listed.split(b"\0") if row]
    names += [_unquoted(match) for match in _FROM.findall(content)]
    return list(dict.fromkeys(names))


def take_patch_back(journal: Journal, diff: str) -> None:
    """Change the copy to what it was before the diff; see `apply_patch`."""
    _change(journal, diff, "--reverse")


def apply_patch(journal: Journal, diff: str) -> None:
    """Change the copy as the diff says.

    Folders that become empty by it are removed, as `git apply` does. Permission bits stay as they are, apart from
    executability where the diff changes it; new files have 0644 or 0755.

    Raises:
        UsageError: it does not apply, changes nothing, or names a file outside the context.
        LayerbenchError: git is missing.
    """
    _change(journal, diff)


def _change(journal: Journal, diff: str, *options: str) -> None:
    names = [locate(journal.top, name) for name in named_files(diff)]
    stage = journal.new_place()
    stage.mkdir()
    try:
        for name in names:
            _put_on_stage(journal.top / name, stage / name)
        before = {name: _version(stage / name) for name in names}
        _git_apply(_encoded(diff), stage, *options)
        after = {name: _version(stage / name) for name in names}
    finally:
        remove_tree(stage)
    changed = [name for name in names if before[name] != after[name]]
    if not changed:
        raise UsageError("the diff changes nothing")
    made = {name: version for name in changed if (version := after[name])}
    # Removals first: a folder may have to make way for a file of its name.
    asides = {name: journal.put_aside(name) for name in changed if before[name]}
    for name in changed:
        if name not in made:
            _remove_empty_parents(journal, name, made)
    for name, version in made.items():
        _make(journal, name, before[name], version, asides.get(name))


def _put_on_stage(source: Path, target: Path) -> None:
    # A folder may become empty, and then make way for a file.
    if os.path.lexists(source) and (source.is_symlink() or not source.is_dir()):
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o700 if source.lstat().st_mode & 0o100 else 0o600
        copy_entry(str(source), str(target), mode=mode)


def _version(path: Path) -> _Version | None:
    if not os.path.lexists(path):
        return None
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return None
    if stat.S_ISLNK(mode):
        return _Version(stat.S_IFLNK, os.fsencode(path.readlink()))
    if not stat.S_ISREG(mode):
        raise UsageError(f"{shown(path.name)} is not a file that a diff can change")
    # As git does: of the permission bits, only whether the owner may execute it.
    return _Version(stat.S_IFREG | (mode & 0o100), path.read_bytes())


def _make(journal: Journal, name: str, before: _Version | None, after: _Version, aside: Path | None) -> None:
    if os.path.lexists(journal.top / name):
        raise UsageError(f"the diff does not apply: {shown(name)} is a folder that is not empty")
    if stat.S_ISLNK(after.mode):
        journal.make(name, lambda target: target.symlink_to(os.fsdecode(after.content)), fresh=False)
        return
    kept = aside if before and aside and stat.S_ISREG(before.mode) else None
    mode = _mode(kept, bool(after.mode & 0o100))
    journal.make(name, lambda target: write_new(target, after.content, mode, attributes_of=kept))


def _mode(kept: Path | None, executable: bool) -> int:
    if kept is None:
        return 0o755 if executable else 0o644
    mode = stat.S_IMODE(kept.lstat().st_mode)
    if bool(mode & 0o100) == executable:
        return mode
    return mode | (mode & 0o444) >> 2 if executable else mode & ~0o111


def _remove_empty_parents(journal: Journal, name: str, made: Iterable[str]) -> None:
    for parent in map(str, PurePosixPath(name).parents[:-1]):
        folder = journal.top / parent
        if not folder.is_dir() or any(folder.iterdir()) or any(other.startswith(f"{parent}/") for other in made):
            return
        journal.put_aside(parent)


def _encoded(diff: str) -> bytes:
    content = diff.encode("utf-8", "surrogateescape")
    return content if content.endswith(b"\n") else content + b"\n"


def _unquoted(name: bytes) -> str:
    """Undo git's quoting of unusual names, whose escapes are those of Python's byte strings."""
    if name.startswith(b'"') and name.endswith(b'"'):
        name = ast.literal_eval("b" + name.decode("ascii"))
    return os.fsdecode(name)


def _git_apply(diff: bytes, folder: Path, *options: str) -> bytes:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # A repository around the folder makes `git apply` skip files silently; one that is not there does not.
    environment |= {"GIT_DIR": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "apply", *options, "-"], input=diff, cwd=folder, env=environment, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise LayerbenchError("git is needed to apply a diff and was not found; install it") from error
    if done.returncode == 0:
        return done.stdout
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    raise UsageError("the diff does not apply: " + "; ".join(line.removeprefix("error: ") for line in lines))
