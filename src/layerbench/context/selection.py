"""Which entries of a context a COPY, an ADD or a bind mount takes, as BuildKit's cache key sees them.

Facts from BuildKit: frontend/dockerfile/dockerfile2llb/convert_copy.go for what a source means, and
cache/contenthash/checksum.go (`includedPaths`) for what enters the key. Where the key and the copy differ, the key is
what decides a hit, and counts here.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from layerbench.context.gosyntax import BadPatternError, clean_path, compile_match, has_wildcards
from layerbench.context.links import follow, follow_folders
from layerbench.context.models import Entry, Fingerprint
from layerbench.context.patterns import PatternList, parse_patterns
from layerbench.errors import UsageError


@dataclass(frozen=True, slots=True)
class Selector:
    """One source as BuildKit looks for it."""

    path: str
    """Absolute and clean; `/` is the context."""
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def is_wildcard(self) -> bool:
        """Whether the path is a pattern."""
        return has_wildcards(self.path)

    @property
    def fixed_path(self) -> str:
        """The path, or the folders before the first pattern in it; empty for the context."""
        parts = self.path.rstrip("/").split("/")
        return "/".join(parts[: next((at for at, part in enumerate(parts) if has_wildcards(part)), len(parts))])

    @property
    def whole_path(self) -> str:
        """What a person would call it: with what `--parents` looks for below the path; without the first slash."""
        return "/".join(part for part in (self.path.strip("/"), *self.includes[:1]) if part)

    @property
    def has_filters(self) -> bool:
        """Whether single files are chosen, or one path is taken whole."""
        return self.is_wildcard or bool(self.includes) or bool(self.excludes)


@dataclass(frozen=True, slots=True)
class Included:
    """One file or folder that a selector chose."""

    path: str
    """As the selector reaches it, without the slash at its start; empty for the context itself."""
    found: str
    """Where it is in the context: another path where a link is on the way."""
    is_followed: bool = False
    """A link that the copy follows: what it leads to counts, whole."""


def selectors_of(sources: Sequence[str], excludes: Sequence[str] = (), *, parents: bool = False) -> list[Selector]:
    """The sources of a COPY or ADD, in their order.

    Args:
        sources: with variables filled in; local ones only.
        excludes: values of `--exclude`.
        parents: whether `--parents` is set.
    """
    return [_selector(source, tuple(excludes), parents) for source in sources]


def _selector(source: str, excludes: tuple[str, ...], parents: bool) -> Selector:
    if not parents:
        return Selector(_absolute(source), excludes=excludes)
    top, pivot, pattern = source.partition("/./")
    if not pivot:
        top, pattern = "/", source
    return Selector(_absolute(top), (_absolute(pattern).removeprefix("/"),), excludes)


def _absolute(path: str) -> str:
    return clean_path(path if path.startswith("/") else f"/{path}")


def select(
    fingerprint: Fingerprint, sources: Sequence[str], excludes: Sequence[str] = (), *, parents: bool = False
) -> Mapping[str, Entry]:
    """What of a context decides whether a COPY, an ADD or a bind mount hits.

    Paths are as the sources reach them: of a source that is a link, and of all below it, they begin with the link, and
    the entries are those of what it leads to. Links inside a folder are taken as they are. A source that is not there
    selects nothing; `missing_sources` tells of it.

    Args:
        fingerprint: of the context.
        sources: with variables filled in; of a bind mount its one source.
        excludes: values of `--exclude`.
        parents: whether `--parents` is set.

    Raises:
        UsageError: a pattern with which the build would fail.
    """
    chosen: dict[str, Entry] = {}
    for selector in selectors_of(sources, excludes, parents=parents):
        for included in choose(fingerprint.entries, selector):
            chosen.update(_entries_of(fingerprint.entries, included))
    return chosen


def missing_sources(
    fingerprint: Fingerprint, sources: Sequence[str], excludes: Sequence[str] = (), *, parents: bool = False
) -> tuple[str, ...]:
    """Sources that a build would fail to find; a pattern may match nothing, but a link that it matches must lead on."""
    selectors = selectors_of(sources, excludes, parents=parents)
    return tuple(
        source
        for source, selector in zip(sources, selectors, strict=True)
        if is_missing(fingerprint.entries, selector, _filtered(fingerprint.entries, selector))
    )


def _filtered(entries: Mapping[str, Entry], selector: Selector) -> list[Included]:
    return choose(entries, selector) if selector.has_filters else []


def is_missing(entries: Mapping[str, Entry], selector: Selector, chosen: Sequence[Included]) -> bool:
    """Whether a build would fail to find a source.

    Args:
        entries: of the context.
        selector: of the source.
        chosen: what it takes; is looked at only where it has filters.
    """
    if not selector.has_filters:
        return follow(entries, selector.path) is None
    if any(included.is_followed and follow(entries, included.found) is None for included in chosen):
        return True
    if selector.is_wildcard or any(map(has_wildcards, selector.includes)):
        return False
    if selector.includes:
        whole = selector.whole_path
        return not any(included.path == whole or included.path.startswith(f"{whole}/") for included in chosen)
    return follow(entries, selector.path) is None


def _entries_of(entries: Mapping[str, Entry], included: Included) -> Iterator[tuple[str, Entry]]:
    """What one chosen path stands for."""
    if not included.is_followed:
        yield included.path, entries[included.found]
        return
    found = follow(entries, included.found)
    if found is None:
        return
    if found:
        yield included.path, entries[found]
    for below in _below(entries, found):
        yield _moved(below, found, included.path), entries[below]


def choose(entries: Mapping[str, Entry], selector: Selector) -> list[Included]:
    """What a selector takes, in the order in which BuildKit hashes it.

    Without filters that is the source itself and all below it; with them, each file and folder by itself.

    Raises:
        UsageError: a pattern with which the build would fail.
    """
    if not selector.has_filters:
        return _whole(entries, selector.path)
    try:
        return _Filter(entries, selector).choose()
    except BadPatternError as error:
        message = f"{error.args[0]!r} is refused by BuildKit in a COPY (syntax error in pattern); mend it"
        raise UsageError(message) from None


def _whole(entries: Mapping[str, Entry], path: str) -> list[Included]:
    found = follow(entries, path)
    if found is None:
        return []
    name = path.removeprefix("/")
    first = [Included(name, found)] if found else []
    return [*first, *(Included(_moved(below, found, name), below) for below in _below(entries, found))]


def _below(entries: Mapping[str, Entry], folder: str) -> list[str]:
    """Everything in a folder, at any depth, in BuildKit's order."""
    start = f"{folder}/" if folder else ""
    return sorted((path for path in entries if path.startswith(start)), key=order_of)


