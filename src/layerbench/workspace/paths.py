"""Where an edit points to: always inside the copy, never through a link."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from layerbench.errors import UsageError
from layerbench.workspace.errors import shown

_NAMES_LOOKED_AT = 10_000


def relative_path(path: str) -> str:
    """Return an edit's path without `.` parts and double slashes.

    Raises:
        UsageError: it is empty, absolute, the context itself, or has `..` in it.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute():
        raise UsageError(f"{shown(path)} is an absolute path; write it relative to the context")
    if ".." in pure.parts:
        raise UsageError(f'{shown(path)} leaves the context; write a path without ".."')
    if not pure.parts or "\0" in path:
        raise UsageError(f"{shown(path)} names no file or folder in the context")
    return str(pure)


def locate(top: Path, path: str) -> str:
    """Return an edit's path relative to `top`, after a look at what it goes through.

    Raises:
        UsageError: as `relative_path`, or a folder on the way is a symbolic link or a file.
    """
    relative = relative_path(path)
    for parent in reversed(PurePosixPath(relative).parents[:-1]):
        facts = _lstat(top / parent)
        if facts is None:
            break
        if stat.S_ISLNK(facts.st_mode):
            raise UsageError(
                f"{shown(path)} goes through the symbolic link {shown(str(parent))}; name the folder it points to"
            )
        if not stat.S_ISDIR(facts.st_mode):
            raise UsageError(f"{shown(path)} cannot be, as {shown(str(parent))} is not a folder")
    return relative


def existing(top: Path, path: str, names_from: Path) -> tuple[str, os.stat_result]:
    """Return the relative path and the facts (not followed) of what an edit names.

    Args:
        top: the copy.
        path: as it stands in the edit.
        names_from: the folder whose names are proposed when there is none by that name.

    Raises:
        UsageError: as `locate`, or there is nothing by that name.
    """
    relative = locate(top, path)
    facts = _lstat(top / relative)
    if facts is None:
        meant = _closest(names_from, relative)
        hint = f" (did you mean {shown(meant)}?)" if meant else ""
        raise UsageError(f"no such file {shown(relative)} in the context{hint}")
    return relative, facts


def regular_file(top: Path, path: str, names_from: Path) -> tuple[str, os.stat_result]:
    """Like `existing`, for a regular file only."""
    relative, facts = existing(top, path, names_from)
    if stat.S_ISLNK(facts.st_mode):
        target = (top / relative).readlink()
        raise UsageError(f"{shown(relative)} is a symbolic link; name the file it points to ({shown(str(target))})")
    if stat.S_ISDIR(facts.st_mode):
        raise UsageError(f"{shown(relative)} is a folder; name a file")
    if not stat.S_ISREG(facts.st_mode):
        raise UsageError(f"{shown(relative)} is not a regular file")
    return relative, facts


def file_or_folder(top: Path, path: str, names_from: Path) -> tuple[str, os.stat_result]:
    """Like `existing`, for a regular file or a folder."""
    relative, facts = existing(top, path, names_from)
    if stat.S_ISDIR(facts.st_mode):
        return relative, facts
    return regular_file(top, path, names_from)


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _closest(top: Path, path: str) -> str | None:
    names = list(islice(_names_below(top), _NAMES_LOOKED_AT))
    elsewhere = [name for name in names if PurePosixPath(name).name == PurePosixPath(path).name]
    if elsewhere:
        return difflib.get_close_matches(path, elsewhere, n=1, cutoff=0.0)[0]
    return next(iter(difflib.get_close_matches(path, names, n=1)), None)


def _names_below(top: Path) -> Iterator[str]:
    """Yield relative paths, those near the top first."""
    level = [""]
    while level:
        deeper = []
        for folder in level:
            try:
                entries = sorted(os.scandir(top / folder), key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                yield name
                if entry.is_dir(follow_symlinks=False) and entry.name != ".git":
                    deeper.append(name)
        level = deeper
