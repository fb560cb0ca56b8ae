"""Parts of a file, read in pieces and looked at in place."""

from __future__ import annotations

import mmap
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.image.random_access import Slice

CONTENT = random.Random(0).randbytes(5 * mmap.PAGESIZE + 17)


@pytest.fixture(scope="module")
def descriptor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    path = tmp_path_factory.mktemp("slice") / "file"
    path.write_bytes(CONTENT)
    opened = os.open(path, os.O_RDONLY)
    yield opened
    os.close(opened)


@given(
    start=st.integers(0, len(CONTENT)),
    length=st.integers(0, len(CONTENT)),
    sizes=st.lists(st.tuples(st.booleans(), st.integers(1, 2 * mmap.PAGESIZE)), min_size=1),
)
@settings(deadline=None)
def test_mapped_and_copied_pieces_are_the_same_bytes(
    descriptor: int, start: int, length: int, sizes: list[tuple[bool, int]]
) -> None:
    whole = CONTENT[start : start + length]
    part = Slice(descriptor, start, len(whole))
    found = b"".join(bytes(part.map(size) if is_mapped else part.read(size)) for is_mapped, size in sizes)
    assert found == whole[: sum(size for _, size in sizes)]


def test_a_mapped_piece_is_no_copy_and_outlives_its_slice(descriptor: int) -> None:
    piece = Slice(descriptor, 3, 5000).map(5000)
    assert isinstance(piece, memoryview)
    assert isinstance(piece.obj, mmap.mmap)
    assert piece.readonly
    assert piece == CONTENT[3:5003]


def test_a_file_that_ends_early_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        part = Slice(file.fileno(), 0, len(CONTENT))
        part.map(mmap.PAGESIZE)
        os.truncate(path, mmap.PAGESIZE)
        with pytest.raises(OSError, match="the file ends early"):
            part.map(mmap.PAGESIZE)


def test_what_cannot_be_mapped_is_read() -> None:
    # Files of /proc have no length and no pages.
    with Path("/proc/self/status").open("rb") as file:
        assert bytes(Slice(file.fileno(), 0, 5).map(5)) == b"Name:"


def test_stopping(descriptor: int) -> None:
    stop = threading.Event()
    part = Slice(descriptor, 0, 100)
    part.stop_by(stop)
    assert len(part.map(10)) == 10
    stop.set()
    with pytest.raises(InterruptedError):
        part.map(10)
