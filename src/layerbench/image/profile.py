"""What one layer holds: every entry of its tar and the packages that it installs.

A profile says nothing about other layers, so it belongs to a digest and never goes stale. What layers mean for each
other (a file written again, a package upgraded) is found in `layerbench.analysis.anatomy`.

Entries stay compressed in memory, in blocks: a layer of 1,000,000 files takes some 20 MB.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias, get_args

EntryKind = Literal["file", "folder", "symlink", "hardlink", "device", "fifo", "whiteout", "opaque"]
Ecosystem = Literal["debian", "alpine", "rpm", "python", "node"]

EntryRow: TypeAlias = tuple[str, EntryKind, int, int, int, str, str]
"""The fields of an `Entry`, which is one, in a plain tuple: what is made a million times."""

_KINDS: tuple[EntryKind, ...] = get_args(EntryKind)
_KIND_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}

_BLOCK_ENTRIES = 4096
# Texts are short except where somebody means harm; a block that is unpacked must not take much memory.
_BLOCK_CHARACTERS = 1024 * 1024
_ENTRIES_AT_ONCE = 256
_MOST_BLOCK_BYTES = 16 * 1024 * 1024
_ZSTD_LEVEL = 3
_COUNTS = struct.Struct("<4I")
_path_of, _target_of = itemgetter(0), itemgetter(6)


class Entry(NamedTuple):
    """One member of a layer's tar."""

    path: str
    """Without `/` or `./` in front or `/` behind, "" for the root; bytes that are no UTF-8 as lone surrogates. Of a
    whiteout the path that it removes, of an opaque whiteout the folder that it empties (OCI image-spec, layer.md)."""
    kind: EntryKind
    mode: int
    """Permission bits, set-id and sticky bits included."""
    uncompressed_bytes: int
    """Its share of the tar: all its headers, its content, and the padding behind it."""
    content_bytes: int
    """Length of a file's content; 0 for what is no file. Of a sparse file the length with its holes."""
    content_digest: str
    """XXH3-128 of a file's content in hexadecimal, of what the tar stores of a sparse one; "" for what is no file.
    It tells contents apart, and is no proof against somebody who wants two to look alike."""
    target: str
    """Of a symlink its text, of a hard link the path of the file that it shares; else ""."""


class Package(NamedTuple):
    """One package as a database in the layer has it."""

    ecosystem: Ecosystem
    name: str
    version: str
    location: str
    """Folder that it is installed into, as a path of `Entry`: of a Python package its site-packages, of a Node package
    its own folder; "" for a package of the system."""
    paths: tuple[str, ...]
    """Files that it owns, as paths of `Entry` and as its database writes them: links among their folders are not
    followed. Its own files in the database are among them. Empty where it owns all below its location (Node), less
    what a package further down owns."""


def tree_order(path: str) -> str:
    """Sort key under which all that is below a folder comes right behind it."""
    return path.replace("/", "\0")


@dataclass(frozen=True, slots=True)
class LayerProfile:
    """All that a layer holds."""

    diff_id: str
    uncompressed_bytes: int
    """Length of the tar stream: the entries' shares and `end_bytes` add up to it."""
    end_bytes: int
    """What belongs to no entry: the end-of-archive blocks and what stands behind them."""
    entry_count: int
    packages: tuple[Package, ...]
    notes: tuple[str, ...]
    """What could not be read, each a sentence, such as a package database in a format that is not known."""
    blocks: tuple[bytes, ...]
    """The entries in tree order, see `pack_entries`; several of one path are in the order of the tar."""

    def entries(self) -> Iterator[Entry]:
        """The entries in tree order."""
        return unpack_entries(self.blocks)


def pack_entries(entries: Iterable[EntryRow]) -> Iterator[bytes]:
    """Blocks of some thousand entries, each column by column, in zstd.

    Raises:
        ValueError: a text has a zero character, or a number does not fit into 64 bits; no tar has such entries.
    """
    import zstandard

    compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
    for block in _blocks(entries):
        try:
            yield compressor.compress(_encode_block(block))
        except struct.error as error:
            raise ValueError(f"an entry has a number that is out of range: {error}") from error


