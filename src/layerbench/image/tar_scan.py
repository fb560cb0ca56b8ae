"""What is in a layer's tar, from its headers, while it streams by.

Nothing is unpacked, and no content is held but what a collector asks for. Almost every entry of a real layer lies whole
in one chunk and needs nothing but its own header: one tight loop reads those. All else takes the second way, which
knows every form and may wait for the next chunk anywhere. Both must say the same of an entry that either can read.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Protocol

from layerbench.image.tar_entry import MORE_MAP_FOLLOWS, ExtendedHeaders, OpenEntry, is_extended
from layerbench.image.tar_header import (
    BLOCK_BYTES,
    HEADERS_BYTES,
    FieldCache,
    Header,
    TarDamageError,
    checksum_key,
    parse_header,
    parse_mode,
)

if TYPE_CHECKING:
    from layerbench.image.profile import EntryKind, EntryRow

_FIELDS = struct.Struct("100s8s16x11sB12x8sB188xB166x")
_ORDINARY_FILE, _HARD_LINK, _SYMLINK, _FOLDER = b"0125"
_TARGET_START, _TARGET_END = 157, 257
_NO_SIZE = b"0" * 11
# What can be a size field's twelfth byte behind eleven digits: a zero or a space.
_SIZE_END_MASK = 0xFF ^ ord(" ")

# "." and "..", and whiteouts.
_ODD_COMPONENT = re.compile(r"/\.(?:\.?(?:/|\Z)|wh\.)")

_Machine = Generator[None, None, None]


class ContentCollector(Protocol):
    """Who wants to see the content of some files."""

    def limit_bytes(self, path: str) -> int:
        """The most bytes that a plain file may have so that its content is wanted; 0 where it is not."""
        ...

    def add(self, path: str, content: bytes) -> None:
        """Take the whole content of a file that is wanted."""
        ...

    def too_large(self, path: str, content_bytes: int) -> None:
        """Take note of a file that is wanted, but longer than its limit."""
        ...


class TarScanner:
    """A tar that is handed over in chunks.

    Args:
        collector: Who sees content.
    """

    def __init__(self, collector: ContentCollector) -> None:
        from xxhash import xxh3_128, xxh3_128_hexdigest

        self._collector = collector
        self._new_hash = xxh3_128
        self._digest_of = xxh3_128_hexdigest
        self._chunk = memoryview(b"")
        self._position = 0
        self._chunk_offset = 0
        self._is_ended = False
        self._is_at_end = False
        self._end_offset = 0
        self._checksum_keys = FieldCache(checksum_key)
        self._modes = FieldCache(parse_mode)
        self.entries: list[EntryRow] = []
        """What was found; whoever reads on may take them away at any time."""
        self._machine = self._scan()
        next(self._machine)

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes, at least one.

        Raises:
            TarDamageError: it cannot be read on; nothing more may be fed.
        """
        self._chunk_offset += len(self._chunk)
        self._chunk = memoryview(data)
        self._position = 0
        next(self._machine)

    def finish(self) -> int:
        """Bytes at the end that belong to no entry, now that all was fed.

        Raises:
            TarDamageError: it is cut short.
        """
        self._is_ended = True
        next(self._machine, None)
        return self.fed_bytes - self._end_offset

    @property
    def fed_bytes(self) -> int:
        """Length of the tar up to here."""
        return self._chunk_offset + len(self._chunk)

    @property
    def _offset(self) -> int:
        return self._chunk_offset + self._position

    def _scan(self) -> _Machine:
        yield
        while not self._is_at_end:
            self._scan_whole_entries()
            yield from self._scan_any_entry()
        while not self._is_ended:
            yield

    def _scan_whole_entries(self) -> None:
        """Read on up to an entry that is anything but plain, or that the chunk does not hold to its end."""
        chunk, position, chunk_bytes = self._chunk, self._position, len(self._chunk)
        last_header = chunk_bytes - BLOCK_BYTES
        checksum_keys, modes = self._checksum_keys, self._modes
        unpack, adler32, digest_of = _FIELDS.unpack_from, zlib.adler32, self._digest_of
        limit_bytes, append, is_odd = self._collector.limit_bytes, self.entries.append, _ODD_COMPONENT.search
        while position <= last_header:
            name, mode_field, size_field, size_end, sum_field, kind, prefix = unpack(chunk, position)
            content_start = position + BLOCK_BYTES
            if prefix or checksum_keys[sum_field] != adler32(chunk[position:content_start]) & 0xFFFF:
                break
            mode = modes[mode_field]
            try:
                path = name.partition(b"\0")[0].decode()
            except UnicodeDecodeError:
                break
            # The empty path is in it as well.
            if path[:1] in "./":
                path = path[2:] if path[:2] == "./" else ""
                if path[:1] in "./":
                    break
            if mode < 0 or "//" in path or ("/." in path and is_odd(path)):
                break
            if kind == _ORDINARY_FILE:
                try:
                    size = int(size_field, 8)
                except ValueError:
                    break
                entry_end = content_start + size + (-size & 511)
                if size < 0 or size_end & _SIZE_END_MASK or entry_end > chunk_bytes or path[-1] == "/":
                    break
                content = chunk[content_start : content_start + size]
                if limit := limit_bytes(path):
                    self._collect(path, content, limit)
                append((path, "file", mode, entry_end - position, size, digest_of(content), ""))
                position = entry_end
                continue
            if size_field != _NO_SIZE:
                break
            if kind == _FOLDER:
                append((path[:-1] if path[-1] == "/" else path, "folder", mode, BLOCK_BYTES, 0, "", ""))
            elif kind == _SYMLINK and path[-1] != "/":
                target = bytes(chunk[position + _TARGET_START : position + _TARGET_END]).partition(b"\0")[0]
                append((path, "symlink", mode, BLOCK_BYTES, 0, "", target.decode("utf-8", "surrogateescape")))
            else:
                break
            position = content_start
        self._position = position

    def _collect(self, path: str, content: memoryview, limit: int) -> None:
        if len(content) <= limit:
            self._collector.add(path, bytes(content))
        else:
            self._collector.too_large(path, len(content))

    def _scan_any_entry(self) -> _Machine:
        """Read on past one entry of any form, or the end of the archive."""
        start = self._offset
        extended = ExtendedHeaders(start)
        while True:
            header_offset = self._offset
            block = yield from self._read(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES:
                self._end_without_blocks(block, extended)
                return
            header = parse_header(block, header_offset)
            if header is None:
                yield from self._pass_end_blocks(extended)
                return
            if not is_extended(header.type):
                break
            extended.add(header.type, (yield from self._read_header_content(header, header_offset)), header_offset)
        yield from self._scan_content(extended.apply(header, block, header_offset), start)

    def _scan_content(self, entry: OpenEntry, start: int) -> _Machine:
        has_map = entry.has_map
        while has_map:
            block = yield from self._read(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES:
                raise TarDamageError(entry.offset, "the tar ends in the map of a sparse file")
            has_map = bool(block[MORE_MAP_FOLLOWS])
        path, kind, target = entry.settled()
        digest = yield from self._read_content(entry, path, kind)
        size = entry.content_bytes if kind == "file" else 0
        self.entries.append(
            (path, kind, entry.mode, self._offset - start, size, digest if kind == "file" else "", target)
        )

    def _read_content(self, entry: OpenEntry, path: str, kind: EntryKind) -> Generator[None, None, str]:
        """Digest an entry's content and pass over its padding."""
        limit = self._collector.limit_bytes(path) if entry.is_plain_file and kind == "file" else 0
        digest, kept = self._new_hash(), bytearray()
        left = entry.stored_bytes
        is_kept = left <= limit
        while left:
            piece = self._chunk[self._position : self._position + left]
            digest.update(piece)
            if is_kept:
                kept += piece
            self._position += len(piece)
            left -= len(piece)
            if left and self._is_ended:
                raise TarDamageError(
                    entry.offset,
                    f"the tar ends {left} bytes before the {entry.stored_bytes} bytes of {path[:200]!a} do",
                )
            if left:
                yield
        if limit and is_kept:
            self._collector.add(path, bytes(kept))
        elif limit:
            self._collector.too_large(path, entry.stored_bytes)
        # At the very end the padding may be missing.
        yield from self._read(-entry.stored_bytes % BLOCK_BYTES)
        return digest.hexdigest()

    def _read_header_content(self, header: Header, offset: int) -> Generator[None, None, bytes]:
        """The content of an extended header."""
        size = header.stored_bytes
        if size > HEADERS_BYTES:
            raise TarDamageError(offset, f"an extended header of {size} bytes, and the limit is {HEADERS_BYTES}")
        content = yield from self._read(size + -size % BLOCK_BYTES)
        if len(content) < size:
            raise TarDamageError(offset, "the tar ends in an extended header")
        return content[:size]

    def _read(self, size: int) -> Generator[None, None, bytes]:
        """The next bytes; fewer only where the tar ends."""
        data = bytearray(self._chunk[self._position : self._position + size])
        self._position += len(data)
        while len(data) < size and not self._is_ended:
            yield
            piece = self._chunk[self._position : self._position + size - len(data)]
            data += piece
            self._position += len(piece)
        return bytes(data)

    def _end_without_blocks(self, rest: bytes, extended: ExtendedHeaders) -> None:
        if rest:
            raise TarDamageError(self._offset, f"the tar ends {BLOCK_BYTES - len(rest)} bytes before a header does")
        self._end(extended)

    def _pass_end_blocks(self, extended: ExtendedHeaders) -> _Machine:
        offset = self._offset
        block = yield from self._read(BLOCK_BYTES)
        if any(block):
            raise TarDamageError(offset, "more behind one block of zeros, where two end a tar")
        self._end(extended)

    def _end(self, extended: ExtendedHeaders) -> None:
        if extended.is_waiting:
            raise TarDamageError(extended.offset, "the tar ends behind an extended header")
        self._is_at_end, self._end_offset = True, extended.offset
