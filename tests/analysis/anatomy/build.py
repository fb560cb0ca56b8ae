"""Images made by hand: entries, layers and packages in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from layerbench.analysis.anatomy.models import ImageContents, ImageLayer
from layerbench.image.models import CompressedBytesSource
from layerbench.image.profile import (
    Ecosystem,
    Entry,
    EntryKind,
    LayerProfile,
    Package,
    pack_entries,
    tree_order,
)

END_BYTES = 1024
_BLOCK_ENTRIES = 3
"""Few, so that borders of blocks are everywhere."""
HEADER_BYTES = 512


def file(path: str, content: str | int = "x", *, mode: int = 0o644) -> Entry:
    """A file; a number stands for any content of that length, the same for the same path."""
    length = content if isinstance(content, int) else len(content)
    text = f"{path} {length}" if isinstance(content, int) else content
    return Entry(path, "file", mode, HEADER_BYTES + -(-length // 512) * 512, length, _digest(text), "")


def folder(path: str) -> Entry:
    return _bare(path, "folder")


def symlink(path: str, target: str) -> Entry:
    return _bare(path, "symlink", target)


def hardlink(path: str, target: str) -> Entry:
    return _bare(path, "hardlink", target)


def whiteout(path: str) -> Entry:
    return _bare(path, "whiteout")


def opaque(path: str) -> Entry:
    return _bare(path, "opaque")


def package(ecosystem: Ecosystem, name: str, paths: Sequence[str] = (), *, version: str = "1", at: str = "") -> Package:
    return Package(ecosystem, name, version, at, tuple(paths))


def layer(
    *entries: Entry, instruction: str = "RUN x", packages: Sequence[Package] = (), notes: Sequence[str] = ()
) -> ImageLayer:
    """A layer whose content is its entries and packages: the same ones make the same layer."""
    ordered = sorted(entries, key=lambda entry: tree_order(entry.path))
    total = sum(entry.uncompressed_bytes for entry in ordered) + END_BYTES
    diff_id = f"sha256:{_digest(repr((ordered, packages)))}"
    starts = range(0, len(ordered), _BLOCK_ENTRIES)
    blocks = [block for start in starts for block in pack_entries(ordered[start : start + _BLOCK_ENTRIES])]
    profile = LayerProfile(diff_id, total, END_BYTES, len(ordered), tuple(packages), tuple(notes), tuple(blocks))
    return ImageLayer(instruction, None, diff_id, total // 2, total, profile)


def image(*layers: ImageLayer, source: CompressedBytesSource = "manifest") -> ImageContents:
    return ImageContents("image", layers, source, "linux/amd64", None, "sha256:config")


def _bare(path: str, kind: EntryKind, target: str = "") -> Entry:
    return Entry(path, kind, 0o755, HEADER_BYTES, 0, "", target)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
