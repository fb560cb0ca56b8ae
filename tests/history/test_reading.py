"""A history that is only looked at, above all where nothing may be written."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench.errors import UsageError
from layerbench.history import open_history, read_history
from layerbench.history.schema import SCHEMA_VERSION
from tests.history.test_store import fill

NOBODY = 65534
CANNOT_BE_READ, FAILED = 98, 99


@pytest.fixture
def path() -> Iterator[Path]:
    """A history of three runs, in a folder that others can get to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        path = Path(name) / "history #1?.sqlite"
        fill(path, 1, 2, 3)
        yield path


@pytest.fixture
def shut(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same where nothing can be written, as far as the program can know; root may write everywhere."""
    access = os.access
    monkeypatch.setattr(os, "access", lambda place, mode: mode != os.W_OK and access(place, mode))
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_reading_changes_nothing_in_the_folder(path: Path) -> None:
    before = content(path.parent)
    with read_history(path) as history:
        assert len(history.entries()) == 3
        assert len(history.branches()) == 1
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            history._connection.execute("DELETE FROM entries")
    assert content(path.parent) == before


def test_where_nothing_can_be_written_it_is_read_all_the_same(path: Path) -> None:
    assert read_as_nobody(path) == 3
    assert list(content(path.parent)) == [path.name]


def test_what_a_writer_left_beside_it_when_it_was_cut_off_is_said(path: Path) -> None:
    with open_history(path) as writer:
        writer.prune([f"{1:064}"])
        left = content(path.parent)
    path.write_bytes(left[path.name])
    path.with_name(f"{path.name}-wal").write_bytes(left[f"{path.name}-wal"])
    assert read_as_nobody(path) == CANNOT_BE_READ
    with read_history(path) as history:  # root, or the file's owner, may set it right
        assert len(history.entries()) == 2


def read_as_nobody(path: Path) -> int:
    """How many runs are read by a process that may not write; it is a fork, for others may not start this Python."""
    for file in path.parent.iterdir():
        file.chmod(0o444)
    path.parent.chmod(0o555)
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            code = count_as_nobody(path)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    path.parent.chmod(0o755)
    for file in path.parent.iterdir():
        file.chmod(0o644)
    return os.waitstatus_to_exitcode(status)


def count_as_nobody(path: Path) -> int:
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    try:
        with read_history(path) as history:
            return len(history.entries())
    except UsageError as error:
        return CANNOT_BE_READ if "ends in -wal: copy both" in str(error) else FAILED


def test_no_side_file_is_made_where_the_owner_would_be_shut_out(shut: Path) -> None:
    before = content(shut.parent)
    with read_history(shut) as history:
        assert len(history.entries()) == 3
        assert list(content(shut.parent)) == [shut.name]
    assert content(shut.parent) == before


def test_what_a_writer_has_beside_the_file_is_read_too(shut: Path) -> None:
    with open_history(shut) as writer:
        writer.prune([f"{1:064}"])
        assert shut.with_name(f"{shut.name}-wal").stat().st_size
        with read_history(shut) as history:
            assert len(history.entries()) == 2


def test_one_without_wal_stays_so(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    raw.close()
    before = path.read_bytes()
    with read_history(path) as history:
        assert len(history.entries()) == 3
    assert path.read_bytes() == before


def test_an_older_one_is_brought_up_to_date_only_where_it_can_be(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(path) as raw:
        raw.executescript("DROP TABLE figures; DROP TABLE lines; DROP TABLE entries; PRAGMA user_version = 0")
    raw.close()
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        with pytest.raises(UsageError, match="cannot be written: copy it"), read_history(path):
            pass
    assert path.read_bytes() == before
    with read_history(path) as history:
        assert history.entries() == ()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (f"PRAGMA user_version = {SCHEMA_VERSION + 1}", "newer layerbench"),
        ("PRAGMA application_id = 7", "no history"),
    ],
)
def test_what_is_none_of_ours_is_said_and_left(path: Path, statement: str, message: str) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute(statement)
    raw.close()
    before = path.read_bytes()
    with pytest.raises(UsageError, match=message), read_history(path):
        pass
    assert path.read_bytes() == before


def test_a_damaged_one_and_another_file_are_said(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(UsageError, match="damaged"), read_history(path):
        pass
    path.write_bytes(b"no database at all, but long enough")
    with pytest.raises(UsageError, match="no history"), read_history(path):
        pass
    with pytest.raises(UsageError, match="history add"), read_history(path.with_name("none.sqlite")):
        pass
