"""Where the files of a COPY, ADD or WORKDIR come to lie."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import replace

from layerbench.cachekeys.layers import Layer, Opaque, overlap, relative
from layerbench.cachekeys.operations import Operation
from layerbench.cachekeys.selecting import Match, Tree
from layerbench.cachekeys.steps import PlannedContent
from layerbench.cachekeys.surroundings import Surroundings
from layerbench.context.models import Entry

_ARCHIVES = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".txz", ".tbz2", ".zst", ".lz4")
_FOLDER = Entry("folder", 0o755)


def made_folder(state: Surroundings, position: int) -> Layer:
    """The layer of a WORKDIR: the folder, which may have been there before."""
    if not state.is_dir_known:
        return Layer(state.layer, position, Opaque("written", "", position))
    place = state.working_dir.strip("/")
    if _has_folder(state.layer, place):
        return Layer(state.layer, position, None, place=place, entries=Tree({}))
    return Layer(state.layer, position, None, place=place, entries=Tree({"": _FOLDER}))


def copied_layer(
    below: Layer | None,
    operation: Operation,
    contents: Sequence[PlannedContent],
    position: int,
    keyword: str,
    *,
    is_known: bool,
) -> Layer:
    """The layer of a COPY or ADD: exact where the files are known, else a name for what is written somewhere.

    Args:
        below: the files before.
        operation: the instruction.
        contents: what it selects.
        position: of its step in the plan.
        keyword: COPY, or ADD, which unpacks archives.
        is_known: whether it is known where the destination is; it may hang on a base's working directory.
    """
    place = operation.destination.strip("/")
    somewhere = Layer(below, position, Opaque("written", "", position), place=place if is_known else "")
    matches = [(content, match) for content in contents for match in content.content.matches]
    unclear = (
        not is_known
        or any(content.content.opaque for content in contents)
        or "--parents" in operation.flags
        or (keyword == "ADD" and any(match.path.endswith(_ARCHIVES) for _, match in matches))
    )
    mode = _octal(operation.flags.get("--chmod"))
    if unclear or (mode is None and "--chmod" in operation.flags):
        return somewhere
    is_folder = True if operation.destination.endswith("/") or len(matches) != 1 else _has_folder(below, place)
    entered = ""
    """Where a lone file lies if its destination, of which nothing is known, is a folder."""
    entries: dict[str, Entry] = {}
    for content, match in matches:
        top = match.entries.get("")
        if top is not None and top.kind == "link":
            return somewhere
        name = match.name if content.kind == "inline" else posixpath.basename(match.path)
        if is_folder is None and top is not None and top.kind == "file":
            entered = posixpath.join(place, name)
        entries |= _placed(match, name if is_folder and top is not None and top.kind == "file" else "")
    if mode is not None:
        entries = {
            path: entry if entry.kind == "link" else replace(entry, mode=mode) for path, entry in entries.items()
        }
    if entered:  # below the file, so that it is asked only where that does not answer
        below = Layer(below, position, Opaque("written", "", position), place=entered)
    return Layer(below, position, None, place=place, entries=Tree(entries), owner=operation.flags.get("--chown", ""))


def _placed(match: Match, name: str) -> dict[str, Entry]:
    entries = dict(match.entries)
    if "" not in entries:
        entries[""] = _FOLDER  # the top of a context
    return {posixpath.join(name, path) if path else name: entry for path, entry in entries.items()}


def _has_folder(layer: Layer | None, place: str) -> bool | None:
    """Whether a folder stands at a place; None where that is not known."""
    while place and layer is not None:
        if layer.opaque is not None and (layer.hides_below or overlap(layer.place, place)):
            return None
        if layer.entries is not None:
            found, inner = layer.entry(place), relative(place, layer.place)
            if found is not None:
                return None if found.kind == "link" else found.kind == "folder"
            if relative(layer.place, place) or (inner is not None and layer.entries.below(inner)):
                return True
        layer = layer.below
    return not place


def _octal(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text, 8)
    except ValueError:
        return None
