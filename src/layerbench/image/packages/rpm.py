"""RPM packages: rpm's database of what is installed.

Sources: RPM reference manual, "RPM database" and "RPM tags"; rpm's `lib/backend/sqlite.c` for the table; "Database
file format" of SQLite, bytes 18 and 19, and its `sqlite3_deserialize`, for the write-ahead log.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from layerbench.image.packages.interface import Holdings, UnreadableDatabaseError
from layerbench.image.packages.rpm_header import RpmHeader
from layerbench.image.packages.text import entry_path, path_in, printable
from layerbench.image.profile import Package

_FOLDERS = ("var/lib/rpm/", "usr/lib/sysimage/rpm/")
_SQLITE = "rpmdb.sqlite"
_LOG = "rpmdb.sqlite-wal"
# In memory it is there up to three times: SQLite has its own copy, made from one without a log.
_LIMIT_BYTES = 64 * 1024 * 1024
_HEADER_LIMIT_BYTES = 32 * 1024 * 1024
# Of these it is enough to see that they are not empty.
_UNREADABLE = {
    "Packages": "it is in the Berkeley DB format, which rpm has left; its packages' files are shown by folder",
    "Packages.db": "it is in rpm's NDB format; its packages' files are shown by folder",
    _LOG: "it holds changes that are not yet in the database beside it; they are not taken into account",
}

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_OLD_FILE_NAMES, _FILE_MODES, _FILE_FLAGS = 1027, 1030, 1037
_FOLDER_INDEXES, _BASE_NAMES, _FOLDER_NAMES = 1116, 1117, 1118
_TAGS = frozenset(
    {
        _NAME, _VERSION, _RELEASE, _EPOCH, _OLD_FILE_NAMES, _FILE_MODES, _FILE_FLAGS, _FOLDER_INDEXES, _BASE_NAMES,
        _FOLDER_NAMES,
    }
)  # fmt: skip
# Not in the package: what it makes later, and lays claim to.
_GHOST_FLAG = 1 << 6
_KIND_MASK, _FOLDER_KIND = 0o170000, 0o040000
_PUBLIC_KEY = "gpg-pubkey"

_SQLITE_VERSIONS = slice(18, 20)
_WITHOUT_LOG = b"\x01\x01"


class RpmPackages:
    """The packages that are installed as of a layer: every change writes the whole database."""

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (_SQLITE, *_UNREADABLE)

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._packages: dict[str, list[Package]] = {}

    def limit_bytes(self, path: str) -> int:
        """See `PackageFormat`."""
        if not path.startswith(_FOLDERS):
            return 0
        name = path.rpartition("/")[2]
        return 1 if name in _UNREADABLE else _LIMIT_BYTES * (name == _SQLITE)

    def add(self, path: str, content: bytes) -> None:
        """See `PackageFormat`."""
        if path.endswith(_SQLITE):
            packages = self._packages[path] = []
            for blob in _headers(content):
                package = self._package(RpmHeader(blob, _TAGS))
                if package.name != _PUBLIC_KEY:
                    packages.append(package)

    def why_too_large(self, path: str) -> str:
        """See `PackageFormat`."""
        name = path.rpartition("/")[2]
        return _UNREADABLE.get(name, "it is too long; its packages' files are shown by folder")

    def finish(self) -> Iterator[Package]:
        """See `PackageFormat`."""
        for packages in self._packages.values():
            yield from packages

    def _package(self, header: RpmHeader) -> Package:
        if not header.text(_NAME):
            raise UnreadableDatabaseError("a header has no name of a package")
        name, version = self._holdings.keep((printable(header.text(_NAME)), printable(_version(header))))
        return Package("rpm", name, version, "", self._holdings.keep(_files(header)))


def _version(header: RpmHeader) -> str:
    """What rpm prints as `%{EVR}`."""
    version = f"{header.text(_VERSION)}-{header.text(_RELEASE)}"
    epochs = header.numbers(_EPOCH)
    return f"{epochs[0]}:{version}" if epochs else version


def _files(header: RpmHeader) -> Iterator[str]:
    """Those that the package brings, its folders left out."""
    modes, flags = header.numbers(_FILE_MODES), header.numbers(_FILE_FLAGS)
    for position, path in enumerate(_paths(header)):
        is_folder = position < len(modes) and modes[position] & _KIND_MASK == _FOLDER_KIND
        is_ghost = position < len(flags) and flags[position] & _GHOST_FLAG
        if not is_folder and not is_ghost:
            yield path


def _paths(header: RpmHeader) -> Iterator[str]:
    yield from map(entry_path, header.texts(_OLD_FILE_NAMES))
    folders, indexes, names = header.texts(_FOLDER_NAMES), header.numbers(_FOLDER_INDEXES), header.texts(_BASE_NAMES)
    if len(indexes) != len(names) or max(indexes, default=-1) >= len(folders):
        raise UnreadableDatabaseError("the files of a header do not fit its folders")
    for index, name in zip(indexes, names, strict=True):
        yield path_in(folders[index], name)


def _headers(content: bytes) -> Iterator[bytes]:
    """The rows of the table of packages.

    Raises:
        UnreadableDatabaseError: it is no database, or none of rpm.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            _open(connection, content)
            yield from _blobs(connection, len(content))
        except (sqlite3.Error, OverflowError, MemoryError) as error:
            raise UnreadableDatabaseError(f"SQLite says: {printable(str(error))}") from error


def _open(connection: sqlite3.Connection, content: bytes) -> None:
    if not hasattr(connection, "deserialize"):
        raise UnreadableDatabaseError("the SQLite of this Python cannot read a database in memory")
    if content[_SQLITE_VERSIONS] != _WITHOUT_LOG:
        # A database in memory has no write-ahead log, and SQLite opens none that asks for one.
        content = b"".join((content[: _SQLITE_VERSIONS.start], _WITHOUT_LOG, content[_SQLITE_VERSIONS.stop :]))
    connection.deserialize(content)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _HEADER_LIMIT_BYTES)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.set_authorizer(_authorize)


def _authorize(action: int, name: str | None, _column: str | None, _database: str | None, view: str | None) -> int:
    """A stranger's schema may say that the table is a query without end: only a plain table may be read."""
    if action == sqlite3.SQLITE_SELECT or (action == sqlite3.SQLITE_READ and name == "Packages" and view is None):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _blobs(connection: sqlite3.Connection, database_bytes: int) -> Iterator[bytes]:
    for (blob,) in connection.execute("SELECT blob FROM Packages"):
        if not isinstance(blob, bytes):
            raise UnreadableDatabaseError("a row of its table holds no header")
        # Pages that are in a tree twice would make a small database endless.
        database_bytes -= len(blob)
        if database_bytes < 0:
            raise UnreadableDatabaseError("its rows are longer than the database")
        yield blob
