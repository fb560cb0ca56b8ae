"""What the last commits changed of a variant's contexts, and of the files that no step reads but the build itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from layerbench.analysis.impact.marking import MarkedInputs, name_start
from layerbench.analysis.wording import join_words
from layerbench.cachekeys.layers import relative
from layerbench.cachekeys.models import BuildInputs
from layerbench.context.ignore import IGNORE_FILE
from layerbench.context.models import Entry
from layerbench.foresight.sources import MAIN_CONTEXT, Source, folders_above, with_entries
from layerbench.repository.changes import CommitFiles, History


@dataclass(frozen=True, slots=True)
class TouchedFiles:
    """What commits changed, by the names of the files."""

    commits: tuple[tuple[str, ...], ...]
    """Of each commit; empty where it changed nothing in a context."""
    submodules: Mapping[str, tuple[str, ...]]
    """Names in `commits` that stand for all files in a folder, with these files."""


def with_history(source: Source, history: History) -> BuildInputs:
    """The inputs with those files as well that are gone by now: a commit that changed one ran what reads it."""
    changed = {path for commit in history.commits for path in (*commit.paths, *commit.submodules)}
    gone = {context: _gone(source, context, str(history.top), changed) for context in source.folders}
    return with_entries(source.inputs, gone)


def touched_files(source: Source, marked: MarkedInputs, history: History) -> TouchedFiles:
    """What each commit changed.

    Args:
        source: whose contexts are looked at.
        marked: those contexts, with the files that are gone.
        history: the commits.
    """
    search = _Search(source, marked, str(history.top))
    commits = tuple(tuple(dict.fromkeys(search.names(commit))) for commit in history.commits)
    return TouchedFiles(commits, search.submodules)


def history_notes(source: Source, history: History) -> Iterator[str]:
    """What the commits changed and that is not counted."""
    own = {str(file): _told(source, file, history.top) for file in _own_files(source)}
    top = str(history.top)
    changed = Counter(
        own[file] for commit in history.commits for path in commit.paths if (file := f"{top}/{path}") in own
    )
    if changed:
        told = [
            f"{name} was changed by {count} {'commit' if count == 1 else 'commits'}" for name, count in changed.items()
        ]
        yield f"{join_words(told)}: what the new text ran again is not counted"
    for name, folder in source.folders.items():
        if not folder.is_relative_to(history.top):
            yield f'the context "{name}" ({folder}) is outside of {history.top}: what changed it is not counted'


def _gone(source: Source, context: str, top: str, changed: set[str]) -> dict[str, Entry | None]:
    now, rules = source.inputs.contexts[context].entries, source.ignores[context]
    folder = str(source.folders[context])
    inner = {relative(f"{top}/{path}", folder) for path in changed}
    gone = {path for path in inner if path and path not in now and not rules.excludes(path)}
    # What a folder was or is now a file, and the other way round, cannot both be there.
    return {
        path: Entry("file", 0o644, 0, "gone")
        for path in sorted(gone)
        if not any(above in gone or (above in now and now[above].kind != "folder") for above in folders_above(path))
    }


def _own_files(source: Source) -> Iterator[Path]:
    """The Dockerfile and the ignore files, whether they are there by now or not."""
    dockerfile = source.variant.dockerfile
    place = dockerfile.parent.resolve() / dockerfile.name
    own = place.with_name(f"{place.name}{IGNORE_FILE}")
    yield from (place, dockerfile.resolve(), own)
    counting = source.ignores[MAIN_CONTEXT].file
    for name, folder in source.folders.items():
        # The context's own one is not looked at where the Dockerfile has one.
        if name != MAIN_CONTEXT or counting is None or counting.name != own.name:
            yield folder / IGNORE_FILE


def _told(source: Source, file: Path, top: Path) -> str:
    """A file as the rows name it, or from the checkout's top where it is in no main context."""
    inner = source.paths_of(file).get(MAIN_CONTEXT)
    return inner or (file.relative_to(top).as_posix() if file.is_relative_to(top) else str(file))


class _Search:
    def __init__(self, source: Source, marked: MarkedInputs, top: str) -> None:
        self._top = top
        main = str(source.folders[MAIN_CONTEXT])
        self._contexts = [
            (str(folder), name_start(str(folder), main), marked.inputs.contexts[name].entries)
            for name, folder in source.folders.items()
        ]
        self._known: dict[str, str | None] = {}
        self.submodules: dict[str, tuple[str, ...]] = {}

    def names(self, commit: CommitFiles) -> Iterator[str]:
        """Names of what a commit changed, in the order in which it tells them."""
        for path in commit.paths:
            if path not in self._known:
                self._known[path] = self._name(f"{self._top}/{path}")
            if (name := self._known[path]) is not None:
                yield name
        for path in commit.submodules:
            if path not in self._known:
                place = f"{self._top}/{path}"
                self._known[path] = self._name(place) or self._submodule(place)
            if (name := self._known[path]) is not None:
                yield name

    def _name(self, place: str) -> str | None:
        """The name of a file; None where it is in no context, or ignored in all."""
        for folder, _, entries in self._contexts:
            inner = relative(place, folder)
            entry = entries.get(inner) if inner else None
            if entry is not None and entry.kind != "folder":
                return entry.digest
        return None

    def _submodule(self, place: str) -> str | None:
        """A name for all files in a folder; None where there are none."""
        found: dict[str, None] = {}
        told = None
        for folder, start, entries in self._contexts:
            inner = relative(place, folder)
            if inner is None and relative(folder, place) is None:
                continue
            below = f"{inner}/" if inner else ""
            for path, entry in entries.items():
                if entry.digest is not None and path.startswith(below):
                    found[entry.digest] = None
                    told = told or f"{start}{below}" or "./"
        if told is not None:
            self.submodules[told] = tuple(found)
        return told
