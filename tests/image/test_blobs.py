from __future__ import annotations

import io
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
import xxhash

from layerbench.errors import EngineError
from layerbench.image.blobs import Blob, BlobKind, ByteBudget, read_layer, sniff
from layerbench.image.models import BlobInfo
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


COMPRESSORS: dict[str, tuple[archives.Compressor, Literal["gzip", "zstd", "tar"]]] = {
    "gzip": (archives.gzipped, "gzip"),
    "estargz": (archives.gzipped_in_members, "gzip"),
    "zstd": (archives.zstd, "zstd"),
    "zstd:chunked": (archives.zstd_in_frames, "zstd"),
    "tar": (archives.plain, "tar"),
}


def read(data: bytes, kind: Literal["gzip", "zstd", "tar"], budget: ByteBudget | None = None) -> BlobInfo:
    return read_layer(Blob(io.BytesIO(data), "a blob", 0), kind, with_gzip_size=False, budget=budget)


@pytest.mark.parametrize("name", COMPRESSORS)
def test_profile(name: str) -> None:
    compress, kind = COMPRESSORS[name]
    contents = {f"folder/{number:04}": bytes([number % 256]) * (number * 17 % 9000) for number in range(3000)}
    tar = archives.tar_of(contents)
    profile = read(compress(tar), kind).profile
    assert profile is not None
    assert (profile.diff_id, profile.uncompressed_bytes) == (digest_of(tar), len(tar))
    assert (profile.entry_count, profile.packages, profile.notes) == (3000, (), ())
    found = {entry.path: (entry.content_bytes, entry.content_digest) for entry in profile.entries()}
    assert found == {path: (len(data), xxhash.xxh3_128_hexdigest(data)) for path, data in contents.items()}


def test_packages_are_those_of_the_layer() -> None:
    metadata = b"Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n"
    folder = "usr/lib/python3/dist-packages/six-1.16.0.dist-info"
    record = b"six.py,,\nsix-1.16.0.dist-info/METADATA,,\nsix-1.16.0.dist-info/RECORD,,\n"
    files = {f"{folder}/METADATA": metadata, f"{folder}/RECORD": record, "usr/lib/python3/dist-packages/six.py": b"1"}
    profile = read(archives.gzipped(archives.tar_of(files)), "gzip").profile
    assert profile is not None
    assert [(package.name, package.version) for package in profile.packages] == [("six", "1.16.0")]


@pytest.mark.parametrize("name", COMPRESSORS)
def test_damaged_tar_is_named_with_its_offset(name: str) -> None:
    compress, kind = COMPRESSORS[name]
    tar = LAYERS[0][:-7168] + b"garbage!" * 1024
    offset = LAYERS[0].rindex(b"A") // 512 * 512 + 512
    with pytest.raises(EngineError, match=rf"a blob is damaged at byte {offset} of its tar \(no tar header"):
        read(compress(tar), kind)


@pytest.mark.parametrize("name", COMPRESSORS)
def test_budget(name: str) -> None:
    compress, kind = COMPRESSORS[name]
    data = compress(LAYERS[0])
    budget = ByteBudget(len(LAYERS[0]) * 2)
    assert read(data, kind, budget) == read(data, kind) == read(data, kind, budget)
    with pytest.raises(
        EngineError, match=rf"a blob unpacks to more than .* {2 * len(LAYERS[0])} bytes, .* --max-bytes"
    ):
        read(data, kind, budget)
    assert read(data, kind, budget.again()) == read(data, kind)


def test_a_bomb_ends() -> None:
    zeros = archives.gzipped(bytes(10_000_000))
    started = time.process_time()
    with pytest.raises(EngineError, match="--max-bytes"):
        read(zeros * 10_000, "gzip", ByteBudget(50_000_000))
    assert time.process_time() - started < 20


def test_many_layers_at_once() -> None:
    blobs = [archives.gzipped(layer) for layer in LAYERS] * 4
    with ThreadPoolExecutor(6) as executor:
        found = list(executor.map(lambda data: read(data, "gzip"), blobs))
    assert found == [read(data, "gzip") for data in blobs]


def test_stream_that_fails_is_named_with_its_offset() -> None:
    class Failing:
        def read(self, _size: int) -> bytes:
            raise tarfile.ReadError("unexpected end of data")

    with pytest.raises(Exception, match="a blob is damaged at byte 4711 of the archive"):
        Blob(Failing(), "a blob", 4711).peek()
