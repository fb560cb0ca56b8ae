"""The scanner against `tarfile`, against a corpus, and against damage."""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
from pathlib import Path

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.image.profile import Entry
from layerbench.image.tar_header import TarDamageError
from tests.image.scanning import CORPUS, Kept, outcome, scan
from tests.image.tar_blocks import END, entry, gnu_long, header, pax

TARS = sorted(CORPUS.glob("*.tar"), key=lambda path: path.name)
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.LNKTYPE: "hardlink",
    tarfile.SYMTYPE: "symlink",
    tarfile.DIRTYPE: "folder",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "fifo",
}


def below_root(name: str) -> str:
    """Where a name lies, in other words than the scanner's."""
    return posixpath.normpath("/" + name.lstrip("/")).lstrip("/")


# --- against tarfile ---

COMPONENTS = st.one_of(
    st.sampled_from(["a", "usr", "lib", ".", "..", "", "...", ".hidden", " ", "new\nline", "\N{SNOWMAN}", "l" * 60]),
    st.binary(min_size=1, max_size=12).map(lambda raw: raw.replace(b"\0", b"?").decode("utf-8", "surrogateescape")),
)
NAMES = st.lists(COMPONENTS, min_size=1, max_size=6).map("/".join).filter(lambda name: name and ".wh." not in name)