def _moved(path: str, folder: str, name: str) -> str:
    """A path in a folder, as it is reached by another name of that folder."""
    inner = path[len(folder) :].removeprefix("/")
    return f"{name}/{inner}" if name and inner else name or inner


@functools.lru_cache(maxsize=1 << 17)
def order_of(path: str) -> bytes:
    """The key by which BuildKit orders paths: a folder, all in it, then what follows it."""
    return os.fsencode(path).replace(b"/", b"\0")


class _Filter:
    """The walk of `includedPaths` for one selector."""

    def __init__(self, entries: Mapping[str, Entry], selector: Selector) -> None:
        self._entries = entries
        self._path = selector.path if selector.path != "/" else ""
        self._fixed_path = selector.fixed_path
        self._match = compile_match(self._path).fullmatch if selector.is_wildcard else None
        self._includes = PatternList(parse_patterns(selector.includes)) if selector.includes else None
        self._excludes = PatternList(parse_patterns(selector.excludes)) if selector.excludes else None

    def choose(self) -> list[Included]:
        chosen: dict[str, Included] = {}
        waiting: list[Included] = []
        """Folders on the way to where the walk is that were not chosen themselves, and will be with what is in them."""
        matched = self._path if self._match is None else None
        for path, found in self._candidates():
            if self._match is not None and not (matched is not None and path.startswith(f"{matched}/")):
                if not self._match(path):
                    continue
                matched = path
                waiting = []
            while waiting and not path.startswith(f"/{waiting[-1].path}/".replace("//", "/")):
                waiting.pop()
            is_folder = found == "" or self._entries[found].kind == "folder"
            inner = path[len(matched or "") :].removeprefix("/")
            # What has no chosen folder above it is followed; the context itself is none.
            is_first = not inner or (matched == "" and "/" not in inner)
            included = Included(path[1:], found, is_first and not is_folder and self._entries[found].kind == "link")
            if self._is_chosen(inner):
                for folder in waiting:
                    chosen.setdefault(folder.path, folder)
                chosen[included.path] = included
            if is_folder:
                waiting.append(included)
        return [included for included in chosen.values() if included.found]

    def _candidates(self) -> Iterator[tuple[str, str]]:
        """Paths, absolute and as the source reaches them, with where they are."""
        fixed = self._fixed_path
        name = fixed.removeprefix("/")
        found = follow(self._entries, fixed) if self._match is not None else follow_folders(self._entries, fixed)
        if found is None:
            return
        if found or self._match is None:
            yield fixed, found
        for below in _below(self._entries, found):
            yield f"/{_moved(below, found, name)}", below

    def _is_chosen(self, inner: str) -> bool:
        if self._includes is not None and not self._includes.matches(inner):
            return False
        return self._excludes is None or not self._excludes.matches(inner)
