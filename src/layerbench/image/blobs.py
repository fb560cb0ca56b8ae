"""One blob of an image, read once from front to back: what it is, how long, and its digests.

No blob is held in memory and none is unpacked to disk.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import nullcontext
from typing import IO, Literal, cast

from layerbench.errors import EngineError
from layerbench.image.gzip_size import GzipSize
from layerbench.image.models import BlobInfo
from layerbench.image.tar_stream import ByteSource

BlobKind = Literal["gzip", "zstd", "tar", "json", "other"]

_CHUNK_BYTES = 256 * 1024
_DECOMPRESSED_CHUNK_BYTES = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# RFC 8878, 3.1.2: a skippable frame may come first, as in zstd:chunked.
_ZSTD_SKIPPABLE_MAGIC = b"\x2a\x4d\x18"
# What `zstd --long` may ask of a decoder without a flag of its own.
_ZSTD_WINDOW_BYTES = 128 * 1024 * 1024


class Blob:
    """The bytes of one archive member, hashed and counted as they are read.

    Args:
        source: Where the bytes come from.
        name: How errors call the blob.
        offset: Where it begins in the archive, in bytes.
    """

    def __init__(self, source: ByteSource, name: str, offset: int) -> None:
        self._source = source
        self._name = name
        self._offset = offset
        self._sha256 = hashlib.sha256()
        self._peeked = b""
        self.read_bytes = 0

    def peek(self) -> bytes:
        """The first 512 bytes, or all that there are, without reading past them."""
        if not self.read_bytes and not self._peeked:
            self._peeked = self._fetch(tarfile.BLOCKSIZE)
        return self._peeked

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """Up to `size` bytes, none at the end."""
        data = self._peeked[:size] or self._fetch(size)
        self._peeked = self._peeked[size:]
        self._sha256.update(data)
        self.read_bytes += len(data)
        return data

    def chunks(self) -> Iterator[bytes]:
        """All that is left."""
        while data := self.read():
            yield data

    @property
    def digest(self) -> str:
        """Digest of what was read so far."""
        return f"sha256:{self._sha256.hexdigest()}"

    def damaged(self, why: object) -> EngineError:
        """The error for a blob that cannot be read on."""
        return EngineError(
            f"{self._name} is damaged at byte {self._offset + self.read_bytes} of the archive ({why}); "
            "build or pull the image again"
        )

    def _fetch(self, size: int) -> bytes:
        try:
            return self._source.read(size)
        except (tarfile.TarError, OSError) as error:
            raise self.damaged(error) from error


def sniff(head: bytes) -> BlobKind:
    """What a blob is, by its first 512 bytes: media types are not known yet when it passes."""
    if head.startswith(_GZIP_MAGIC):
        return "gzip"
    if head.startswith(_ZSTD_MAGIC) or (head[1:4] == _ZSTD_SKIPPABLE_MAGIC and head[0] & 0xF0 == 0x50):
        return "zstd"
    if _is_tar(head):
        return "tar"
    if head.lstrip()[:1] in (b"{", b"["):
        return "json"
    return "other"


def read_layer(blob: Blob, kind: Literal["gzip", "zstd", "tar"], *, with_gzip_size: bool) -> BlobInfo:
    """Read one layer blob to its end.

    Args:
        blob: At its beginning.
        kind: What `sniff` said.
        with_gzip_size: For an uncompressed tar, find out how long gzip would make it.

    Raises:
        EngineError: the blob is cut short or damaged.
    """
    if kind == "tar":
        return _read_tar(blob, with_gzip_size=with_gzip_size)
    sha256 = hashlib.sha256()
    uncompressed_bytes = 0
    for data in _gunzip(blob) if kind == "gzip" else _unzstd(blob):
        sha256.update(data)
        uncompressed_bytes += len(data)
    return BlobInfo(blob.digest, blob.read_bytes, f"sha256:{sha256.hexdigest()}", uncompressed_bytes)


def _read_tar(blob: Blob, *, with_gzip_size: bool) -> BlobInfo:
    with GzipSize() if with_gzip_size else nullcontext() as gzip_size:
        for data in blob.chunks():
            if gzip_size is not None:
                gzip_size.update(data)
        gzip_bytes = gzip_size.finish() if gzip_size is not None else None
    return BlobInfo(blob.digest, blob.read_bytes, blob.digest, blob.read_bytes, gzip_bytes)


def _gunzip(blob: Blob) -> Iterator[bytes]:
    """The content of all members: eStargz and pigz -i write many. Output is bounded, whatever the input expands to."""
    from isal import igzip_lib

    data = blob.read()
    while data:
        decompressor = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        while not decompressor.eof:
            if decompressor.needs_input and not data and not (data := blob.read()):
                raise blob.damaged("gzip data is cut short")
            try:
                content = decompressor.decompress(data, _DECOMPRESSED_CHUNK_BYTES)
            except cast(type[Exception], igzip_lib.error) as error:  # its stub calls the class a value
                raise blob.damaged(error) from error
            data = b""
            if content:
                yield content
        data = decompressor.unused_data or blob.read()


def _unzstd(blob: Blob) -> Iterator[bytes]:
    import zstandard

    # A frame that is cut short ends silently here; the digests tell.
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    source = cast(IO[bytes], blob)
    reader = decompressor.stream_reader(source, read_size=_CHUNK_BYTES, read_across_frames=True, closefd=False)
    try:
        while data := reader.read(_DECOMPRESSED_CHUNK_BYTES):
            yield data
    except zstandard.ZstdError as error:
        raise blob.damaged(error) from error


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        # An empty archive is two blocks of zeros.
        return len(head) == tarfile.BLOCKSIZE and not any(head)
    return True
