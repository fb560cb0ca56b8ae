from __future__ import annotations

import gzip
import sqlite3
import struct
from collections.abc import Iterable
from contextlib import closing
from functools import cache

import pytest

from layerbench.image.profile import Package
from tests.image.packages.feeding import DATA, collect, packages_of

DATABASE = "var/lib/rpm/rpmdb.sqlite"
SAMPLES = ("with-log", "without-log")
RPM_TABLE = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"


@cache
def recorded(name: str) -> bytes:
    return gzip.decompress((DATA / "rpm" / f"{name}.sqlite.gz").read_bytes())


def queried() -> dict[tuple[str, str], set[str]]:
    """What rpm itself said of the recorded databases, less folders and ghosts."""
    packages: dict[tuple[str, str], set[str]] = {}
    for line in (DATA / "rpm" / "query.txt").read_text().splitlines():
        if not line.startswith("\t"):
            name, version = line.split(" ")
            paths = packages[name, version] = set()
            continue
        _, permissions, flags, path = line.split("\t")
        if permissions[0] != "d" and "g" not in flags:
            paths.add(path.removeprefix("/"))
    return packages


def database(blobs: Iterable[object], schema: str = RPM_TABLE) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(schema)
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", ((blob,) for blob in blobs))
        connection.commit()
        return connection.serialize()


def header(values: dict[int, str | list[str] | list[int]]) -> bytes:
    entries, data = b"", b""
    for tag, value in values.items():
        if isinstance(value, str):
            kind, count, content = 6, 1, value.encode() + b"\0"
        elif value and isinstance(value[0], int):
            data += bytes(-len(data) % 4)
            kind, count, content = 4, len(value), struct.pack(f">{len(value)}I", *value)
        else:
            kind, count, content = 8, len(value), b"".join(f"{text}\0".encode() for text in value)
        entries += struct.pack(">IIII", tag, kind, len(data), count)
        data += content
    return struct.pack(">II", len(values), len(data)) + entries + data


FACTS: dict[int, str | list[str] | list[int]] = {1000: "a", 1001: "1", 1002: "2"}
FILES: dict[int, str | list[str] | list[int]] = {1116: [1, 0], 1117: ["x", "y"], 1118: ["/usr/", "/opt/../"]}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("folder", ["var/lib/rpm", "usr/lib/sysimage/rpm"])
def test_a_real_database_says_what_rpm_says(name: str, folder: str) -> None:
    packages = packages_of({f"{folder}/rpmdb.sqlite": recorded(name)})
    expected = queried()
    assert len(expected) == 4
    del expected[next(key for key in expected if key[0] == "gpg-pubkey")]
    assert {(each.name, each.version): set(each.paths) for each in packages} == expected
    assert {(each.ecosystem, each.location) for each in packages} == {("rpm", "")}


def test_the_samples_are_with_a_write_ahead_log_and_without() -> None:
    assert [recorded(name)[18:20] for name in SAMPLES] == [b"\x02\x02", b"\x01\x01"]


