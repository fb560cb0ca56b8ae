"""Symbolic links by which a command in a copy could reach the tree that was copied."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.workspace.errors import shown


def refuse_links_back(links: Iterable[tuple[str, str]], source: Path, copy: Path | None = None) -> None:
    """Refuse a command where a link would let it write to the person's own tree.

    Only absolute links can: a relative one leads somewhere else from the copy than from the source.

    Args:
        links: path in the context, and where it points to.
        source: the person's own tree.
        copy: the copy, when there is one; it may be below `source`.

    Raises:
        UsageError: there is such a link.
    """
    real_source = os.path.realpath(source)
    real_copy = None if copy is None else os.path.realpath(copy)
    for path, target in links:
        if not target.startswith("/"):
            continue
        real_target = os.path.realpath(target)
        if _is_in(real_target, real_source) and not (real_copy and _is_in(real_target, real_copy)):
            raise UsageError(
                f"the symbolic link {shown(path)} points into your own tree by an absolute path, where a command "
                "could write; make it a relative link"
            )


def links_below(top: Path) -> Iterator[tuple[str, str]]:
    """Yield every symbolic link of a folder: its path in it, and where it points to."""
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(f"{top}/{folder}") as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_symlink():
                    yield path, os.readlink(entry.path)  # noqa: PTH115 - there can be very many
                elif entry.is_dir(follow_symlinks=False):
                    pending.append(path)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
