"""The tables, version by version."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from layerbench.errors import LayerbenchError, UsageError

APPLICATION_ID = 0x6C62_6869
""" "lbhi": tells a history from any other SQLite file (https://www.sqlite.org/pragma.html#pragma_application_id)."""

_MIGRATIONS = (
    # 1: runs, lines, figures.
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        path TEXT NOT NULL,
        bench TEXT NOT NULL,
        bench_digest TEXT NOT NULL,
        started_at TEXT NOT NULL,
        complete INTEGER NOT NULL,
        commit_id TEXT,
        branch TEXT,
        is_dirty INTEGER,
        committed_at TEXT,
        machine TEXT NOT NULL,
        builder TEXT NOT NULL,
        tool_version TEXT NOT NULL,
        order_seconds REAL NOT NULL
    );
    CREATE INDEX entries_by_time ON entries (order_seconds, id);
    CREATE TABLE lines (
        id INTEGER PRIMARY KEY,
        bench TEXT NOT NULL,
        variant TEXT NOT NULL,
        scenario TEXT NOT NULL,
        metric TEXT NOT NULL,
        definition TEXT NOT NULL,
        conditions TEXT NOT NULL,
        UNIQUE (bench, variant, scenario, metric, definition, conditions)
    );
    CREATE TABLE figures (
        line_id INTEGER NOT NULL REFERENCES lines (id),
        entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
        value REAL NOT NULL,
        low REAL NOT NULL,
        high REAL NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (line_id, entry_id)
    ) WITHOUT ROWID;
    CREATE INDEX figures_by_entry ON figures (entry_id);
    """,
)
SCHEMA_VERSION = len(_MIGRATIONS)
BUSY_SECONDS = 30.0
_PAUSE_SECONDS = 0.02


def connect(path: Path) -> sqlite3.Connection:
    """Open a history, making it where it is not there.

    Raises:
        UsageError: the file is damaged, newer than this program, or something else; it is left as it is.
        LayerbenchError: it cannot be opened or written.
    """
    check_head(path)
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    except sqlite3.Error as error:
        raise LayerbenchError(f"{path} cannot be opened ({error}); give another place with --history") from None
    try:
        _prepare(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _told(path, error) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _told(path: Path, error: sqlite3.DatabaseError) -> LayerbenchError:
    if isinstance(error, sqlite3.OperationalError):
        return LayerbenchError(f"{path} cannot be written ({error}); mend that, or give another place with --history")
    return damaged(path, error)


def damaged(path: Path, error: sqlite3.Error) -> UsageError:
    """What is said of a file that SQLite cannot make sense of."""
    return UsageError(
        f"{path} is damaged ({error}): it is left as it is; move it away, and `layerbench history import DIR` makes "
        "a new one from result files"
    )


def _nobodys(path: Path) -> UsageError:
    """What is said of a file that is no history."""
    return UsageError(f"{path} is there and is no history; give another place with --history")


def _newer(path: Path, version: int) -> UsageError:
    """What is said of a history of a later schema version."""
    return UsageError(
        f"{path} was written by a newer layerbench (schema version {version}, this one knows {SCHEMA_VERSION}): update "
        "layerbench, or give another place with --history"
    )


def check_head(path: Path) -> None:
    """See that a file that is there is a SQLite file, before SQLite touches it.

    Raises:
        UsageError: it is a folder, another file, or cannot be read.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it with --history")
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if head and head != b"SQLite format 3\0":
        raise _nobodys(path)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    if _marks(connection) != (APPLICATION_ID, SCHEMA_VERSION):
        _migrate(connection, path)
    _use_wal(connection, path)
    # Reads the heads of the pages that matter, so that damage is told here and not half way through.
    connection.execute("SELECT count(*) FROM entries").fetchone()


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """Whose file it is, and its schema version."""
    [owner] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    return owner, version


def checked_marks(connection: sqlite3.Connection, path: Path) -> tuple[int, int]:
    """Whose file it is, and its schema version.

    Raises:
        UsageError: it is another program's, or newer than this one.
    """
    owner, version = _marks(connection)
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if owner != APPLICATION_ID and not is_empty:
        raise _nobodys(path)
    if version > SCHEMA_VERSION:
        raise _newer(path, version)
    return owner, version


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a new or older file up to date, in one transaction: what is looked at in it cannot change meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _, version = checked_marks(connection, path)
        for number in range(version, SCHEMA_VERSION):
            for statement in _MIGRATIONS[number].split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    """Let readers and a writer keep out of each other's way; the file remembers it.

    The switch does not wait for others as everything else does. So it is tried again for a while; without it the file
    is as safe, and only waits more.
    """
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal" or not os.access(path, os.W_OK):
        return
    deadline = time.monotonic() + BUSY_SECONDS
    while time.monotonic() < deadline:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(_PAUSE_SECONDS)
