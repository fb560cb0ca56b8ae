"""One blob of an image, read once from front to back: what it is, how long, and its digests.

No blob is held in memory and none is unpacked to disk.
"""

from __future__ import annotations

import hashlib
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import IO, Literal, TypeVar, cast

from layerbench.errors import EngineError
from layerbench.image.gzip_size import GzipSize
from layerbench.image.models import BlobInfo
from layerbench.image.packages import PackageCollector
from layerbench.image.profile_builder import PackageSource, ProfileBuilder
from layerbench.image.side_thread import SideThread
from layerbench.image.tar_header import TarDamageError
from layerbench.image.tar_stream import ByteSource, MappableSource

BlobKind = Literal["gzip", "zstd", "tar", "json", "other"]
_Bytes = TypeVar("_Bytes", bytes, bytes | memoryview)

_CHUNK_BYTES = 256 * 1024
_DECOMPRESSED_CHUNK_BYTES = 1024 * 1024
# Large, as an entry that lies whole in a chunk is read the quick way.
_TAR_CHUNK_BYTES = 8 * 1024 * 1024
_SCANNED_BYTES = 1024 * 1024
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
        self._read_source = source.read
        self._map_source = source.map if isinstance(source, MappableSource) else source.read
        self.name = name
        self._offset = offset
        self._sha256 = hashlib.sha256()
        self._peeked = b""
        self.read_bytes = 0

    def peek(self) -> bytes:
        """The first 512 bytes, or all that there are, without reading past them."""
        if not self.read_bytes and not self._peeked:
            self._peeked = self._fetch(self._read_source, tarfile.BLOCKSIZE)
        return self._peeked

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """Up to `size` bytes, none at the end."""
        data = self._peeked[:size] or self._fetch(self._read_source, size)
        self._peeked = self._peeked[size:]
        self.read_bytes += len(data)
        self._sha256.update(data)
        return data

    def chunks(self, size: int = _CHUNK_BYTES) -> Iterator[bytes | memoryview]:
        """All that is left, up to `size` bytes at once.

        Each is hashed when the next one is out: who hands them to another thread has that busy in the meantime.
        """
        waiting: bytes | memoryview = self._peeked
        if waiting:
            self._peeked = b""
            self.read_bytes += len(waiting)
            yield waiting
        while data := self._fetch(self._map_source, size):
            self.read_bytes += len(data)
            yield data
            self._sha256.update(waiting)
            waiting = data
        self._sha256.update(waiting)

    @property
    def digest(self) -> str:
        """Digest of what was read so far."""
        return f"sha256:{self._sha256.hexdigest()}"

    def damaged(self, why: object) -> EngineError:
        """The error for a blob that cannot be read on."""
        return EngineError(
            f"{self.name} is damaged at byte {self._offset + self.read_bytes} of the archive ({why}); "
            "build or pull the image again"
        )

    def damaged_tar(self, error: TarDamageError) -> EngineError:
        """The error for a layer whose tar cannot be read on; the offset is that in the tar, unpacked."""
        return EngineError(
            f"{self.name} is damaged at byte {error.offset} of its tar ({error.reason}); build or pull the image again"
        )

    def _fetch(self, fetch: Callable[[int], _Bytes], size: int) -> _Bytes:
        try:
            return fetch(size)
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


class ByteBudget:
    """Bounds what all layers of an image unpack to, from however many threads, so that a bomb comes to an end.

    Args:
        limit_bytes: The most bytes.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._left_bytes = limit_bytes
        self._lock = threading.Lock()

    def take(self, count: int, name: str) -> None:
        """Spend some bytes.

        Args:
            count: How many.
            name: What unpacks to them.

        Raises:
            EngineError: there are not so many left.
        """
        with self._lock:
            self._left_bytes -= count
            if self._left_bytes < 0:
                raise EngineError(
                    f"{name} unpacks to more than is left of {self._limit_bytes} bytes, the limit that --max-bytes "
                    "sets; raise it if you trust the image"
                )

    def again(self) -> ByteBudget:
        """The same limit, unspent: for what the same bytes pass through before."""
        return ByteBudget(self._limit_bytes)


def read_layer(
    blob: Blob,
    kind: Literal["gzip", "zstd", "tar"],
    *,
    with_gzip_size: bool,
    budget: ByteBudget | None = None,
    packages: PackageSource | None = None,
) -> BlobInfo:
    """Read one layer blob to its end, with what its tar holds.

    Two cores share the work: one decompresses (or hashes, where there is nothing to decompress), the other one looks
    at what comes out. All the heavy calls release the interpreter's lock.

    Args:
        blob: At its beginning.
        kind: What `sniff` said.
        with_gzip_size: For an uncompressed tar, find out how long gzip would make it.
        budget: Bounds what it unpacks to.
        packages: Finds the packages in it; by default all kinds that are known.

    Raises:
        EngineError: the blob is cut short or damaged, or unpacks to more than the budget has.
    """
    builder = ProfileBuilder(packages or PackageCollector())
    try:
        if kind == "tar":
            return _read_tar(blob, builder, budget, with_gzip_size=with_gzip_size)
        return _read_compressed(blob, decompress(blob, kind), builder, budget)
    except TarDamageError as error:
        raise blob.damaged_tar(error) from error


def decompress(blob: Blob, kind: Literal["gzip", "zstd"]) -> Iterator[bytes]:
    """The content of a compressed blob, in pieces of bounded length whatever the input expands to.

    Raises:
        EngineError: the blob is cut short or damaged.
    """
    return _gunzip(blob) if kind == "gzip" else _unzstd(blob)


def _read_compressed(
    blob: Blob, content: Iterator[bytes], builder: ProfileBuilder, budget: ByteBudget | None
) -> BlobInfo:
    sha256 = hashlib.sha256()

    def look(data: bytes | memoryview) -> None:
        # Hashing releases the lock, so in small pieces the decompressor never waits for it for long.
        view = memoryview(data)
        for start in range(0, len(view), _SCANNED_BYTES):
            piece = view[start : start + _SCANNED_BYTES]
            sha256.update(piece)
            builder.feed(piece)

    with SideThread(look, "scan") as side:
        for data in content:
            if budget is not None:
                budget.take(len(data), blob.name)
            side.put(data)
    profile = builder.finish(f"sha256:{sha256.hexdigest()}")
    return BlobInfo(blob.digest, blob.read_bytes, profile.diff_id, profile.uncompressed_bytes, profile=profile)


def _read_tar(blob: Blob, builder: ProfileBuilder, budget: ByteBudget | None, *, with_gzip_size: bool) -> BlobInfo:
    with (
        GzipSize() if with_gzip_size else nullcontext() as gzip_size,
        SideThread(builder.feed, "scan") as side,
    ):
        for data in blob.chunks(_TAR_CHUNK_BYTES):
            if budget is not None:
                budget.take(len(data), blob.name)
            side.put(data)
            if gzip_size is not None:
                gzip_size.update(data)
        gzip_bytes = gzip_size.finish() if gzip_size is not None else None
    profile = builder.finish(blob.digest)
    return BlobInfo(blob.digest, blob.read_bytes, blob.digest, blob.read_bytes, gzip_bytes, profile)


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
