"""Symbolic links in a context, followed as BuildKit follows them: never out of the context, `/` is its top."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping

from layerbench.context.models import Entry

_MOST_LINKS = 255
"""After so many, on the way and at its end together, BuildKit gives up (cache/contenthash/path.go)."""


def follow(entries: Mapping[str, Entry], path: str) -> str | None:
    """Where a path leads when all links on the way and the last are followed; None where there is nothing.

    Args:
        entries: of the context.
        path: relative to it; the empty path is the context itself.
    """
    return _end_of(_walk(entries, path, follows_last=True))


def follow_folders(entries: Mapping[str, Entry], path: str) -> str | None:
    """The same without following the last part, if that is a link."""
    return _end_of(_walk(entries, path, follows_last=False))


def links_towards(entries: Mapping[str, Entry], path: str) -> Iterator[str]:
    """The links that are followed from a path to what it leads to, the last part's among them."""
    return _walk(entries, path, follows_last=True)


def _walk(entries: Mapping[str, Entry], path: str, *, follows_last: bool) -> Generator[str, None, str | None]:
    """Yields each link that is followed, and returns where the path leads; None where there is nothing."""
    done: list[str] = []
    rest = _parts(path)
    left = _MOST_LINKS
    while rest:
        part = rest.pop()
        if part == "..":
            done = done[:-1]
            continue
        done.append(part)
        place = "/".join(done)
        entry = entries.get(place)
        if entry is None:
            return None
        if entry.kind == "link" and (rest or follows_last):
            if not left:
                return None
            left -= 1
            yield place
            target = entry.target or ""
            done = [] if target.startswith("/") else done[:-1]
            rest.extend(_parts(target))
    return "/".join(done)


def _end_of(walk: Generator[str, None, str | None]) -> str | None:
    while True:
        try:
            next(walk)
        except StopIteration as end:
            found: str | None = end.value
            return found


def _parts(path: str) -> list[str]:
    """The names in a path, the next one last."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]
