"""Adding runs, and asking for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from layerbench.analysis.trend.models import Entry, Figure, LineKey, Point, TrendMetric
from layerbench.errors import LayerbenchError, UsageError
from layerbench.history.reading import connect_to_read
from layerbench.history.schema import connect

Added = Literal["added", "replaced", "known"]
"""What became of a run that was to be added: it is new, it stands in place of an earlier state, or it is there."""
_ENTRY_COLUMNS = (
    "digest, path, bench, bench_digest, started_at, complete, commit_id, branch, is_dirty, committed_at, machine, "
    "builder, tool_version"
)
_COUNTED: TrendMetric = "seconds"
"""The metric whose figures tell how many builds a run has."""
_KEY_COLUMNS = "bench, variant, scenario, metric, definition, conditions"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which points are asked for; None and empty stand for all."""

    bench: str | None = None
    variants: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    branch: str | None = None
    """An empty string stands for the runs without a branch."""
    since: str | None = None
    """ISO 8601: runs of commits, or where those are unknown runs, from then on."""


@contextmanager
def open_history(path: Path, *, must_exist: bool = False) -> Iterator[History]:
    """A history to be written, closed at the end.

    Raises:
        UsageError: it is not there though it must be, damaged, newer than this program, or no history.
        LayerbenchError: it cannot be written.
    """
    if must_exist:
        _see_that_it_is_there(path)
    else:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LayerbenchError(f"{path.parent} cannot be made: {error.strerror}") from None
    with _closing(connect(path), path) as history:
        yield history


@contextmanager
def read_history(path: Path) -> Iterator[History]:
    """A history to be looked at, also where neither it nor its folder can be written.

    Raises:
        UsageError: it is not there, cannot be read, is damaged, newer than this program, or no history.
    """
    _see_that_it_is_there(path)
    with _closing(connect_to_read(path), path) as history:
        yield history


def _see_that_it_is_there(path: Path) -> None:
    if not path.exists():
        raise UsageError(f"{path} is not there: `layerbench history add RESULT` begins a history")


@contextmanager
def _closing(connection: sqlite3.Connection, path: Path) -> Iterator[History]:
    try:
        yield History(connection, path)
    except sqlite3.OperationalError as error:
        raise LayerbenchError(f"{path} cannot be read or written: {error}") from None
    except sqlite3.DatabaseError as error:
        raise UsageError(
            f"{path} is damaged ({error}): move it away, and `layerbench history import DIR` makes a new one"
        ) from None
    finally:
        connection.close()


