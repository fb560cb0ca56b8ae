"""Links that are on the way to a file of a context."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from layerbench.context.models import Entry

_MOST_LINKS = 255
"""After so many BuildKit gives up."""


def links_towards(entries: Mapping[str, Entry], path: str) -> Iterator[str]:
    """The links that are followed from a path to what it leads to, the last part's among them.

    Args:
        entries: of the context.
        path: relative to it, as a source reaches it.
    """
    done: list[str] = []
    rest = _parts(path)
    left = _MOST_LINKS
    while rest and left:
        part = rest.pop()
        if part == "..":
            done = done[:-1]
            continue
        done.append(part)
        place = "/".join(done)
        entry = entries.get(place)
        if entry is not None and entry.kind == "link":
            left -= 1
            yield place
            target = entry.target or ""
            done = [] if target.startswith("/") else done[:-1]
            rest.extend(_parts(target))


def _parts(path: str) -> list[str]:
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]
