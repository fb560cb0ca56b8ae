"""The members of a tar that arrives on a pipe, one after the other, with bounds that tarfile does not keep itself."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, Protocol, cast, runtime_checkable

from layerbench.errors import EngineError

_BUFFER_BYTES = 1024 * 1024
HEADERS_BYTES = 1024 * 1024
# tarfile keeps every member that it saw; the largest image has 127 layers.
MEMBER_COUNT = 10_000


class ByteSource(Protocol):
    """Anything that hands out its bytes in order."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""
        ...


@runtime_checkable
class MappableSource(ByteSource, Protocol):
    """One whose bytes lie in a file, and need no copy to be looked at."""

    def map(self, size: int, /) -> bytes | memoryview:
        """The next bytes, as `read` gives them."""
        ...


class TarStream:
    """A tar on a stream that cannot seek.

    Args:
        stream: The tar, uncompressed.
        source: How errors call it.
    """

    def __init__(self, stream: ByteSource, source: str) -> None:
        self._stream = stream
        self._allowed_bytes: int | None = None
        self.source = source
        self.read_bytes = 0

    def members(self) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
        """The members in order, each with its content if it is a plain file; then the stream is read to its end.

        What is left of a content is passed over when the next member is asked for.

        Raises:
            EngineError: it is no tar, it is cut short, or it has more members or longer headers than any image.
        """
        archive: tarfile.TarFile | None = None
        for _ in range(MEMBER_COUNT):
            archive, member = self._next(archive)
            if member is None:
                # A writer on the other side must not meet a closed pipe.
                while self.read(_BUFFER_BYTES):
                    pass
                return
            content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
            yield member, content
            self._pass_over(member, content)
        raise EngineError(f"{self.source} has more than {MEMBER_COUNT} members: no image archive has")

    def read(self, size: int) -> bytes:
        """For tarfile: the stream's next bytes.

        Raises:
            EngineError: the stream fails, or one member's headers go on for ever: tarfile would hold them in memory.
        """
        if self._allowed_bytes is not None and self.read_bytes > self._allowed_bytes:
            raise EngineError(
                f"{self.source} has a header of more than {HEADERS_BYTES} bytes at byte {self.read_bytes}"
            )
        try:
            data = self._stream.read(size)
        except OSError as error:
            raise EngineError(f"{self.source} cannot be read on at byte {self.read_bytes}: {error}") from error
        self.read_bytes += len(data)
        return data

    def _next(self, archive: tarfile.TarFile | None) -> tuple[tarfile.TarFile, tarfile.TarInfo | None]:
        self._allowed_bytes = self.read_bytes + HEADERS_BYTES + _BUFFER_BYTES
        try:
            if archive is None:
                fileobj = cast(IO[bytes], self)
                archive = tarfile.open(  # noqa: SIM115 - it holds nothing but the stream, which is the caller's
                    fileobj=fileobj, mode="r|", bufsize=_BUFFER_BYTES, errors="surrogateescape"
                )
            return archive, archive.next()
        except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
            raise EngineError(f"{self.source} is no image archive (byte {self.read_bytes}: {error})") from error
        finally:
            self._allowed_bytes = None

    def _pass_over(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        try:
            while content is not None and content.read(_BUFFER_BYTES):
                pass
        except tarfile.TarError as error:
            raise EngineError(
                f"{self.source} is cut short at byte {self.read_bytes} in {member.name!a} ({error}); "
                "save, build or pull the image again"
            ) from error
