from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.image.gzip_size import GzipSize


def text(size_bytes: int) -> bytes:
    """Words in random order: compressible, as code and prose are."""
    chance = random.Random(size_bytes)
    words = [chance.randbytes(chance.randint(2, 9)).hex() for _ in range(3000)]
    return " ".join(chance.choices(words, k=size_bytes // 10)).encode()[:size_bytes]


def gzip_bytes(data: bytes, piece_bytes: int = 100_000) -> int:
    with GzipSize() as size:
        for start in range(0, len(data), piece_bytes):
            size.update(data[start : start + piece_bytes])
        return size.finish()


@pytest.mark.parametrize("size_bytes", [0, 1, 1000, 1_000_000, 1_048_576, 9_000_000])
def test_it_is_what_one_gzip_stream_takes(size_bytes: int) -> None:
    data = text(size_bytes)
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    expected = len(compressor.compress(data)) + len(compressor.flush())
    assert gzip_bytes(data) == pytest.approx(expected, rel=0.0005, abs=8)


@settings(deadline=None, max_examples=20)
@given(piece_bytes=st.integers(1000, 3_000_000))
def test_it_does_not_depend_on_how_the_bytes_arrive(piece_bytes: int) -> None:
    data = text(2_500_000)
    assert gzip_bytes(data, piece_bytes) == gzip_bytes(data)


def test_an_error_in_the_block_ends_the_threads() -> None:
    with pytest.raises(ZeroDivisionError), GzipSize() as size:
        size.update(text(5_000_000))
        raise ZeroDivisionError
    with pytest.raises(RuntimeError, match="shutdown"):
        size.finish()
