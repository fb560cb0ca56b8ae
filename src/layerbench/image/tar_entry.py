"""An entry of a tar from its own header and the extended ones before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from layerbench.image.tar_header import Header, decode_path, normal_path, old_sparse_bytes, parse_pax, pax_bytes

if TYPE_CHECKING:
    from layerbench.image.profile import EntryKind

_KINDS_WITHOUT_CONTENT: Final[dict[bytes, EntryKind]] = {
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "device",
    b"4": "device",
    b"5": "folder",
    b"6": "fifo",
}
_PLAIN_FILE_TYPES = (b"0", b"\0", b"7")
_OLD_SPARSE_TYPE = b"S"
_MAP_FOLLOWS, MORE_MAP_FOLLOWS = 482, 504
_PAX_TYPES = (b"x", b"X")
# The runtimes pass over global headers, so what they say of paths and sizes is not true of an image.
_GLOBAL_PAX_TYPE = b"g"
_LONG_NAME_TYPE, _LONG_TARGET_TYPE = b"L", b"K"
_EXTENDED_TYPES = (*_PAX_TYPES, _GLOBAL_PAX_TYPE, _LONG_NAME_TYPE, _LONG_TARGET_TYPE)

# OCI image-spec, layer.md, "Whiteouts"; `.wh..wh.` begins what AUFS keeps for itself.
_WHITEOUT = ".wh."
_OPAQUE_WHITEOUT = ".wh..wh..opq"
_METADATA = ".wh..wh."


def is_extended(kind: bytes) -> bool:
    """Whether a header of that type says something about the entry behind it."""
    return kind in _EXTENDED_TYPES


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """An entry whose headers are read."""

    offset: int
    name: str
    target: str
    kind: EntryKind
    mode: int
    stored_bytes: int
    """Length of what follows."""
    content_bytes: int
    is_plain_file: bool
    has_map: bool
    """Whether blocks of a sparse file's map come first."""

    def settled(self) -> tuple[str, EntryKind, str]:
        """Path, kind and target below the root of an image, whiteouts told apart."""
        path = normal_path(self.name)
        folder, slash, name = path.rpartition("/")
        if name == _OPAQUE_WHITEOUT:
            return folder, "opaque", ""
        removed = name[len(_WHITEOUT) :]
        if name.startswith(_WHITEOUT) and not name.startswith(_METADATA) and removed not in ("", ".", ".."):
            return folder + slash + removed, "whiteout", ""
        if self.kind == "hardlink":
            return path, self.kind, normal_path(self.target)
        return path, self.kind, self.target if self.kind == "symlink" else ""


@dataclass(slots=True)
class ExtendedHeaders:
    """What extended headers say about the entry behind them."""

    offset: int
    """Where the first of them begins."""
    is_waiting: bool = False
    _pax: dict[bytes, bytes] = field(default_factory=dict)
    _name: bytes | None = None
    _target: bytes | None = None

    def add(self, kind: bytes, content: bytes, offset: int) -> None:
        """Take one in."""
        self.is_waiting = self.is_waiting or kind != _GLOBAL_PAX_TYPE
        if kind == _LONG_NAME_TYPE:
            self._name = content.partition(b"\0")[0]
        elif kind == _LONG_TARGET_TYPE:
            self._target = content.partition(b"\0")[0]
        elif kind in _PAX_TYPES:
            self._pax.update(parse_pax(content, offset))

    def apply(self, header: Header, block: bytes, offset: int) -> OpenEntry:
        """The entry that a header and all before it make."""
        pax = self._pax
        name = decode_path(self._name or pax.get(b"GNU.sparse.name") or pax.get(b"path") or header.name, offset)
        target = decode_path(self._target or pax.get(b"linkpath") or header.target, offset)
        size = pax_bytes(pax[b"size"], offset) if b"size" in pax else header.stored_bytes
        kind = _KINDS_WITHOUT_CONTENT.get(header.type, "file")
        if header.type == b"\0" and name.endswith("/"):
            kind = "folder"
        if kind != "file":
            return OpenEntry(offset, name, target, kind, header.mode, 0, 0, False, False)
        real_size = pax.get(b"GNU.sparse.realsize") or pax.get(b"GNU.sparse.size")
        content_bytes = pax_bytes(real_size, offset) if real_size else size
        has_map = header.type == _OLD_SPARSE_TYPE and bool(block[_MAP_FOLLOWS])
        if header.type == _OLD_SPARSE_TYPE:
            content_bytes = old_sparse_bytes(block, offset)
        is_plain_file = header.type in _PLAIN_FILE_TYPES and real_size is None
        return OpenEntry(offset, name, "", kind, header.mode, size, content_bytes, is_plain_file, has_map)
