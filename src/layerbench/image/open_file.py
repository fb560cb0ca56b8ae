"""An image archive as a file: read here and there where it is a plain tar, front to back where it is compressed."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import fstat
from pathlib import Path
from typing import IO, Literal, cast

from layerbench.errors import EngineError, UsageError
from layerbench.image.archive import follow_links, link_target, read_stream
from layerbench.image.blobs import Blob, ByteBudget, decompress, sniff
from layerbench.image.choosing import Wanted, choose_image, normal_path
from layerbench.image.models import BlobInfoCache, SavedImage
from layerbench.image.random_access import OpenedMembers, Slice, open_regular
from layerbench.image.tar_stream import HEADERS_BYTES, MEMBER_COUNT, ByteSource

_HEAD_BYTES = tarfile.BLOCKSIZE


def read_archive_file(
    path: Path, known: BlobInfoCache, wanted: Wanted, *, budget: ByteBudget | None = None
) -> SavedImage:
    """Read one image out of an archive, plain or compressed with gzip or zstd as a whole.

    Args:
        path: The file.
        known: What earlier images taught; what this one teaches is added.
        wanted: Which image to take.
        budget: Bounds what the layers unpack to.

    Raises:
        UsageError: it is no plain file, or no archive.
        EngineError: it is cut short or damaged, or no single image answers the question.
    """
    source = f"the archive {path}"
    try:
        with open_regular(path) as descriptor:
            content = Slice(descriptor, 0, fstat(descriptor).st_size)
            if sniff(Slice(descriptor, 0, content.size_bytes).read(_HEAD_BYTES)) == "tar":
                members = OpenedMembers(_TarFile(descriptor, content.size_bytes, source), known, budget)
                return choose_image(members, wanted)
            return read_piped_archive(content, known, wanted, source=source, budget=budget)
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror or error}") from error


def read_piped_archive(
    stream: ByteSource, known: BlobInfoCache, wanted: Wanted, *, source: str, budget: ByteBudget | None = None
) -> SavedImage:
    """Read one image out of an archive that comes on a pipe, plain or compressed, to its end.

    Raises:
        UsageError: it is no archive.
        EngineError: it is cut short or damaged, or no single image answers the question.
    """
    peeked = _Peeked(stream)
    kind = sniff(peeked.head)
    if kind == "json" or kind == "other":
        raise UsageError(f"{source} is no image archive: give an OCI or `docker save` tar, plain, in gzip or in zstd")
    content = peeked if kind == "tar" else _Unpacked(Blob(peeked, source, 0), kind, budget)
    return read_stream(content, known, wanted, source=source, budget=budget)


class _TarFile:
    """Where the members of a tar are, found by its headers alone."""

    def __init__(self, descriptor: int, size_bytes: int, source: str) -> None:
        self.source = source
        self._descriptor = descriptor
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        for member in _headers(_HeaderReader(descriptor, size_bytes, source)):
            path = normal_path(member.name)
            if member.issym() or member.islnk():
                self._links[path] = link_target(path, member.linkname, is_symbolic=member.issym())
            elif member.isreg() and not member.issparse():
                self._members[path] = (member.offset_data, member.size)

    def size_bytes(self, path: str) -> int | None:
        """Length of a member, also by a link."""
        member = self._members.get(follow_links(self._links, path))
        return member[1] if member else None

    @contextmanager
    def open(self, path: str) -> Iterator[Slice]:
        """One member."""
        yield Slice(self._descriptor, *self._members[follow_links(self._links, path)])


class _HeaderReader:
    """For tarfile: the file, with a bound on what one header may be, for tarfile would hold it in memory."""

    def __init__(self, descriptor: int, size_bytes: int, source: str) -> None:
        self.source = source
        self._content = Slice(descriptor, 0, size_bytes)
        self._descriptor = descriptor
        self._size_bytes = size_bytes
        self._offset = 0
        self._allowed_bytes = 0

    def allow(self) -> None:
        """Begin a header."""
        self._allowed_bytes = HEADERS_BYTES

    def read(self, size: int) -> bytes:
        """The bytes at the current place."""
        self._allowed_bytes -= size
        if self._allowed_bytes < 0:
            raise EngineError(f"{self.source} has a header of more than {HEADERS_BYTES} bytes at byte {self._offset}")
        wanted_bytes = max(0, min(size, self._size_bytes - self._offset))
        data = Slice(self._descriptor, self._offset, wanted_bytes).read(wanted_bytes)
        self._offset += len(data)
        return data

    def seek(self, offset: int) -> None:
        """Go to a place."""
        self._offset = offset

    def tell(self) -> int:
        """The current place."""
        return self._offset


def _headers(reader: _HeaderReader) -> Iterator[tarfile.TarInfo]:
    """The members in order.

    Raises:
        EngineError: it is cut short or damaged, or has more members or longer headers than any image.
    """
    try:
        reader.allow()
        archive = tarfile.open(fileobj=cast(IO[bytes], reader), mode="r:", errors="surrogateescape")  # noqa: SIM115
        for _ in range(MEMBER_COUNT):
            reader.allow()
            member = archive.next()
            if member is None:
                return
            yield member
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        raise EngineError(
            f"{reader.source} is cut short or damaged at byte {reader.tell()} ({error}); save the image again"
        ) from error
    raise EngineError(f"{reader.source} has more than {MEMBER_COUNT} members: no image archive has")


class _Peeked:
    """A stream whose first bytes were looked at."""

    def __init__(self, stream: ByteSource) -> None:
        self._stream = stream
        self.head = b""
        while len(self.head) < _HEAD_BYTES and (data := stream.read(_HEAD_BYTES - len(self.head))):
            self.head += data
        self._pending = self.head

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        data = self._pending[:size] or self._stream.read(size)
        self._pending = self._pending[size:]
        return data


class _Unpacked:
    """The content of a compressed archive. What it unpacks to is bounded, as layers are."""

    def __init__(self, blob: Blob, kind: Literal["gzip", "zstd"], budget: ByteBudget | None) -> None:
        self._chunks = decompress(blob, kind)
        self._name = blob.name
        self._budget = budget.again() if budget is not None else None
        self._pending = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        while not self._pending:
            chunk = next(self._chunks, b"")
            if not chunk:
                return b""
            if self._budget is not None:
                self._budget.take(len(chunk), self._name)
            self._pending = memoryview(chunk)
        data = bytes(self._pending[:size])
        self._pending = self._pending[size:]
        return data