class History:
    """The runs of one file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def add(self, entry: Entry, figures: Iterable[Figure]) -> Added:
        """Add a run, in one step, unless it is there already, or a later state of it is.

        An earlier state of the same run, which was cut short and has been resumed since, is replaced. A complete run
        is not: what looks like the same run may be the other side of one `layerbench ab`.

        Raises:
            UsageError: the run's dates are none.
        """
        order_seconds = _order_seconds(entry)
        its = tuple(figures)
        with self._transaction():
            states = self._states_of(entry, order_seconds)
            if not entry.complete and any(
                complete or builds > _build_count(its) for complete, builds in states.values()
            ):
                return "known"
            cursor = self._connection.execute(
                f"INSERT OR IGNORE INTO entries ({_ENTRY_COLUMNS}, order_seconds) VALUES ({', '.join('?' * 14)})",
                (*_row_of(entry), order_seconds),
            )
            if cursor.rowcount == 0:
                return "known"
            earlier = [(entry_id,) for entry_id, (complete, _) in states.items() if not complete]
            self._connection.executemany("DELETE FROM entries WHERE id = ?", earlier)
            self._add_figures(cursor.lastrowid, its)
        return "replaced" if earlier else "added"

    def _states_of(self, entry: Entry, order_seconds: float) -> dict[int, tuple[bool, int]]:
        """Other result files of what may be the same run: whether they are complete, and how many builds they have.

        `layerbench ab` measures two states in one run: they share its start, and differ in commit, branch or changes.
        """
        rows = self._connection.execute(
            "SELECT id, complete, (SELECT coalesce(sum(count), 0) FROM figures JOIN lines ON lines.id = line_id "
            "WHERE entry_id = entries.id AND metric = ?) FROM entries WHERE order_seconds = ? AND bench_digest = ? "
            "AND started_at = ? AND machine = ? AND commit_id IS ? AND is_dirty IS ? AND branch IS ? AND digest <> ?",
            (
                _COUNTED,
                order_seconds,
                entry.bench_digest,
                entry.started_at,
                entry.machine,
                entry.commit,
                entry.is_dirty,
                entry.branch,
                entry.digest,
            ),
        )
        return {entry_id: (bool(complete), builds) for entry_id, complete, builds in rows}

    def entries(self, selection: Selection | None = None) -> tuple[Entry, ...]:
        """The runs, oldest first."""
        chosen = selection or Selection()
        where, values = _where_entry(chosen)
        rows = self._connection.execute(
            f"SELECT {_ENTRY_COLUMNS} FROM entries WHERE {where} ORDER BY order_seconds, started_at, id",
            values,
        )
        return tuple(map(_entry_of, rows))

    def points(self, selection: Selection) -> dict[LineKey, list[Point]]:
        """The figures that are asked for, a list a line, oldest first."""
        where, values = _where_entry(selection)
        ids = self._connection.execute(
            f"SELECT id, {_ENTRY_COLUMNS} FROM entries WHERE {where} ORDER BY order_seconds, started_at, id", values
        )
        entries = {row[0]: (place, _entry_of(row[1:])) for place, row in enumerate(ids)}
        found: dict[LineKey, list[Point]] = {}
        for line_id, key in self._lines(selection):
            rows = self._connection.execute(
                "SELECT entry_id, value, low, high, count FROM figures WHERE line_id = ?", (line_id,)
            )
            placed = sorted((entries[row[0]][0], row) for row in rows if row[0] in entries)
            if placed:
                found[key] = [Point(entries[row[0]][1], *row[1:]) for _, row in placed]
        return found

    def figures_of(self, entry: Entry) -> tuple[Figure, ...]:
        """All figures of one run."""
        columns = ", ".join(f"lines.{name}" for name in _KEY_COLUMNS.split(", "))
        rows = self._connection.execute(
            f"SELECT {columns}, value, low, high, count FROM figures JOIN lines ON lines.id = line_id "
            "JOIN entries ON entries.id = entry_id WHERE digest = ? ORDER BY lines.id",
            (entry.digest,),
        )
        return tuple(Figure(LineKey(*row[:6]), *row[6:]) for row in rows)

    def branches(self, selection: Selection | None = None) -> tuple[tuple[str, int], ...]:
        """Branches with the number of their runs, most first; an empty name counts the runs without a branch."""
        where, values = _where_entry(selection or Selection())
        rows = self._connection.execute(
            f"SELECT coalesce(branch, ''), count(*) FROM entries WHERE {where} GROUP BY 1 ORDER BY 2 DESC, "
            "branch IS NULL, 1",
            values,
        )
        return tuple(rows)

    def benches(self) -> tuple[str, ...]:
        """The names of the benches that have runs."""
        return tuple(name for (name,) in self._connection.execute("SELECT DISTINCT bench FROM entries ORDER BY 1"))

    def has_file(self, path: str, digest: str) -> bool:
        """Whether a run was made from the file of that place or that content."""
        found = self._connection.execute("SELECT 1 FROM entries WHERE path = ? OR digest = ? LIMIT 1", (path, digest))
        return found.fetchone() is not None

    def prune(self, digests: Sequence[str]) -> int:
        """Take runs out; the number of those that were there."""
        with self._transaction():
            taken = sum(
                self._connection.execute("DELETE FROM entries WHERE digest = ?", (digest,)).rowcount
                for digest in digests
            )
            self._connection.execute("DELETE FROM lines WHERE id NOT IN (SELECT line_id FROM figures)")
        return taken

    def _lines(self, selection: Selection) -> list[tuple[int, LineKey]]:
        clauses = ["1"]
        values: list[str] = []
        for column, wanted in (
            ("variant", selection.variants),
            ("scenario", selection.scenarios),
            ("metric", selection.metrics),
        ):
            if wanted:
                clauses.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += wanted
        if selection.bench is not None:
            clauses.append("bench = ?")
            values.append(selection.bench)
        rows = self._connection.execute(
            f"SELECT id, {_KEY_COLUMNS} FROM lines WHERE {' AND '.join(clauses)} ORDER BY id", values
        )
        return [(row[0], LineKey(*row[1:])) for row in rows]

    def _add_figures(self, entry_id: int | None, figures: Iterable[Figure]) -> None:
        for figure in figures:
            key = figure.key
            words = (key.bench, key.variant, key.scenario, key.metric, key.definition, key.conditions)
            self._connection.execute(f"INSERT OR IGNORE INTO lines ({_KEY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", words)
            [line_id] = self._connection.execute(
                "SELECT id FROM lines WHERE bench = ? AND variant = ? AND scenario = ? AND metric = ? "
                "AND definition = ? AND conditions = ?",
                words,
            ).fetchone()
            self._connection.execute(
                "INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?)",
                (line_id, entry_id, figure.value, figure.low, figure.high, figure.count),
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _where_entry(selection: Selection) -> tuple[str, list[object]]:
    clauses: list[str] = ["1"]
    values: list[object] = []
    if selection.bench is not None:
        clauses.append("bench = ?")
        values.append(selection.bench)
    if selection.branch is not None:
        clauses.append("coalesce(branch, '') = ?")
        values.append(selection.branch)
    if selection.since is not None:
        clauses.append("order_seconds >= ?")
        values.append(_seconds_of(selection.since))
    return " AND ".join(clauses), values


def _order_seconds(entry: Entry) -> float:
    """What runs are ordered by: their commits, so that an old commit that is measured today stands where it belongs."""
    moment = entry.committed_at or entry.started_at
    try:
        return _seconds_of(moment)
    except (ValueError, OverflowError):
        raise UsageError(
            f'{entry.path}: "{moment}" is no date; give a result file that `layerbench run` wrote'
        ) from None


def _seconds_of(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _build_count(figures: Iterable[Figure]) -> int:
    return sum(figure.count for figure in figures if figure.key.metric == _COUNTED)


def _row_of(entry: Entry) -> tuple[object, ...]:
    return (
        entry.digest,
        entry.path,
        entry.bench,
        entry.bench_digest,
        entry.started_at,
        entry.complete,
        entry.commit,
        entry.branch,
        entry.is_dirty,
        entry.committed_at,
        entry.machine,
        entry.builder,
        entry.tool_version,
    )


def _entry_of(row: Sequence[Any]) -> Entry:
    """A run from the columns of `_ENTRY_COLUMNS`; SQLite has no truth values, so those are made of its numbers."""
    digest, path, bench, bench_digest, started_at, complete, commit, branch, is_dirty, *rest = row
    dirty = None if is_dirty is None else bool(is_dirty)
    return Entry(digest, path, bench, bench_digest, started_at, bool(complete), commit, branch, dirty, *rest)
