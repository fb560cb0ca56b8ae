"""BuildKit's content keys: what it identifies the files of a COPY, an ADD or a bind mount by.

Facts from BuildKit: cache/contenthash (tarsum.go, filehash.go, checksum.go), solver/llbsolver/ops/file.go and exec.go.
Owners do not enter, since its client sets them to 0, nor do times; extended attributes do, `security.` and `system.`
ones aside.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from layerbench.context.links import follow
from layerbench.context.models import Entry
from layerbench.context.selection import Included, Selector, choose, order_of
from layerbench.errors import UsageError

ListFormat = Literal["names", "paths"]
"""How several chosen files are put together: by their names alone up to BuildKit 0.25, by their paths later."""
_TYPE_FLAGS = {"file": "0", "folder": "5", "link": "2"}
_CHUNK_BYTES = 1 << 20


class ContentDigests:
    """Digests of what is in one context; files are read as they are needed, and once."""

    def __init__(self, folder: Path, entries: Mapping[str, Entry], list_format: ListFormat = "names") -> None:
        """Prepare; nothing is read yet.

        Args:
            folder: of the context, as it was when its fingerprint was taken.
            entries: of its fingerprint.
            list_format: of the engine's BuildKit.
        """
        self._folder = folder
        self._entries = entries
        self._list_format = list_format
        self._children: dict[str, list[str]] | None = None
        self._made: dict[str, str] = {}

    def key(self, selectors: Sequence[Selector]) -> str:
        """The content key of one input, as BuildKit's cache records have it.

        Args:
            selectors: all that one step takes from the context.

        Raises:
            UsageError: a source that is not there, or a pattern that BuildKit refuses.
        """
        return _sha256(f"{self.content_digest(selectors)}@-1".encode())

    def content_digest(self, selectors: Sequence[Selector]) -> str:
        """The digest of what all selectors take, out of which the key is made."""
        digests = [self.selector_digest(selector) for selector in _in_order(selectors)]
        return _sha256("\0".join(digests).encode())

    def selector_digest(self, selector: Selector) -> str:
        """The digest of what one selector takes."""
        if not selector.has_filters:
            return self._whole(selector.path)
        chosen = choose(self._entries, selector)
        digests = [self._chosen(included) for included in chosen]
        if len(chosen) == 1 and _base(selector.path) == _base(chosen[0].path):
            return digests[0]
        hasher = hashlib.sha256()
        for number, (included, digest) in enumerate(zip(chosen, digests, strict=True)):
            if self._list_format == "names":
                hasher.update(b"\0" * (number > 0) + os.fsencode(_base(included.path)))
            else:
                hasher.update(_inner_key(included.path, selector))
            hasher.update(digest.encode())
        return f"sha256:{hasher.hexdigest()}"

    def _chosen(self, included: Included) -> str:
        return self._whole(included.found) if included.is_followed else self._header(included.found)

    def _whole(self, path: str) -> str:
        found = follow(self._entries, path)
        if found is None:
            raise UsageError(f"{path!r} is not in the context, or is a link to what is not; name what is there")
        return self._record(found)

    def _record(self, path: str) -> str:
        """Of a file or link itself, of a folder all that is in it."""
        if path and self._entries[path].kind != "folder":
            return self._header(path)
        made = self._made.get(f"{path}/")
        if made is None:
            hasher = hashlib.sha256(b"\0" + self._header(path).encode())
            for name in self._names_in(path):
                child = self._record(f"{path}/{name}" if path else name)
                hasher.update(b"\0" + os.fsencode(name) + child.encode())
            made = self._made[f"{path}/"] = f"sha256:{hasher.hexdigest()}"
        return made

    def _header(self, path: str) -> str:
        """Of a file with its content, of a link with its target, of a folder without what is in it."""
        made = self._made.get(path)
        if made is None:
            made = self._made[path] = self._read(path) if path else _sha256(b"")
        return made

    def _read(self, path: str) -> str:
        entry = self._entries[path]
        full_path = f"{os.fspath(self._folder)}/{path}"
        try:
            hasher = hashlib.sha256(_header_of(entry, full_path))
            if entry.kind == "file" and entry.digest not in (None, hashlib.sha256().hexdigest()):
                with open(full_path, "rb", buffering=0) as file:  # noqa: PTH123 (many files)
                    while content := file.read(_CHUNK_BYTES):
                        hasher.update(content)
        except OSError as error:
            raise UsageError(f"cannot read {full_path} ({error.strerror}); take the fingerprint again") from None
        return f"sha256:{hasher.hexdigest()}"

    def _names_in(self, folder: str) -> list[str]:
        if self._children is None:
            self._children = {}
            for path in self._entries:
                above, _, name = path.rpartition("/")
                self._children.setdefault(above, []).append(name)
        return sorted(self._children.get(folder, []), key=os.fsencode)


def _header_of(entry: Entry, full_path: str) -> bytes:
    """The part of a file's digest that comes before its content."""
    size = entry.size_bytes if entry.kind == "file" else 0
    header = (
        f"namemode{entry.mode}uid0gid0size{size}typeflag{_TYPE_FLAGS[entry.kind]}"
        f"linkname{entry.target or ''}unamegnamedevmajor0devminor0"
    )
    return os.fsencode(header) + _extended_attributes(full_path)


def _extended_attributes(full_path: str) -> bytes:
    names = os.listxattr(full_path, follow_symlinks=False) if hasattr(os, "listxattr") else []
    kept = [name for name in sorted(names) if name == "security.capability" or _is_compared(name)]
    return b"".join(os.fsencode(name) + os.getxattr(full_path, name, follow_symlinks=False) for name in kept)


def _is_compared(attribute: str) -> bool:
    return not attribute.startswith(("security.", "system.", "com.apple."))


def _in_order(selectors: Sequence[Selector]) -> list[Selector]:
    """Those that count, in BuildKit's order: a plain path inside another plain one is left out."""
    plain = {selector.path for selector in selectors if not selector.has_filters}
    kept = [Selector(path) for path in sorted(plain) if not any(_is_below(path, other) for other in plain)]
    return sorted([*kept, *(selector for selector in selectors if selector.has_filters)], key=lambda one: one.path)


def _is_below(path: str, other: str) -> bool:
    return path != other and path.startswith(f"{other.removesuffix('/')}/")


def _inner_key(path: str, selector: Selector) -> bytes:
    start = selector.fixed_path.removeprefix("/")
    return order_of(f"/{path}".removeprefix(f"/{start}" if start else "")) or b"\0"


def _base(path: str) -> str:
    """The last part, as Go's `path.Base` has it for clean paths."""
    return path.rpartition("/")[2] or "/"


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
