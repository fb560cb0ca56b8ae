"""Adding runs, and asking for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from layerbench.analysis.trend.models import Entry, Figure, LineKey, Point
from layerbench.errors import LayerbenchError, UsageError
from layerbench.history.schema import connect

_ENTRY_COLUMNS = (
    "digest, path, bench, bench_digest, started_at, complete, commit_id, branch, is_dirty, committed_at, machine, "
    "builder, tool_version"
)
_KEY_COLUMNS = "bench, variant, scenario, metric, definition, conditions"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which points are asked for; None and empty stand for all."""

    bench: str | None = None
    variants: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    branch: str | None = None
    since: str | None = None
    """ISO 8601: runs of commits, or where those are unknown runs, from then on."""


@contextmanager
def open_history(path: Path, *, must_exist: bool = False) -> Iterator[History]:
    """A history, closed at the end.

    Raises:
        UsageError: it is not there though it must be, damaged, newer than this program, or no history.
        LayerbenchError: it cannot be written.
    """
    if must_exist and not path.exists():
        raise UsageError(f"{path} is not there: `layerbench history add RESULT` begins a history")
    if not must_exist:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LayerbenchError(f"{path.parent} cannot be made: {error.strerror}") from None
    connection = connect(path)
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

    def add(self, entry: Entry, figures: Iterable[Figure]) -> bool:
        """Add a run, in one step; False where it is there already, or a more complete state of it is.

        An earlier state of the same run, which was cut short and has been resumed since, is replaced.

        Raises:
            UsageError: the run's dates are none.
        """
        same_run = "bench_digest = ? AND started_at = ? AND machine = ? AND commit_id IS ? AND digest <> ?"
        run = (entry.bench_digest, entry.started_at, entry.machine, entry.commit, entry.digest)
        order_seconds = _order_seconds(entry)
        with self._transaction():
            complete = self._connection.execute(f"SELECT 1 FROM entries WHERE {same_run} AND complete", run)
            if not entry.complete and complete.fetchone():
                return False
            cursor = self._connection.execute(
                f"INSERT OR IGNORE INTO entries ({_ENTRY_COLUMNS}, order_seconds) VALUES ({', '.join('?' * 14)})",
                (*_row_of(entry), order_seconds),
            )
            if cursor.rowcount == 0:
                return False
            self._connection.execute(f"DELETE FROM entries WHERE {same_run}", run)
            self._add_figures(cursor.lastrowid, figures)
        return True

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

    def branches(self) -> tuple[tuple[str, int], ...]:
        """Branches with the number of their runs, most first."""
        rows = self._connection.execute(
            "SELECT branch, count(*) FROM entries WHERE branch IS NOT NULL GROUP BY branch ORDER BY 2 DESC, 1"
        )
        return tuple(rows)

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
        clauses.append("branch = ?")
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
