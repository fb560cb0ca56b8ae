"""Symbolic links in a context, followed as BuildKit follows them: never out of the context, `/` is its top."""

from __future__ import annotations

from collections.abc import Mapping

from layerbench.context.models import Entry

_MOST_LINKS = 255
"""After so many BuildKit gives up."""


def follow(entries: Mapping[str, Entry], path: str) -> str | None:
    """Where a path leads when all links on the way and the last are followed; None where there is nothing.

    Args:
        entries: of the context.
        path: relative to it; the empty path is the context itself.
    """
    found = follow_folders(entries, path)
    count = 0
    while found is not None and (entry := entries.get(found)) is not None and entry.kind == "link":
        count += 1
        if count > _MOST_LINKS:
            return None
        found = follow_folders(entries, _target(found, entry.target or ""))
    return found


def follow_folders(entries: Mapping[str, Entry], path: str) -> str | None:
    """The same without following the last part, if that is a link."""
    done: list[str] = []
    rest = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    count = 0
    while rest:
        part = rest.pop()
        if part == "..":
            done = done[:-1]
            continue
        done.append(part)
        entry = entries.get("/".join(done))
        if entry is None:
            return None
        if rest and entry.kind == "link":
            count += 1
            if count > _MOST_LINKS:
                return None
            target = entry.target or ""
            done = [] if target.startswith("/") else done[:-1]
            rest.extend(part for part in reversed(target.split("/")) if part not in ("", "."))
    return "/".join(done)


def _target(link: str, target: str) -> str:
    return target if target.startswith("/") else f"{link.rpartition('/')[0]}/{target}"
