"""Tars by hand, block by block, for what `tarfile` does not write."""

from __future__ import annotations

import struct

END = bytes(1024)


def header(
    name: bytes = b"file",
    kind: bytes = b"0",
    *,
    size: int | bytes = 0,
    mode: bytes = b"0000644\0",
    target: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    changes: dict[int, bytes] | None = None,
    signed: bool = False,
) -> bytes:
    """One header block.

    Args:
        name: The name field.
        kind: The type flag.
        size: The size, or the whole field.
        mode: The mode field.
        target: The linkname field.
        magic: Magic and version.
        prefix: The prefix field.
        changes: Bytes to write over the block, by position, before it is summed up.
        signed: Whether to sum up bytes as signed ones.
    """
    size_field = b"%011o\0" % size if isinstance(size, int) else size
    block = bytearray(512)
    struct.pack_into(
        "100s8s8s8s12s12s8s1s100s8s32s32s8s8s155s",
        block, 0,
        name, mode, b"0000000\0", b"0000000\0", size_field, b"00000000000\0", b" " * 8, kind, target, magic,
        b"", b"", b"", b"", prefix,
    )  # fmt: skip
    for position, data in (changes or {}).items():
        block[position : position + len(data)] = data
    total = sum(byte - 256 if signed and byte > 127 else byte for byte in block)
    block[148:156] = b"%06o\0 " % total
    return bytes(block)


def padded(content: bytes) -> bytes:
    """Content with the padding behind it."""
    return content + bytes(-len(content) % 512)


def entry(name: bytes, content: bytes = b"", kind: bytes = b"0", **fields: bytes) -> bytes:
    """A header with its content."""
    return header(name, kind, size=len(content), **fields) + padded(content)  # type: ignore[arg-type]


def pax_record(keyword: bytes, value: bytes) -> bytes:
    """One record; its length counts its own digits."""
    rest = b" " + keyword + b"=" + value + b"\n"
    length = len(rest)
    while length != len(rest) + len(b"%d" % length):
        length = len(rest) + len(b"%d" % length)
    return b"%d" % length + rest


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    """A pax extended header."""
    return entry(b"PaxHeaders/x", b"".join(pax_record(*record) for record in records), kind)


def gnu_long(text: bytes, kind: bytes = b"L") -> bytes:
    """A GNU long name, or a long target of a link (K)."""
    return entry(b"././@LongLink", text + b"\0", kind, magic=b"ustar  \0")
