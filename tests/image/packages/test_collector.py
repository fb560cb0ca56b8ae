from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.image.packages import PackageCollector
from tests.image.packages.feeding import DATA, collect, packages_of, sample

APK = "lib/apk/db/installed"
RPM = "var/lib/rpm/rpmdb.sqlite"
SAMPLES = {
    **sample("debian"),
    **sample("distroless"),
    **sample("python"),
    RPM: gzip.decompress((DATA / "rpm" / "with-log.sqlite.gz").read_bytes()),
    APK: b"P:musl\nV:1.2.5-r9\nF:lib\nR:libc.so\n\nP:busybox\nV:1\nF:bin\nR:busybox\n\n",
    "app/node_modules/@types/node/package.json": b'{"name": "@types/node", "version": "22.1.0", "x": [1, "\\u00e9"]}',
    "opt/lib/python3/x.egg-info/installed-files.txt": b"../x.py\nPKG-INFO\n",
}


def test_all_formats_in_one_layer() -> None:
    packages = packages_of(SAMPLES)
    counts = {each.ecosystem: 0 for each in packages}
    for each in packages:
        counts[each.ecosystem] += 1
    assert counts == {"debian": 5, "alpine": 2, "rpm": 3, "python": 4, "node": 1}


def test_ordinary_files_are_not_wanted() -> None:
    assert PackageCollector().limit_bytes("usr/lib/python3/dist-packages/yaml/__init__.py") == 0


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of a database with a piece of it replaced, put in again, or left out."""
    path = draw(st.sampled_from(sorted(SAMPLES)))
    content = SAMPLES[path]
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(start + 200, len(content))))
    piece = draw(st.binary(max_size=20) | st.just(content[start:end] * 2))
    return path, content[:start] + piece + content[end:]


@settings(max_examples=400, deadline=None)
@given(damaged())
def test_damage_never_raises(case: tuple[str, bytes]) -> None:
    path, content = case
    packages, notes = collect({path: content})
    assert all(note.startswith(path) and note.isprintable() for note in notes)
    assert all(each.name and each.name.isprintable() and each.version.isprintable() for each in packages)
    for each in packages:
        assert not any(text.startswith("/") or ".." in text.split("/") for text in each.paths)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=200))
def test_any_bytes_never_raise(path: str, content: bytes) -> None:
    collect({path: content})


def test_of_a_path_that_comes_twice_the_last_counts() -> None:
    collector = PackageCollector()
    collect({APK: b"P:old\nV:1\n"}, collector)
    packages, notes = collect({APK: b"P:new\nV:2\n"}, collector)
    assert ([each.name for each in packages], notes) == (["new"], ())


def test_of_a_status_that_comes_twice_nothing_is_left() -> None:
    collector = PackageCollector()
    status = b"Package: a\nStatus: install ok installed\nVersion: 1\n"
    collect({"var/lib/dpkg/status": status, "var/lib/dpkg/info/a.list": b"/a\n"}, collector)
    [package], _ = collect({"var/lib/dpkg/status": status.replace(b"1", b"2")}, collector)
    assert package.version == "2"


def test_notes_are_bounded() -> None:
    _, notes = collect({f"node_modules/n{number}/package.json": b"" for number in range(25)})
    assert len(notes) == 21
    assert notes[0] == "node_modules/n0/package.json cannot be read: it is no JSON"
    assert notes[-1] == "5 more files of package databases cannot be read"


def test_notes_can_be_printed() -> None:
    _, [note] = collect({"node_modules/\x1b\udce9/package.json": b""})
    assert note.startswith("node_modules/��/package.json cannot be read")


def apk_with(packages: int, files: int) -> bytes:
    listed = "".join(f"R:{number}\n" for number in range(files))
    return "".join(f"P:p{number}\nV:1\nF:usr\n{listed}\n" for number in range(packages)).encode()


def test_the_paths_of_a_layer_are_bounded() -> None:
    # Each package costs its name and its version, too.
    packages, notes = collect({APK: apk_with(packages=3, files=10)}, PackageCollector(most_paths=30))
    assert [(each.name, len(each.paths)) for each in packages] == [("p0", 10), ("p1", 10)]
    assert notes == (
        "the package databases of this layer list more than 30 files; "
        "those of the packages left out are shown by folder",
    )


def long_folders() -> Iterator[tuple[str, bytes]]:
    folder = "x" * 100_000
    yield APK, b"P:p\nF:" + folder.encode() + b"\n" + b"R:\n" * 100_000
    yield f"{folder}.dist-info/RECORD", b"a\n" * 100_000
    yield f"{folder}/a.dist-info/RECORD", b"a\n" * 100_000
    yield f"{folder}/a.egg-info/installed-files.txt", b"a\n" * 100_000


@pytest.mark.parametrize(("path", "content"), list(long_folders()), ids=["apk", "root", "record", "egg"])
def test_few_bytes_do_not_become_many(path: str, content: bytes) -> None:
    tracemalloc.start()
    try:
        collect({path: content})
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100 * 1024 * 1024


def test_empty_lists_are_bounded_too() -> None:
    packages, [note] = collect(
        {f"var/lib/dpkg/info/p{number}.list": b"" for number in range(100)}, PackageCollector(most_paths=120)
    )
    assert len(packages) == 10
    assert "more than 120 files" in note
