"""Contexts in which each file's content is a name of its own: where a plan carries the file, its name is found."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from layerbench.cachekeys.models import BuildInputs
from layerbench.context.models import Entry

MAIN_CONTEXT = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies in one of the contexts."""

    context: str
    """Empty for the main one."""
    path: str


@dataclass(frozen=True, slots=True)
class MarkedInputs:
    """A build's inputs with marked contexts."""

    inputs: BuildInputs
    """The digest of each file and link is its name."""
    places: Mapping[str, tuple[Place, ...]]
    """By name: a file in several contexts has one name, and is edited in all of them."""


def mark_files(inputs: BuildInputs, folders: Mapping[str, str]) -> MarkedInputs:
    """Give each file of all contexts a name: its path from the main context, with `../` where it lies outside of it.

    Args:
        inputs: what a build is made from.
        folders: where each context lies, absolute.
    """
    names: dict[str, str] = {}
    places: defaultdict[str, list[Place]] = defaultdict(list)
    contexts = dict(inputs.contexts)
    for context, fingerprint in inputs.contexts.items():
        top = folders[context].rstrip("/")
        start = name_start(folders[context], folders[MAIN_CONTEXT])
        entries: dict[str, Entry] = {}
        for path, entry in fingerprint.entries.items():
            if entry.kind == "folder":
                entries[path] = entry
                continue
            name = names.setdefault(f"{top}/{path}", f"{start}{path}")
            entries[path] = Entry(entry.kind, entry.mode, entry.size_bytes, name, entry.target)
            places[name].append(Place(context, path))
        contexts[context] = replace(fingerprint, entries=entries)
    return MarkedInputs(replace(inputs, contexts=contexts), {name: tuple(some) for name, some in places.items()})


def name_start(folder: str, main: str) -> str:
    """What stands in front of the names of a context's files; nothing in the main context.

    Args:
        folder: of the context, absolute.
        main: the main context's.
    """
    start = posixpath.relpath(folder, main)
    return "" if start == "." else f"{start}/"
