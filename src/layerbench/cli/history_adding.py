"""Adds result files to a history."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from layerbench.cli.history_choice import DEFAULT_PLACE, place_of
from layerbench.cli.output import note
from layerbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layerbench.history import Added, History

_Outcome = Literal["added", "replaced", "known", "failed", "none"]


def add_files(files: Iterable[Path], path: Path, *, passes_over_others: bool) -> int:
    """Add the runs of some files to a history, and say what became of them.

    Args:
        files: result files.
        path: where the history is.
        passes_over_others: whether files that have no mark of a result are no error.

    Returns:
        The exit code.
    """
    from layerbench.history import open_history

    if path.parent.name == DEFAULT_PLACE.parent.name:
        _hide_from_git(path.parent)
    with open_history(path) as into:
        counts = Counter(_add(file, into, passes_over_others=passes_over_others) for file in files)
    note(", ".join(_said(counts, path)))
    if counts["failed"]:
        return 2
    return 0 if counts["added"] + counts["replaced"] + counts["known"] else 2


def _add(file: Path, into: History, *, passes_over_others: bool) -> _Outcome:
    try:
        return _added(file, into)
    except UsageError as error:
        from layerbench.results.file import has_mark_of_result

        if passes_over_others and not has_mark_of_result(file):
            return "none"
        note(str(error))
        return "failed"


def _added(file: Path, into: History) -> Added:
    from layerbench.analysis.trend.entries import entry_of
    from layerbench.analysis.trend.figures import figures_of
    from layerbench.results.file import read_result

    result = read_result(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return into.add(entry_of(result, place_of(file), digest), figures_of(result))


def _said(counts: Counter[_Outcome], path: Path) -> list[str]:
    new = counts["added"] + counts["replaced"]
    said = [f"added {new} run{'' if new == 1 else 's'} to {path}"]
    if replaced := counts["replaced"]:
        said.append(f"{replaced} of them in place of an earlier state that was cut short")
    if known := counts["known"]:
        said.append(f"{known} {'was' if known == 1 else 'were'} there already")
    if failed := counts["failed"]:
        said.append(f"{failed} file{'' if failed == 1 else 's'} could not be read")
    if none := counts["none"]:
        said.append(f"{none} file{'' if none == 1 else 's'} passed over that {'is' if none == 1 else 'are'} no result")
    return said


def _hide_from_git(folder: Path) -> None:
    """Let git pass over the folder of the default history: what it keeps is no change of the checkout.

    An error here is left to the opening of the history, which says it better.
    """
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
