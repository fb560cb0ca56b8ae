from __future__ import annotations

import io
import tarfile

import pytest

from layerbench.image.blobs import Blob, BlobKind, read_layer, sniff
from tests.image import archives
from tests.image.archives import LAYERS, digest_of


def old_tar() -> bytes:
    """A Version 7 tar: no magic, only the checksum tells."""
    header = bytearray(archives.tar_of({"file": b""})[:512])
    header[257:512] = bytes(255)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (archives.gzipped(b"x"), "gzip"),
        (archives.zstd(b"x"), "zstd"),
        (archives.zstd_in_frames(b"x"), "zstd"),
        (LAYERS[0], "tar"),
        (old_tar(), "tar"),
        (bytes(1024), "tar"),
        (bytes(511), "other"),
        (b"", "other"),
        (b'{"a": 1}', "json"),
        (b" \n[]", "json"),
        (b"\x1f", "other"),
        (b"\x60\x2a\x4d\x18", "other"),
        (b"text" * 200, "other"),
    ],
)
def test_sniff(head: bytes, kind: BlobKind) -> None:
    assert sniff(head[:512]) == kind


def test_reading_counts_and_hashes_every_byte_once() -> None:
    blob = Blob(io.BytesIO(LAYERS[2]), "a blob", 0)
    assert blob.peek() == LAYERS[2][:512]
    assert blob.peek() == LAYERS[2][:512]
    assert blob.read_bytes == 0
    assert blob.read(100) + blob.read(1000) + b"".join(blob.chunks()) == LAYERS[2]
    assert (blob.read_bytes, blob.digest) == (len(LAYERS[2]), digest_of(LAYERS[2]))


def test_layer() -> None:
    data = archives.gzipped(LAYERS[1])
    info = read_layer(Blob(io.BytesIO(data), "a blob", 0), "gzip", with_gzip_size=True)
    assert (info.digest, info.stored_bytes) == (digest_of(data), len(data))
    assert (info.diff_id, info.uncompressed_bytes) == (digest_of(LAYERS[1]), len(LAYERS[1]))
    assert info.gzip_bytes is None


def test_stream_that_fails_is_named_with_its_offset() -> None:
    class Failing:
        def read(self, _size: int) -> bytes:
            raise tarfile.ReadError("unexpected end of data")

    with pytest.raises(Exception, match="a blob is damaged at byte 4711 of the archive"):
        Blob(Failing(), "a blob", 4711).peek()