def test_hand_made_headers() -> None:
    old_names: dict[int, str | list[str] | list[int]] = {1003: [0], 1027: ["/usr/bin/a", "/etc/b"]}
    content = database([header(FACTS | FILES), header(FACTS | old_names)])
    assert packages_of({DATABASE: content}) == (
        Package("rpm", "a", "1-2", "", ("x", "usr/y")),
        Package("rpm", "a", "0:1-2", "", ("usr/bin/a", "etc/b")),
    )


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (b"", "a header is cut short"),
        (b"\xff" * 8, "a header is cut short"),
        (header(FACTS)[:-1], "a header is cut short"),
        ("text", "a row of its table holds no header"),
        (header({1001: "1"}), "a header has no name of a package"),
        (header(FACTS | FILES | {1116: [0, 2]}), "the files of a header do not fit its folders"),
        (header(FACTS | FILES | {1116: [0]}), "the files of a header do not fit its folders"),
        (header(FACTS | FILES | {1117: "x"}), "the files of a header do not fit its folders"),
        (header(FACTS | {1117: [1, 2]}), "tag 1117 of a header is damaged"),
        (header(FACTS | {1116: "x"}), "tag 1116 of a header is damaged"),
        (struct.pack(">II4I", 1, 3, 1000, 8, 0, 2) + b"a\0b", "tag 1000 of a header is cut short"),
        (struct.pack(">II4I", 1, 0, 1000, 8, 0, 2**32 - 1), "tag 1000 of a header is damaged"),
        (struct.pack(">II4I", 1, 0, 1000, 8, 2**32 - 1, 1), "tag 1000 of a header is damaged"),
        (header(FACTS | {1003: "x"}), "tag 1003 of a header is damaged"),
        (header(FACTS | {1003: [1]})[:-4] + b"\0\0\0", "a header is cut short"),
    ],
)
def test_a_damaged_header_is_noted(blob: object, why: str) -> None:
    packages, [note] = collect({DATABASE: database([header(FACTS), blob, header(FACTS)])})
    assert note.startswith(f"{DATABASE} cannot be read: {why}")
    assert packages == (Package("rpm", "a", "1-2", "", ()),)


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE other (blob)",
        "CREATE VIEW Packages AS SELECT blob FROM other",
        "CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT 1 UNION ALL SELECT blob + 1 FROM n) SELECT * FROM n",
    ],
)
def test_a_schema_of_somebody_else_is_noted(schema: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE other (blob)" if schema.startswith("CREATE VIEW") else "CREATE TABLE x (y)")
        connection.execute(schema)
        content = connection.serialize()
    packages, [note] = collect({DATABASE: content})
    assert packages == ()
    assert note.startswith(f"{DATABASE} cannot be read: SQLite says: ")


def test_computed_rows_end() -> None:
    schema = "CREATE TABLE Packages (hnum, x BLOB, blob AS (zeroblob(100000)))"
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(schema)
        connection.executemany("INSERT INTO Packages (hnum) VALUES (?)", ((n,) for n in range(100)))
        connection.commit()
        content = connection.serialize()
    packages, [note] = collect({DATABASE: content})
    assert packages == ()
    assert note.startswith(f"{DATABASE} cannot be read: ")


def test_pages_that_are_in_the_tree_many_times_end() -> None:
    large, small = header(FACTS | {1004: "x" * 500_000}), header(FACTS | {1004: "x" * 2000})
    content = bytearray(database([large] + [small] * 200))
    page_bytes = int.from_bytes(content[16:18])
    # Page 2 is the table's root, an interior one: let all its children be the first, which holds the large row.
    page = memoryview(content)[page_bytes : 2 * page_bytes]
    assert page[0] == 5
    cells = struct.unpack_from(f">{int.from_bytes(page[3:5])}H", page, 12)
    for cell in cells:
        page[cell : cell + 4] = page[cells[0] : cells[0] + 4]
    packages, notes = collect({DATABASE: bytes(content)})
    assert 0 < len(packages) < len(cells)
    assert notes == (f"{DATABASE} cannot be read: its rows are longer than the database",)


@pytest.mark.parametrize("content", [b"", b"no database", recorded("with-log")[:5000], bytes(100_000)])
def test_what_is_no_database_is_noted(content: bytes) -> None:
    packages, [note] = collect({DATABASE: content})
    assert packages == ()
    assert note.startswith(f"{DATABASE} cannot be read: SQLite says: ")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("var/lib/rpm/Packages", "it is in the Berkeley DB format"),
        ("usr/lib/sysimage/rpm/Packages.db", "it is in rpm's NDB format"),
        ("var/lib/rpm/rpmdb.sqlite-wal", "it holds changes that are not yet in the database beside it"),
    ],
)
def test_formats_that_cannot_be_read_are_noted(path: str, why: str) -> None:
    packages, [note] = collect({path: bytes(4096)})
    assert packages == ()
    assert note.startswith(f"{path} cannot be read: {why}")
    assert note.endswith("(4096 bytes)")
    assert collect({path: b""}) == ((), ())


def test_other_files_called_so_are_not_wanted() -> None:
    assert collect({"srv/rpmdb.sqlite": b"x", "srv/debian/Packages": b"x" * 10, "x/var/lib/rpm/Packages": b"xx"}) == (
        (),
        (),
    )
