"""Opening a history to look at it: nothing in its folder is changed by that."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.history.schema import (
    APPLICATION_ID,
    BUSY_SECONDS,
    SCHEMA_VERSION,
    check_head,
    checked_marks,
    connect,
    damaged,
)

_SIDE_FILES = ("-wal", "-journal")
"""What SQLite keeps beside a file: what is in them is not yet in the file."""


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a history that is there, for queries only.

    One of an older layerbench is brought up to date where it can be written, as every other opening does it.

    Raises:
        UsageError: it cannot be read, is damaged, newer than this program, something else, or older and not to be
            written.
    """
    check_head(path)
    can_write = _can_write(path)
    try:
        connection = sqlite3.connect(
            _address(path, can_write=can_write), timeout=BUSY_SECONDS, isolation_level=None, uri=True
        )
    except sqlite3.Error as error:
        raise _unreadable(path, error) from None
    try:
        is_current = _is_current(connection, path, can_write=can_write)
    except BaseException:
        connection.close()
        raise
    if not is_current:
        connection.close()
        return connect(path)
    return connection


def _can_write(path: Path) -> bool:
    """Whether both the file and its folder can be written: SQLite keeps the files of WAL beside the file."""
    return os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK)


def _address(path: Path, *, can_write: bool) -> str:
    """How the file is opened: https://www.sqlite.org/uri.html#recognized_query_parameters.

    Whoever opens a file with WAL needs its two side files. A connection that may not write leaves behind those that it
    made, and they shut the file's owner out. So where all can be written it is opened as one that may, which takes them
    away again, and asked for queries only. Elsewhere no side file is made: the file is taken as one that does not
    change, unless a writer is at work, whose side files are there to be shared.
    """
    if can_write:
        mode = "mode=rw"
    elif _has_news_beside(path):
        mode = "mode=ro"
    else:
        mode = "immutable=1"
    return f"{path.resolve().as_uri()}?{mode}"


def _has_news_beside(path: Path) -> bool:
    whole = path.resolve()
    for ending in _SIDE_FILES:
        try:
            if whole.with_name(whole.name + ending).stat().st_size:
                return True
        except OSError:
            continue
    return False


def _is_current(connection: sqlite3.Connection, path: Path, *, can_write: bool) -> bool:
    """Whether a history is of this program's schema; False for an older one that can be brought up to date."""
    try:
        connection.execute("PRAGMA query_only = ON")
        owner, version = checked_marks(connection, path)
        if owner == APPLICATION_ID and version == SCHEMA_VERSION:
            # Reads the heads of the pages that matter, so that damage is told here and not half way through.
            connection.execute("SELECT count(*) FROM entries").fetchone()
            return True
    except sqlite3.OperationalError as error:
        raise _unreadable(path, error) from None
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from None
    if can_write:
        return False
    has = "no runs" if owner != APPLICATION_ID else "the figures in the way of an older layerbench"
    raise UsageError(
        f"{path} has {has} and cannot be written: copy it to a place where it can, and name that with --history"
    )


def _unreadable(path: Path, error: sqlite3.Error) -> UsageError:
    if _has_news_beside(path) and not _can_write(path):
        return UsageError(
            f"{path} cannot be read ({error}), for its newest runs are in the file beside it that ends in -wal: copy "
            "both to a place that can be written, and name that with --history"
        )
    return UsageError(f"{path} cannot be read ({error}); mend that, or give another place with --history")
