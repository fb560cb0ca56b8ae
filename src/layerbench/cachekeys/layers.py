"""What is known of the files of a stage, step by step, without building it.

COPY, ADD and WORKDIR put files at known places; what a RUN writes and what a base image holds is opaque, and stands
under a name: equal names, equal files.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from layerbench.cachekeys.selecting import Match, Tree, find, in_order, region_of
from layerbench.context.links import follow
from layerbench.context.models import Entry
from layerbench.context.selection import Selector

_FOLDER_MODE = re.compile("(\0folder\0)[0-9]+")

OpaqueKind = Literal["base", "run", "written", "remote", "place"]


@dataclass(frozen=True, slots=True)
class Opaque:
    """Files that only a name stands for."""

    kind: OpaqueKind
    """`base`: of an image; `run`: what a RUN left; `written`: what a COPY put where it is not known exactly; `remote`:
    what a URL or a repository serves; `place`: where a path leads in a base."""
    name: str
    """Of a base or a remote source; else empty, and the step stands for it."""
    step: int | None


@dataclass(frozen=True, slots=True)
class Layer:
    """One step's files, over those of the steps below."""

    below: Layer | None
    step: int | None
    opaque: Opaque | None = None
    hides_below: bool = False
    """Whether what it stands for is the whole file system."""
    place: str = ""
    """Where its entries are, without a `/` in front; the top is empty."""
    entries: Tree | None = None
    """Relative to the place; the empty path is what stands at the place itself."""
    owner: str = ""

    def entry(self, path: str) -> Entry | None:
        """What the layer has at a path."""
        if self.entries is None:
            return None
        inner = relative(path, self.place)
        return None if inner is None else self.entries.get(inner)


@dataclass(frozen=True, slots=True)
class Content:
    """What a step selects of a source."""

    entries: Mapping[str, Entry]
    """By path in the source, without a `/` in front."""
    steps: Mapping[str, int]
    """The step that put an entry there, by the same path; not of a context."""
    digest: str
    """Over what BuildKit would compare of the entries: neither times nor the path above what is selected."""
    opaque: tuple[Opaque, ...] = ()
    matches: tuple[Match, ...] = ()
    digest_without_folder_modes: str = ""
    """BuildKit does not always look at them: where a builder was sent a context of that folder's name before, another
    mode of a folder that it knows changes no key (seen with BuildKit 0.25; in a context that is new to it, it does)."""
    missing: tuple[str, ...] = ()
    """Sources in a context that are not there, with which a build fails; a pattern may match nothing."""
    refusals: tuple[str, ...] = ()
    """Sentences on patterns that BuildKit refuses, with which a build fails as well."""


def relative(path: str, folder: str) -> str | None:
    """A path within a folder, empty for the folder itself; None where it is elsewhere."""
    if path == folder:
        return ""
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None


def overlap(one: str, other: str) -> bool:
    """Whether one path is within the other."""
    return relative(one, other) is not None or relative(other, one) is not None


def fingerprint_content(tree: Tree, selectors: Sequence[Selector]) -> Content:
    """What is selected of a context."""
    ordered = in_order(selectors)
    found = {selector: find(tree, selector) for selector in ordered}
    missing = [
        one.whole_path
        for one in selectors
        if (found[one].is_missing if one in found else follow(tree, one.path) is None)
    ]
    content = _content([found[selector].matches for selector in ordered], {}, {}, ())
    refusals = (one.refusal for one in found.values() if one.refusal is not None)
    return replace(content, missing=tuple(dict.fromkeys(missing)), refusals=tuple(refusals))


def layer_content(layer: Layer | None, selectors: Sequence[Selector]) -> Content:
    """What is selected of a stage's files."""
    matches: list[tuple[Match, ...]] = []
    steps: dict[str, int] = {}
    owners: dict[str, str] = {}
    opaque: dict[Opaque, None] = {}
    refusals: list[str] = []
    for selector in in_order(selectors):
        region = region_of(selector)
        view = _View.of(layer, region)
        found = find(Tree(_with_folders(view.entries)), selector)
        matches.append(found.matches)
        refusals += [found.refusal] if found.refusal is not None else []
        steps.update(view.steps)
        owners.update(view.owners)
        opaque.update(dict.fromkeys(view.opaque))
    return replace(_content(matches, steps, owners, tuple(opaque)), refusals=tuple(refusals))


