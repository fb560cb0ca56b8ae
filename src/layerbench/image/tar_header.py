"""The headers of a tar, as far as they say what an entry is.

POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar, "Basic Tar Format"; and where these
leave room, Go's `archive/tar`, with which every container runtime unpacks layers.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import Final, NamedTuple

BLOCK_BYTES: Final = 512
HEADERS_BYTES: Final = 1024 * 1024
"""The longest extended header that is read; Go's `archive/tar` has the same limit."""
_PATH_BYTES = 32 * 1024
_CACHED_FIELDS = 16_384
_MOST_BYTES = 2**63 - 1

_FIELDS = struct.Struct("100s8s16x12s12x8sc100s6s82x155s8x4s")
_ZEROS = bytes(BLOCK_BYTES)
_USTAR_MAGIC = b"ustar\0"
_STAR_TRAILER = b"tar\0"
_STAR_PREFIX_BYTES = 131
_OLD_SPARSE_BYTES = slice(483, 495)
_PAX_KEYWORDS = frozenset(
    {b"path", b"linkpath", b"size", b"GNU.sparse.name", b"GNU.sparse.size", b"GNU.sparse.realsize"}
)
_PAX_TEXTS = frozenset({b"path", b"linkpath", b"GNU.sparse.name"})
_PAX_LENGTH = re.compile(rb"([0-9]{1,10}) ")


class TarDamageError(Exception):
    """A layer's tar cannot be read on.

    Args:
        offset: Where, in bytes from the beginning of the tar.
        reason: What is wrong there.
    """

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(offset, reason)
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        return f"byte {self.offset}: {self.reason}"


class Header(NamedTuple):
    """One header block."""

    name: bytes
    mode: int
    stored_bytes: int
    """What the size field says, whether or not such an entry has content."""
    type: bytes
    target: bytes


def parse_header(block: bytes, offset: int) -> Header | None:
    """What a block of 512 bytes says; None for one of zeros.

    Raises:
        TarDamageError: it is no header.
    """
    if block == _ZEROS:
        return None
    name, mode, size, checksum, kind, target, magic, prefix, trailer = _FIELDS.unpack(block)
    if not _is_checksum_right(block, checksum):
        raise TarDamageError(offset, "no tar header, or a damaged one: its checksum is wrong")
    name = _up_to_zero(name)
    if magic == _USTAR_MAGIC:
        prefix = _up_to_zero(prefix[:_STAR_PREFIX_BYTES] if trailer == _STAR_TRAILER else prefix)
        name = prefix + b"/" + name if prefix else name
    mode_bits = _number(mode, offset, "mode") & 0o7777
    return Header(name, mode_bits, checked_bytes(_number(size, offset, "size"), offset), kind, _up_to_zero(target))


def checksum_key(checksum: bytes) -> int:
    """What Adler-32's low half is for a block with that right checksum field: 1 + the sum of all bytes, modulo 65521.

    One call in C then tells whether a header is sound. It knows sums of unsigned bytes only.

    Raises:
        ValueError: the field is no number.
    """
    return (1 + _parse_octal(checksum) - 8 * ord(" ") + sum(checksum)) % 65521


def old_sparse_bytes(block: bytes, offset: int) -> int:
    """Length of a sparse file with its holes, from the header of GNU tar's own old form (type S)."""
    return checked_bytes(_number(block[_OLD_SPARSE_BYTES], offset, "real size"), offset)


def parse_pax(data: bytes, offset: int) -> dict[bytes, bytes]:
    """The records of a pax extended header that say what an entry is; records without a value change nothing.

    Raises:
        TarDamageError: it is malformed.
    """
    records: dict[bytes, bytes] = {}
    position = 0
    while position < len(data):
        length = _PAX_LENGTH.match(data, position)
        end = position + int(length[1]) if length else 0
        record = data[length.end() : end - 1] if length else b""
        keyword, equals, value = record.partition(b"=")
        if not equals or not keyword or data[end - 1 : end] != b"\n":
            raise TarDamageError(offset, f"the pax header is malformed behind its first {position} bytes")
        if keyword in _PAX_TEXTS and b"\0" in value:
            raise TarDamageError(offset, "a path in the pax header has a zero byte")
        if keyword in _PAX_KEYWORDS and value:
            records[keyword] = value
        position = end
    return records


def pax_bytes(value: bytes, offset: int) -> int:
    """A length in a pax record.

    Raises:
        TarDamageError: it is none.
    """
    try:
        return checked_bytes(int(value[:24]), offset)
    except ValueError as error:
        raise TarDamageError(offset, f"the pax header has {value[:24]!a} for a size") from error


def decode_path(name: bytes, offset: int) -> str:
    """Text of a name, as it is.

    Raises:
        TarDamageError: it is longer than any that a runtime can unpack.
    """
    if len(name) > _PATH_BYTES:
        raise TarDamageError(offset, f"a path of {len(name)} bytes, and the limit is {_PATH_BYTES}")
    return name.decode("utf-8", "surrogateescape")


def normal_path(name: str) -> str:
    """Where a name ends up below the root of an image: `..` never leads out of it."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part and part != ".":
            parts.append(part)
    return "/".join(parts)


def checked_bytes(value: int, offset: int) -> int:
    """A length that can be one.

    Raises:
        TarDamageError: it cannot.
    """
    if not 0 <= value <= _MOST_BYTES:
        raise TarDamageError(offset, f"a size of {value} bytes")
    return value


def parse_mode(field: bytes) -> int:
    """Permission bits, set-id and sticky bits from a mode field.

    Raises:
        ValueError: it is no number in octal digits.
    """
    return _parse_octal(field) & 0o7777


class FieldCache(dict[bytes, int]):
    """What a parser makes of a field, each value of the field parsed once; -1 for what it cannot parse.

    Args:
        parse: The parser.
    """

    def __init__(self, parse: Callable[[bytes], int]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, field: bytes) -> int:
        if len(self) >= _CACHED_FIELDS:
            self.clear()
        try:
            value = self._parse(field)
        except ValueError:
            value = -1
        self[field] = value
        return value


def _parse_octal(field: bytes) -> int:
    """A number as most archives have it; as lenient as Python's `tarfile`.

    Raises:
        ValueError: it is none.
    """
    return int(field.strip(b"\0 ").partition(b"\0")[0] or b"0", 8)


def _number(field: bytes, offset: int, name: str) -> int:
    if field[0] == 0xFF:
        return int.from_bytes(field, "big", signed=True)
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    try:
        return _parse_octal(field)
    except ValueError as error:
        raise TarDamageError(offset, f"a header has {field!a} for its {name}") from error


def _is_checksum_right(block: bytes, checksum: bytes) -> bool:
    try:
        if zlib.adler32(block) & 0xFFFF == checksum_key(checksum):
            return True
        # Some old writers summed up signed bytes.
        rest = block[:148] + b" " * 8 + block[156:]
        return _parse_octal(checksum) == sum(rest) - 256 * sum(byte > 127 for byte in rest)
    except ValueError:
        return False


def _up_to_zero(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