@st.composite
def members(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    """One member and its content."""
    member = tarfile.TarInfo(draw(NAMES))
    member.type = draw(st.sampled_from([tarfile.REGTYPE] * 6 + sorted(KINDS.keys() - {tarfile.AREGTYPE})))
    member.mode = draw(st.integers(0, 0o7777))
    member.mtime = draw(st.sampled_from([0, 1_700_000_000, 1_700_000_000.5, 2**40]))
    member.uid = draw(st.sampled_from([0, 1000, 2**30]))
    content = b""
    if member.type in (tarfile.LNKTYPE, tarfile.SYMTYPE):
        member.linkname = draw(NAMES)
    elif KINDS[member.type] == "file":
        content = draw(st.one_of(st.binary(max_size=40), st.integers(0, 3000).map(lambda length: b"x" * length)))
        member.size = len(content)
    return member, content


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """An archive that `tarfile` wrote; what a format cannot hold is left out."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=FORMATS[draw(st.sampled_from(sorted(FORMATS)))]) as archive:
        for member, content in draw(st.lists(members(), max_size=8)):
            try:
                archive.addfile(member, io.BytesIO(content))
            except ValueError:
                continue
    # Not all of the padding up to 10 KiB, for the sake of what hypothesis prints.
    return output.getvalue().rstrip(b"\0").ljust(archive.offset, b"\0")[: archive.offset] + END


def by_tarfile(data: bytes) -> list[Entry]:
    """What `tarfile` says is in an archive."""
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as archive:
        found = archive.getmembers()
        contents = [archive.extractfile(member) if member.isreg() else None for member in found]
        read = [content.read() if content else b"" for content in contents]
    return [
        Entry(
            below_root(member.name),
            KINDS[member.type],  # type: ignore[arg-type]
            member.mode,
            member.offset_data - member.offset + len(content) + -len(content) % 512,
            member.size if member.isreg() else 0,
            xxhash.xxh3_128_hexdigest(content) if member.isreg() else "",
            below_root(member.linkname) if member.islnk() else member.linkname,
        )
        for member, content in zip(found, read, strict=True)
    ]


def cuts_of(data: bytes) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, len(data)), max_size=12)


@settings(deadline=None, max_examples=300)
@given(data=archives(), choice=st.data())
def test_it_says_what_tarfile_says(data: bytes, choice: st.DataObject) -> None:
    entries, end_bytes = scan(data, choice.draw(cuts_of(data)))
    assert entries == by_tarfile(data)
    assert end_bytes >= 1024


@settings(deadline=None, max_examples=50)
@given(data=archives(), size=st.integers(1, 700))
def test_it_says_the_same_of_chunks_of_any_size(data: bytes, size: int) -> None:
    assert scan(data, range(size, len(data), size)) == scan(data)


# --- the corpus ---


def test_the_corpus_is_there() -> None:
    assert len(TARS) >= 50


@pytest.mark.parametrize("path", TARS, ids=lambda path: path.stem)
def test_corpus(path: Path) -> None:
    data = path.read_bytes()
    expected = json.loads(path.with_suffix(".json").read_text())
    assert ("offset" in expected) == path.stem.startswith("damaged-")
    for size in (len(data) + 1, 100_000, 4096, 512, 511, 77):
        assert outcome(data, range(size, len(data), size)) == expected, size


@pytest.mark.parametrize("form", ["gnu", "posix-0.0", "posix-0.1", "posix-1.0"])
def test_sparse_files_have_the_length_that_tarfile_says(form: str) -> None:
    data = (CORPUS / f"sparse-{form}.tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = [(member.name, member.size) for member in archive.getmembers()]
    assert [(found.path, found.content_bytes) for found in scan(data)[0]] == expected


# --- damage ---

SMALL = [path.read_bytes() for path in TARS if path.stat().st_size < 10_000]


@settings(deadline=None, max_examples=400)
@given(choice=st.data())
def test_damage_is_an_error_with_an_offset_or_changes_what_is_found_and_nothing_else(choice: st.DataObject) -> None:
    data = bytearray(choice.draw(st.sampled_from(SMALL)))
    for _ in range(choice.draw(st.integers(1, 4))):
        new = choice.draw(st.binary(min_size=1, max_size=20))
        start = choice.draw(st.integers(0, len(data)))
        data[start : start + len(new)] = new
    # A right checksum lets the damage through to the fields.
    for start in choice.draw(st.sets(st.sampled_from(range(0, max(len(data) - 511, 1), 512)), max_size=3)):
        block = data[start : start + 512]
        block[148:156] = b" " * 8
        data[start + 148 : start + 156] = b"%06o\0 " % sum(block)
    damaged = bytes(data[: choice.draw(st.integers(0, len(data)))] if choice.draw(st.booleans()) else data)
    found = outcome(damaged)
    assert outcome(damaged, choice.draw(cuts_of(damaged))) == found
    assert found.get("offset", 0) <= len(damaged)


@given(data=st.binary(max_size=2000))
def test_nonsense_is_an_error_at_its_beginning(data: bytes) -> None:
    found = outcome(data.ljust(512, b"?"))
    assert found["offset"] == 0 or not any(data[:512])


def test_a_size_that_runs_past_the_end_takes_no_memory_and_no_time() -> None:
    for size in (b"77777777777\0", b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7):
        found = outcome(header(b"a", size=size) + bytes(2048))
        assert found["offset"] == 0
        assert "'a'" in found["reason"]


def test_errors_are_printable() -> None:
    found = outcome(header(b"odd\xff\x1b[31m\n", size=5000))
    assert "odd" in found["reason"]
    found["reason"].encode("ascii")
    with pytest.raises(TarDamageError, match="byte 0: the tar ends"):
        scan(header(b"a", size=5000))


# --- what a collector sees ---


@pytest.mark.parametrize("size", [1, 200, 512, 100_000])
def test_content_up_to_the_limit_is_handed_over(size: int) -> None:
    data = b"".join(
        [
            entry(b"short", b"0123456789"),
            entry(b"empty"),
            entry(b"long", b"x" * 11),
            entry(b"no-file", b"?", b"Z"),
            entry(b".wh.gone", b"?"),
            header(b"link", b"1", target=b"short"),
            pax((b"path", b"pax")) + entry(b"?", b"in pax"),
            gnu_long(b"n" * 200) + entry(b"n", b"y" * 2000),
            pax((b"GNU.sparse.realsize", b"5")) + entry(b"sparse", b"z"),
            END,
        ]
    )
    kept = Kept(limit=10)
    scan(data, range(size, len(data), size), kept)
    assert kept.contents == {"short": b"0123456789", "empty": b"", "pax": b"in pax"}
    assert kept.too_long == {"long": 11, "n" * 200: 2000}


def test_nothing_is_handed_over_where_nothing_is_wanted() -> None:
    kept = Kept(limit=0)
    scan(entry(b"a", b"content") + END, (3,), kept)
    assert kept == Kept()


def test_more_checksums_and_modes_than_are_remembered() -> None:
    data = b"".join(entry(b"%d" % number, mode=b"%07o\0" % number) for number in range(20_000))
    assert [found.mode for found in scan(data)[0]] == [number & 0o7777 for number in range(20_000)]