def _with_folders(entries: dict[str, Entry]) -> dict[str, Entry]:
    """The same with the folders above, which a COPY makes without saying so."""
    found = dict(entries)
    for path in entries:
        above = posixpath.dirname(path)
        while above and above not in found:
            found[above] = Entry("folder", 0o755)
            above = posixpath.dirname(above)
    return found


def inline_content(name: str, text: str) -> Content:
    """A document that stands in the Dockerfile."""
    entry = Entry("file", 0o644, len(text), hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest())
    match = Match(name, "", False, {"": entry})
    return _content([(match,)], {}, {}, ())


def opaque_content(opaque: Opaque) -> Content:
    """A source of which no file is known."""
    return Content({}, {}, "", (opaque,))


def digest_of(value: object) -> str:
    """A name for any plain value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(slots=True)
class _View:
    """What lies at and below a path of a layered file system, the upper layers over the lower ones."""

    entries: dict[str, Entry]
    steps: dict[str, int]
    owners: dict[str, str]
    opaque: list[Opaque]

    @classmethod
    def of(cls, top: Layer | None, region: str) -> _View:
        view = cls({}, {}, {}, [])
        layer = top
        while layer is not None:
            if layer.opaque is not None and (layer.hides_below or overlap(layer.place, region)):
                view.opaque.append(layer.opaque)
            if layer.hides_below:
                break
            if layer.entries is not None and view._add(layer, layer.entries, region):
                break
            layer = layer.below
        return view

    def _add(self, layer: Layer, entries: Tree, region: str) -> bool:
        """Take in a layer; True where it covers all that is below it."""
        inner = relative(region, layer.place)
        if inner is None:  # the layer lies within the region, or elsewhere
            if relative(layer.place, region) is None:
                return False
            inner = ""
        for path in ([inner] if inner in entries else []) + list(entries.below(inner)):
            whole = posixpath.join(layer.place, path).rstrip("/") if path else layer.place
            if whole not in self.entries:
                self.entries[whole] = entries[path]
                self.owners[whole] = layer.owner
                if layer.step is not None:
                    self.steps[whole] = layer.step
        found = layer.entry(region)
        if (found is not None and found.kind == "link") or self._is_behind_link(layer, region):
            # What a link leads to is not followed here: everything may be selected.
            self.opaque.append(Opaque("place", "", layer.step))
            return False
        return found is not None and found.kind == "file"

    @staticmethod
    def _is_behind_link(layer: Layer, region: str) -> bool:
        parts = region.split("/")
        above = ("/".join(parts[:count]) for count in range(1, len(parts)))
        return any((found := layer.entry(path)) is not None and found.kind == "link" for path in above)


def _content(
    matches: Sequence[tuple[Match, ...]],
    steps: Mapping[str, int],
    owners: Mapping[str, str],
    opaque: tuple[Opaque, ...],
) -> Content:
    entries: dict[str, Entry] = {}
    hasher, folderless = hashlib.sha256(), hashlib.sha256()
    for group in matches:
        hasher.update(b"\0source")
        folderless.update(b"\0source")
        for match in group:
            top = f"{match.path}/" if match.path else ""
            listed = {f"{top}{inner}" if inner else match.path: entry for inner, entry in match.entries.items()}
            entries |= listed
            whole = _listing(match, listed, owners)
            hasher.update(whole.encode(errors="surrogateescape"))
            folderless.update(_FOLDER_MODE.sub(r"\1", whole).encode(errors="surrogateescape"))
    found = {path: step for path, step in steps.items() if path in entries}
    flat = tuple(match for group in matches for match in group)
    return Content(entries, found, hasher.hexdigest(), opaque, flat, folderless.hexdigest())


def _listing(match: Match, entries: Mapping[str, Entry], owners: Mapping[str, str]) -> str:
    """What BuildKit compares of a match; the top of a context has no mode."""
    start = len(match.path) + 1 if match.path else 0
    lines = [
        f"{path.rpartition('/')[2] if match.is_filtered else path[start:]}\0{entry.kind}\0{entry.mode if path else ''}"
        f"\0{entry.digest}\0{entry.target}\0{owners.get(path, '')}"
        for path, entry in entries.items()
    ]
    if not match.is_filtered:
        lines.sort()
    return "\0match".join(("", match.name, *lines))
