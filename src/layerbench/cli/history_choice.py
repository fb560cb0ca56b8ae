"""Which history, and which of its runs, a command is about."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.cli.output import note
from layerbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from layerbench.analysis.trend.models import Entry
    from layerbench.history import History

DEFAULT_PLACE = Path(".layerbench") / "history.sqlite"
_ALL = "*"
_MOST_NAMES = 5
_SHORT_ID = 10


def path_of(named: str | None) -> Path:
    """The history that is named, or the project's own, at the top of the repository."""
    if named:
        return Path(named)
    from layerbench.repository import find_repository

    try:
        return Path(os.path.relpath(find_repository(Path()).top)) / DEFAULT_PLACE
    except UsageError:
        return DEFAULT_PLACE


def moment_of(text: str | None) -> str | None:
    """A date or time as ISO 8601 with an offset; one without is the machine's own time.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        raise UsageError(f'"{text}" is no date: write 2026-11-01 or 2026-11-01T12:00') from None


def known_branch(found: History, named: str | None, bench: str | None = None) -> str | None:
    """The branch that a person named; None for all, an empty name for the runs without one.

    Raises:
        UsageError: no run is of that branch.
    """
    if named is None or named == _ALL:
        return None
    from layerbench.history import Selection

    known = [name for name, _ in found.branches(Selection(bench))]
    if named in known:
        return named
    which = f'the branch "{named}"' if named else "no branch"
    branches = _names(name for name in known if name)
    raise UsageError(
        f"no run of {which} is in {found.path}{_of_bench(bench)}; it has {branches or 'runs without a branch only'}"
        if known
        else f"no run is in {found.path}"
    )


def most_run_branch(found: History, bench: str | None, since: str | None) -> str | None:
    """The branch with most of the runs that are asked for; None where all are of one, or of none.

    Runs of several branches on one line would look like changes. Runs without a branch may be of any, so they count as
    a branch of their own. What is left out is said.
    """
    from layerbench.history import Selection

    counts = dict(found.branches(Selection(bench, since=since)))
    if len(counts) < 2:
        return None
    chosen = next(iter(counts))
    nameless = counts.pop("", 0)
    of = f"of {_names([chosen])}" if chosen else "without a branch"
    others = f"{len(counts)} branch{'' if len(counts) == 1 else 'es'}"
    if chosen and nameless:
        others += f" and {nameless} run{'' if nameless == 1 else 's'} without one"
    note(f"runs {of}, {'of' if chosen else 'beside those of'} {others}; --branch '*' shows all")
    return chosen


def check_bench(found: History, bench: str | None) -> None:
    """See that a bench that a person named has runs.

    Raises:
        UsageError: it has none.
    """
    if bench is None or bench in (known := found.benches()):
        return
    raise UsageError(f'no run of the bench "{bench}" is in {found.path}; it has {_names(known) or "no runs"}')


def no_figures(found: Path, branch: str | None, bench: str | None) -> UsageError:
    """What is said where no figure is of what was asked for."""
    of = "" if branch is None else f" of the branch {_names([branch])}" if branch else " of runs without a branch"
    return UsageError(f"{found} has no such figures{of}{_of_bench(bench)}: `layerbench history list` shows its runs")


def entry_of(found: History, wanted: str | None) -> Entry:
    """The newest run, or the newest of a commit, or that of a result file's digest; of both the first letters do.

    Raises:
        UsageError: there is none, or the letters are those of several commits.
    """
    entries = found.entries()
    if wanted is not None:
        entries = tuple(
            one for one in entries if (one.commit or "").startswith(wanted) or one.digest.startswith(wanted)
        )
        _see_that_it_is_one(entries, wanted)
    if not entries:
        raise UsageError(
            f"{found.path} has no run{'' if wanted is None else f' of {wanted}'}: `layerbench history list` shows them"
        )
    return entries[-1]


def doomed(found: History, keep: int | None, before: str | None, branch: str | None) -> list[Entry]:
    """The runs that `prune` takes out, oldest first.

    Raises:
        UsageError: that would be all of them, or no run is of the branch.
    """
    from layerbench.history import Selection

    if branch == _ALL and keep is None and before is None:
        raise UsageError("--branch '*' alone would take out every run: give --keep N or --before DATE with it")
    entries = found.entries(Selection(branch=known_branch(found, branch)))
    kept = {entry.digest for entry in found.entries(Selection(since=moment_of(before)))} if before else set()
    if keep:
        kept |= {entry.digest for entry in entries[-keep:]}
    return [entry for entry in entries if entry.digest not in kept]


def spare_result_files(target: Path | None, found: History) -> None:
    """See that an answer replaces no result file that the history was made of.

    Raises:
        UsageError: it would.
    """
    if target is None or not target.is_file():
        return
    try:
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
    except OSError:
        digest = ""
    if found.has_file(place_of(target), digest):
        raise UsageError(f"{target} is a result file that the history was made of: give another place with -o")


def place_of(file: Path) -> str:
    """A result file's place as a history keeps it."""
    return str(file.resolve()).encode(errors="backslashreplace").decode()


def _names(names: Iterable[str]) -> str:
    """Names that others gave, as they may be shown on a terminal."""
    from layerbench.report.printable import printable

    return printable(", ".join(names))


def _of_bench(bench: str | None) -> str:
    return "" if bench is None else f" of the bench {bench}"


def _see_that_it_is_one(entries: Sequence[Entry], wanted: str) -> None:
    length = max(_SHORT_ID, len(wanted) + 2)
    names = dict.fromkeys(one.commit if one.commit and one.commit.startswith(wanted) else one.digest for one in entries)
    if len(names) < 2:
        return
    shown = [name[:length] for name in names][:_MOST_NAMES]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    raise UsageError(f'"{wanted}" begins the ids of several runs ({", ".join(shown)}{more}): give more letters')
