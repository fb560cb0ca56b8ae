"""What was found of a layer blob, as bytes: for the cache, and for the side file of a result.

A magic with the version, the XXH3-128 of all that follows, then a length and a JSON object in zstd with all but the
entries, then the blocks of entries as they are in memory.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from layerbench.image.models import BlobInfo
from layerbench.image.profile import LayerProfile, Package

_MAGIC = b"layerbench profile 1\n"
_DIGEST_BYTES = 16
_LENGTH = struct.Struct("<Q")
_ZSTD_LEVEL = 3
_MOST_JSON_BYTES = 256 * 1024 * 1024
_BLOB_FIELDS: dict[str, type | tuple[type, ...]] = {
    "digest": str,
    "stored_bytes": int,
    "diff_id": str,
    "uncompressed_bytes": int,
    "gzip_bytes": (int, type(None)),
}
_PROFILE_FIELDS: dict[str, type] = {"diff_id": str, "uncompressed_bytes": int, "end_bytes": int, "entry_count": int}


def encode_blob(blob: BlobInfo) -> bytes:
    """A blob with its profile, if it has one."""
    import zstandard
    from xxhash import xxh3_128_digest

    document: dict[str, Any] = {name: getattr(blob, name) for name in _BLOB_FIELDS}
    if blob.profile is not None:
        document["profile"] = _profile_document(blob.profile)
    data = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(json.dumps(document, separators=(",", ":")).encode())
    content = b"".join([_LENGTH.pack(len(data)), data, *(blob.profile.blocks if blob.profile else ())])
    return b"".join([_MAGIC, xxh3_128_digest(content), content])


def decode_blob(data: bytes) -> BlobInfo:
    """What `encode_blob` made bytes of.

    Raises:
        ValueError: it is not that, of another version, or damaged.
    """
    from xxhash import xxh3_128_digest

    start = len(_MAGIC) + _DIGEST_BYTES
    if not data.startswith(_MAGIC) or xxh3_128_digest(memoryview(data)[start:]) != data[len(_MAGIC) : start]:
        raise ValueError("it is no layer profile of this version, or damaged")
    try:
        [length] = _LENGTH.unpack_from(data, start)
        blocks_start = start + _LENGTH.size + length
        document = _decode_document(data[start + _LENGTH.size : blocks_start])
        profile = document.pop("profile", None)
        fields = _checked(document, _BLOB_FIELDS)
        return BlobInfo(**fields, profile=_decode_profile(profile, data, blocks_start) if profile is not None else None)
    except (struct.error, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no layer profile: {error}") from error


def _profile_document(profile: LayerProfile) -> dict[str, Any]:
    document: dict[str, Any] = {name: getattr(profile, name) for name in _PROFILE_FIELDS}
    blocks = [len(block) for block in profile.blocks]
    return {**document, "packages": profile.packages, "notes": profile.notes, "block_bytes": blocks}


def _decode_document(data: bytes) -> dict[str, Any]:
    import zstandard

    try:
        if zstandard.frame_content_size(data) > _MOST_JSON_BYTES:
            raise ValueError("it is longer than any layer profile")
        document = json.loads(zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_JSON_BYTES))
    except zstandard.ZstdError as error:
        raise ValueError(f"it is damaged: {error}") from error
    if not isinstance(document, dict):
        raise TypeError("an object was expected")
    return document


def _decode_profile(document: dict[str, Any], data: bytes, position: int) -> LayerProfile:
    block_bytes, packages, notes = document.pop("block_bytes"), document.pop("packages"), document.pop("notes")
    blocks = []
    for length in block_bytes:
        if length <= 0:
            raise ValueError("a block of entries has no length")
        blocks.append(data[position : position + length])
        position += length
    if position != len(data):
        raise ValueError("the blocks of entries have another length than it says")
    if not all(isinstance(note, str) for note in notes):
        raise TypeError("a note is no text")
    return LayerProfile(
        **_checked(document, _PROFILE_FIELDS),
        packages=tuple(map(_decode_package, packages)),
        notes=tuple(notes),
        blocks=tuple(blocks),
    )


def _decode_package(row: list[Any]) -> Package:
    *texts, paths = row
    package = Package._make((*texts, tuple(paths)))
    if not all(isinstance(text, str) for text in (*package[:-1], *package.paths)):
        raise TypeError("a package has something else than texts")
    return package


def _checked(document: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    if document.keys() != kinds.keys():
        raise ValueError(f"it has other fields than {', '.join(kinds)}")
    for name, value in document.items():
        if not isinstance(value, kinds[name]) or isinstance(value, bool):
            raise TypeError(f"{name} is of another type")
        if isinstance(value, int) and value < 0:
            raise ValueError(f"{name} is below zero")
    return document