def unpack_entries(blocks: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of such blocks.

    Raises:
        ValueError: they are damaged.
    """
    return map(partial(tuple.__new__, Entry), unpack_rows(blocks))


def unpack_rows(blocks: Iterable[bytes]) -> Iterator[EntryRow]:
    """The entries of such blocks as plain tuples; see `unpack_entries`."""
    import zstandard

    decompressor = zstandard.ZstdDecompressor()
    for block in blocks:
        try:
            if zstandard.frame_content_size(block) > _MOST_BLOCK_BYTES:
                raise ValueError("a block of entries is longer than any")
            data = decompressor.decompress(block, max_output_size=_MOST_BLOCK_BYTES)
            rows = _decode_block(data)
        except (zstandard.ZstdError, struct.error, IndexError) as error:
            raise ValueError(f"a block of entries is damaged: {error}") from error
        yield from rows


def _blocks(entries: Iterable[EntryRow]) -> Iterator[list[EntryRow]]:
    block: list[EntryRow] = []
    characters = 0
    for some in _portions(entries):
        block += some
        characters += _characters(some)
        if len(block) >= _BLOCK_ENTRIES or characters >= _BLOCK_CHARACTERS:
            yield block
            block, characters = [], 0
    if block:
        yield block


def _portions(entries: Iterable[EntryRow]) -> Iterator[list[EntryRow]]:
    """Some entries at once for speed; single ones where their texts are long."""
    pending = iter(entries)
    while some := list(islice(pending, _ENTRIES_AT_ONCE)):
        if _characters(some) < _BLOCK_CHARACTERS:
            yield some
        else:
            yield from ([entry] for entry in some)


def _characters(entries: Sequence[EntryRow]) -> int:
    return sum(map(len, map(_path_of, entries))) + sum(map(len, map(_target_of, entries)))


def _encode_block(block: Sequence[EntryRow]) -> bytes:
    paths, kinds, modes, uncompressed_bytes, content_bytes, digests, targets = zip(*block, strict=True)
    texts = [_encode_texts(column) for column in (paths, digests, targets)]
    count = len(block)
    numbers = struct.pack(
        f"<{count}B{count}H{count}Q{count}Q",
        *map(_KIND_NUMBERS.__getitem__, kinds), *modes, *uncompressed_bytes, *content_bytes,
    )  # fmt: skip
    return b"".join([_COUNTS.pack(count, *map(len, texts)), numbers, *texts])


def _decode_block(data: bytes) -> Iterator[EntryRow]:
    count, *text_bytes = _COUNTS.unpack_from(data)
    numbers = struct.Struct(f"<{count}B{count}H{count}Q{count}Q")
    values = numbers.unpack_from(data, _COUNTS.size)
    columns = [values[start : start + count] for start in range(0, 4 * count, count or 1)]
    position = _COUNTS.size + numbers.size
    texts = []
    for length in text_bytes:
        texts.append(_decode_texts(data[position : position + length], count))
        position += length
    if position != len(data) or not count:
        raise ValueError("a block of entries has another length than it says")
    paths, digests, targets = texts
    kinds = [_KINDS[number] for number in columns[0]]
    return zip(paths, kinds, *columns[1:], digests, targets, strict=True)


def _encode_texts(texts: Sequence[str]) -> bytes:
    text = "\0".join(texts)
    if text.count("\0") != len(texts) - 1:
        raise ValueError("a text of an entry has a zero character")
    return text.encode("utf-8", "surrogateescape")


def _decode_texts(data: bytes, count: int) -> list[str]:
    texts = data.decode("utf-8", "surrogateescape").split("\0")
    if len(texts) != count:
        raise ValueError("a block of entries lacks some")
    return texts
