"""Files that will be edited: the same files with another content."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from layerbench.cachekeys.models import BuildInputs
from layerbench.context.models import Entry
from layerbench.context.names import shown
from layerbench.errors import UsageError
from layerbench.foresight.change import Change
from layerbench.foresight.sources import MAIN_CONTEXT, Source, with_entries

_NEW_CONTENT = "content that is not known yet"


def find_files(names: Sequence[str], places: Sequence[Path]) -> list[Path]:
    """The files that a person names, absolute, with the folder's links resolved and the file's own not.

    Args:
        names: as they were typed.
        places: folders to look in, one after the other; the first that has the name counts.

    Raises:
        UsageError: none has it.
    """
    return [_find(name, places) for name in names]


def edit_files(sources: Sequence[Source], files: Sequence[Path]) -> list[Change]:
    """Each variant before and after an edit of the content of some files; a folder stands for all that is in it.

    Raises:
        UsageError: a file is in no context.
    """
    for file in files:
        if not any(_is_read(source, file) for source in sources):
            contexts = ", ".join(dict.fromkeys(str(source.folders[MAIN_CONTEXT]) for source in sources))
            raise UsageError(f"{shown(str(file))} is not in the context ({shown(contexts)}): no build reads it")
    return [_edit(source, files) for source in sources]


def edited(inputs: BuildInputs, paths: Iterable[str], context: str = MAIN_CONTEXT) -> BuildInputs:
    """The inputs with another content of some files of a context."""
    entries = inputs.contexts[context].entries
    return with_entries(inputs, {context: {path: _edited(entries[path]) for path in paths}})


def _find(name: str, places: Sequence[Path]) -> Path:
    for place in dict.fromkeys(places):
        candidate = place / name
        if os.path.lexists(candidate):
            # The last part is kept as it is: a link in a context is a file of its own.
            resolved = candidate.parent.resolve()
            return resolved / candidate.name if candidate.name not in ("", "..") else candidate.resolve()
    looked = " or ".join(str(place) for place in dict.fromkeys(places))
    raise UsageError(
        f"{name} is not there ({looked}); name a file that is, or tell of a new one by a patch: git diff | layerbench "
        "predict -"
    )


def _edit(source: Source, files: Sequence[Path]) -> Change:
    inputs, notes = source.inputs, []
    for file in files:
        if (told := _of_the_build_itself(source, file)) is not None:
            notes.append(told)
        places = source.paths_of(file)
        places |= {name: "" for name, folder in source.folders.items() if folder == file}
        for name, path in places.items():
            entries = source.inputs.contexts[name].entries
            below = [one for one in entries if _is_below(one, path) and entries[one].kind != "folder"]
            inputs = edited(inputs, below, name)
            if not below and (why := _why_unseen(source, name, path)):
                notes.append(why)
    return Change(source, source.inputs, inputs, tuple(notes))


def _is_read(source: Source, file: Path) -> bool:
    """Whether a build looks at it at all, be it ignored or not."""
    if source.paths_of(file) or file in source.folders.values():
        return True
    return _of_the_build_itself(source, file) is not None


def _of_the_build_itself(source: Source, file: Path) -> str | None:
    """What is said of a file that makes the build what it is, whether a step copies it or not."""
    name = shown(file.name)
    if file.resolve() == source.variant.dockerfile.resolve():
        return f"{name} is the Dockerfile itself: what another text of it runs again, --diff or a patch tells"
    if any(rules.file is not None and file.resolve() == rules.file.resolve() for rules in source.ignores.values()):
        return f"{name} is the ignore file: what other lines of it leave out or let in, --diff or a patch tells"
    return None


def _is_below(path: str, top: str) -> bool:
    return not top or path == top or path.startswith(f"{top}/")


def _why_unseen(source: Source, context: str, path: str) -> str | None:
    rules = source.ignores[context]
    rule = rules.deciding(path)
    if rule is None or not rules.excludes(path):
        return f"{shown(path)} holds no file that a build could see"
    file = rules.file.name if rules.file else ".dockerignore"
    return f"{shown(path)} is left out by line {rule.line} of {shown(file)} ({shown(rule.text)}): no step sees it"


def _edited(entry: Entry) -> Entry:
    if entry.kind == "link":
        return replace(entry, target=_NEW_CONTENT)
    return replace(entry, digest=_NEW_CONTENT)
