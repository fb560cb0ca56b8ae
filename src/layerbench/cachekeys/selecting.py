"""What one source path of a COPY, ADD or mount selects, file by file and folder by folder."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from layerbench.context.gosyntax import has_wildcards
from layerbench.context.links import follow
from layerbench.context.models import Entry
from layerbench.context.selection import Included, Selector, choose, is_missing
from layerbench.errors import UsageError


class Tree(Mapping[str, Entry]):
    """Entries by path, with the paths below a folder at hand."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._paths: list[str] | None = None

    def __getitem__(self, path: str) -> Entry:
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def below(self, folder: str) -> Sequence[str]:
        """Paths in a folder, at any depth, in order; without the folder itself."""
        if self._paths is None:
            self._paths = sorted(self._entries)
        if not folder:
            return self._paths[1:] if self._paths[:1] == [""] else self._paths
        begin, end = bisect_left(self._paths, f"{folder}/"), bisect_left(self._paths, f"{folder}0")
        return self._paths[begin:end]


@dataclass(frozen=True, slots=True)
class Match:
    """One file or folder that a source names, with all in it that is selected."""

    name: str
    """What BuildKit compares of its name: the last part where a pattern found it, else nothing."""
    path: str
    """As the source reaches it, without a `/` in front; empty for the top."""
    is_filtered: bool
    """Whether files were chosen one by one, which BuildKit then compares by their names without folders."""
    entries: Mapping[str, Entry]
    """Relative to the path; the empty path is the file or folder itself."""


def region_of(selector: Selector) -> str:
    """The file or folder outside of which nothing can be selected."""
    parts = selector.path.strip("/").split("/")
    plain = next((at for at, part in enumerate(parts) if has_wildcards(part)), len(parts))
    return "/".join(parts[:plain])


def in_order(selectors: Sequence[Selector]) -> list[Selector]:
    """Those that count, as BuildKit orders them: a plain path inside another plain one is left out."""
    plain = {selector.path for selector in selectors if not selector.has_filters}
    inside = {path for path in plain for other in plain if path != other and path.startswith(f"{other.rstrip('/')}/")}
    kept = [Selector(path) for path in plain - inside]
    return sorted([*kept, *(selector for selector in selectors if selector.has_filters)], key=lambda one: one.path)


@dataclass(frozen=True, slots=True)
class Found:
    """What a source selects."""

    matches: tuple[Match, ...]
    is_missing: bool = False
    """Whether a build fails for it is not there."""
    refusal: str | None = None
    """Why BuildKit refuses it; None where it does not."""


def find(entries: Mapping[str, Entry], selector: Selector) -> Found:
    """What a source selects; nothing where it names nothing, or where the build will refuse it."""
    if not selector.has_filters and isinstance(entries, Tree):
        matches = _whole(entries, selector.path)
        return Found(matches, is_missing=not matches)
    try:
        chosen = choose(entries, selector)
    except UsageError as error:
        return Found((), refusal=str(error))
    return Found(_grouped(entries, selector, chosen), is_missing(entries, selector, chosen))


def _grouped(entries: Mapping[str, Entry], selector: Selector, chosen: list[Included]) -> tuple[Match, ...]:
    path = selector.path.strip("/")
    if not selector.is_wildcard:
        return (Match("", path, selector.has_filters, _within(entries, chosen, path)),) if chosen or not path else ()
    groups: dict[str, list[Included]] = {}
    for included in chosen:
        top = next((top for top in reversed(groups) if included.path.startswith(f"{top}/")), included.path)
        groups.setdefault(top, []).append(included)
    return tuple(
        Match(posixpath.basename(top), top, True, _within(entries, group, top)) for top, group in groups.items()
    )


def _whole(tree: Tree, path: str) -> tuple[Match, ...]:
    """The same for a path without patterns, of which all counts; large folders are found quickly."""
    found, name = follow(tree, path), path.strip("/")
    if found is None:
        return ()
    start = len(found) + 1 if found else 0
    entries = {"": tree[found]} if found in tree else {}
    entries.update({below[start:]: tree[below] for below in tree.below(found)})
    return (Match("", name, False, entries),)


def _within(entries: Mapping[str, Entry], chosen: list[Included], top: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for included in chosen:
        inner = included.path[len(top) :].removeprefix("/")
        if included.is_followed and (target := follow(entries, included.found)) is not None:
            found[inner] = entries[target]
            start = f"{target}/"
            for path, entry in entries.items():
                if path.startswith(start):
                    found[posixpath.join(inner, path[len(start) :])] = entry
        else:
            found[inner] = entries[included.found]
    return found
