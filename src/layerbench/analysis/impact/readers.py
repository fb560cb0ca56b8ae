"""Which steps read which files, out of a context or through the stages that took them along."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from layerbench.analysis.impact.marking import MAIN_CONTEXT, MarkedInputs
from layerbench.cachekeys.layers import Content
from layerbench.cachekeys.selecting import Match
from layerbench.cachekeys.steps import BuildPlan
from layerbench.context.links import links_towards
from layerbench.context.models import Entry

FileClass = frozenset[int | str]
"""Positions of the steps that read a file, in the main context or anywhere: files of one class run the same steps
again. A link that is followed has its own name in it as well: what it leads to after an edit is not what it was."""


@dataclass(frozen=True, slots=True)
class FileReaders:
    """The steps that read each file, by the file's name; files that none reads have an empty set."""

    direct: Mapping[str, frozenset[int]]
    """Those that take it out of the main context."""
    classes: Mapping[str, FileClass]


def find_readers(plan: BuildPlan, marked: MarkedInputs) -> FileReaders:
    """The readers of all files.

    Args:
        plan: of the marked inputs.
        marked: the contexts.
    """
    search = _Search(marked)
    for step in plan.steps:
        for part in step.contents:
            if part.kind == "context" and part.name in marked.inputs.contexts:
                search.take_context(step.position, part.name, part.content)
            elif part.kind == "stage":
                search.take_stage(step.position, part.content)
    return search.found()


class _Search:
    def __init__(self, marked: MarkedInputs) -> None:
        self._names = marked.places
        self._entries = {name: one.entries for name, one in marked.inputs.contexts.items()}
        self._links = {
            context: {entry.digest for entry in entries.values() if entry.kind == "link" and entry.digest}
            for context, entries in self._entries.items()
        }
        self._direct: defaultdict[str, list[int]] = defaultdict(list)
        self._all: defaultdict[str, list[int]] = defaultdict(list)
        self._followed: set[str] = set()

    def take_context(self, position: int, context: str, content: Content) -> None:
        """Note what a step takes out of a context."""
        names = list(_names(content))
        if self._links[context]:
            followed = set(_followed(self._entries[context], content))
            self._followed |= followed
            names += followed
        _note(self._all, names, position)
        if context == MAIN_CONTEXT:
            _note(self._direct, names, position)

    def take_stage(self, position: int, content: Content) -> None:
        """Note what a step takes out of a stage."""
        _note(self._all, _names(content), position)
        # A pattern follows the links that it finds, and the content does not tell which. It has their last names.
        found = {name for match in content.matches if match.is_filtered for name in _first_names(match)}
        if found:
            links = (name for names in self._links.values() for name in names)
            self._followed.update(name for name in links if posixpath.basename(name) in found)

    def found(self) -> FileReaders:
        """What was noted, for each file."""
        # Sets of steps are few, however many files there are: each is kept once.
        kept: dict[tuple[int, ...], frozenset[int]] = {(): frozenset()}
        direct: dict[str, frozenset[int]] = {}
        classes: dict[str, FileClass] = {}
        for name in self._names:
            for noted, into in ((self._direct, direct), (self._all, classes)):
                positions = tuple(noted.get(name, ()))
                into[name] = kept.setdefault(positions, frozenset(positions))
        for name in self._followed:
            if classes[name]:
                classes[name] |= {name}
        return FileReaders(direct, classes)


def _note(noted: defaultdict[str, list[int]], names: Iterator[str] | list[str], position: int) -> None:
    for name in names:
        positions = noted[name]
        if not positions or positions[-1] != position:
            positions.append(position)


def _names(content: Content) -> Iterator[str]:
    """The names of all files and links that are selected."""
    for match in content.matches:
        for entry in match.entries.values():
            # A document in a stage is of no context, and its digest is one.
            if entry.kind != "folder" and entry.digest is not None:
                yield entry.digest


def _first_names(match: Match) -> Iterator[str]:
    """The last name of what a pattern found, and the names right in it: links elsewhere are taken as they are."""
    yield posixpath.basename(match.path)
    yield from {inner.partition("/")[0] for inner in match.entries}


def _followed(entries: Mapping[str, Entry], content: Content) -> Iterator[str]:
    """The names of links on the way to what is selected of a context."""
    for match in content.matches:
        for inner, entry in match.entries.items():
            path = posixpath.join(match.path, inner) if inner else match.path
            if entries.get(path) is entry:
                continue
            # What is reached by another path is behind a link; a link that is taken itself is not followed.
            way = posixpath.dirname(path) if entry.kind == "link" else path
            for link in links_towards(entries, way):
                name = entries[link].digest
                if name is not None:
                    yield name
