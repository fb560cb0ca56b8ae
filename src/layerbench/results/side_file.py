"""The side file of a result: beside `web.json` a `web.layers.zip` with every layer of the run's images, and more.

A layer's member is named by the hexadecimal digits of its diff_id, and is what `layerbench.image.profile_codec` makes
of it. The other members are named by their kind and the sha256 of their own content: `inputs-…` and `keys-…`, which
`layerbench.cachekeys.codec` makes. All are compressed already, so the archive itself compresses nothing.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from layerbench.errors import LayerbenchError, UsageError

if TYPE_CHECKING:
    import zipfile

_SUFFIX = ".layers.zip"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")
# A local file header of 30 bytes and the name (APPNOTE.TXT of PKWARE, 4.3.7).
_FIRST_MEMBER_BYTES = 30 + len("inputs-") + 64
_FIRST_NAME = re.compile(rb"PK.{28}(?:inputs-|keys-)?[0-9a-f]{64}", re.DOTALL)
_LAYER_NAME = re.compile(r"[0-9a-f]{64}\Z")
_MOST_LAYER_BYTES = 512 * 1024 * 1024
_MEND = "run `layerbench run` again with -o"

DocumentKind = Literal["inputs", "keys"]
"""What a build was made from; BuildKit's own keys of its steps."""


def side_file_of(result: Path) -> Path:
    """Where the side file of a result file belongs."""
    target = _resolved(result)
    return target.with_name(f"{target.stem if target.suffix == '.json' else target.name}{_SUFFIX}")


def named_side_file(result: Path, name: str | None) -> Path:
    """The side file that a result names.

    Args:
        result: The result file.
        name: What stands in it.

    Raises:
        UsageError: it names none, or anything but a file beside it.
    """
    if name is None:
        raise UsageError(f"{result} was measured without the files of its layers (no side file): {_MEND}")
    if name in ("", ".", "..") or not name.isprintable() or {"/", "\\", os.sep} & set(name):
        raise UsageError(f"{result} is damaged: side_file is {ascii(name)[:80]} and not the name of a file beside it")
    return _resolved(result).with_name(name)


class SideFile:
    """The layers and documents that a run has kept.

    Args:
        path: The side file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: set[str] = set()

    @property
    def diff_ids(self) -> Collection[str]:
        """Layers that are in it."""
        return _diff_ids(self._names)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it; there is no file then, or an earlier run's."""
        return not self._names

    def has(self, kind: DocumentKind, digest: str) -> bool:
        """Whether a document is in it."""
        return _document_name(kind, digest) in self._names

    def check_place(self) -> None:
        """See that nothing of the person's would be replaced; nothing is written.

        Raises:
            UsageError: something else than a side file has its name.
        """
        if self.path.exists() and not (self.path.is_file() and _is_side_file(self.path)):
            raise UsageError(f"{self.path} is there and is no side file: remove it, or give another place with -o")

    def go_on_with(self, earlier: Path) -> None:
        """Keep all of an earlier run's side file, which may be this one.

        Raises:
            UsageError: it is not there, or damaged.
            LayerbenchError: they cannot be copied here.
        """
        names = _names_of(earlier)
        if earlier != self.path:
            _replace(self.path, earlier, {})
        self._names = names

    def add(self, layers: Mapping[str, bytes]) -> None:
        """Add layers, each by its diff_id, in one step: a reader sees none of them or all.

        The first ones take the place of whatever had the file's name.

        Raises:
            LayerbenchError: the file cannot be written; what was there before is untouched.
        """
        self._add({_layer_name(diff_id): content for diff_id, content in layers.items()})

    def add_document(self, kind: DocumentKind, content: bytes) -> str:
        """Add a document, unless it is there.

        Returns:
            Its digest, by which `read_document` finds it.

        Raises:
            LayerbenchError: the file cannot be written; what was there before is untouched.
        """
        digest = _digest_of(content)
        self._add({_document_name(kind, digest): content})
        return digest

    def _add(self, members: Mapping[str, bytes]) -> None:
        new = {name: content for name, content in members.items() if name not in self._names}
        if new:
            _replace(self.path, self.path if self._names else None, new)
            self._names |= new.keys()


def read_layers(path: Path, diff_ids: Collection[str]) -> dict[str, bytes]:
    """Some layers of a side file, each by its diff_id; no others are read.

    Raises:
        UsageError: the file is not there or damaged, or lacks one of them.
    """
    with _opened(path) as archive:
        return {
            diff_id: _read(archive, path, _layer_name(diff_id), f"layer {diff_id}")
            for diff_id in dict.fromkeys(diff_ids)
        }


def read_document(path: Path, kind: DocumentKind, digest: str) -> bytes:
    """One document of a side file.

    Raises:
        UsageError: the file is not there or damaged, or lacks it.
    """
    with _opened(path) as archive:
        content = _read(archive, path, _document_name(kind, digest), f"member {kind}-{digest[7:19]}")
    if _digest_of(content) != digest:
        raise UsageError(f"{path} is damaged: its member {kind}-{digest[7:19]} has another content; {_MEND}")
    return content


def layers_of(path: Path) -> set[str]:
    """The diff_ids of the layers that a side file has.

    Raises:
        UsageError: the file is not there or damaged.
    """
    return _diff_ids(_names_of(path))


def _names_of(path: Path) -> set[str]:
    with _opened(path) as archive:
        return set(archive.namelist())


def _diff_ids(names: Collection[str]) -> set[str]:
    return {f"sha256:{name}" for name in names if _LAYER_NAME.match(name)}


def _read(archive: zipfile.ZipFile, path: Path, name: str, what: str) -> bytes:
    import zipfile

    try:
        member = archive.getinfo(name)
    except KeyError:
        raise UsageError(f"{path} lacks the {what}: {_MEND}") from None
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > _MOST_LAYER_BYTES:
        raise UsageError(f"{path} is damaged: its {what} is not one that layerbench wrote; {_MEND}")
    try:
        return archive.read(member)
    except (OSError, zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise UsageError(f"{path} is damaged in its {what} ({error}): copy it again, or {_MEND}") from error


def _opened(path: Path) -> zipfile.ZipFile:
    import zipfile

    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is no plain file: {_MEND}")
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise UsageError(f"{path} is not there: copy it to its result file, or {_MEND}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): {_MEND}") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise UsageError(f"{path} is damaged ({error}): copy it again, or {_MEND}") from error


def _replace(target: Path, kept: Path | None, new: Mapping[str, bytes]) -> None:
    import shutil
    import zipfile

    temporary = target.parent / f".layerbench-{secrets.token_hex(8)}.tmp"
    try:
        if kept is not None:
            shutil.copyfile(kept, temporary)
        with zipfile.ZipFile(temporary, "a" if kept else "x", zipfile.ZIP_STORED) as archive:
            for name, content in new.items():
                member = zipfile.ZipInfo(name)
                member.external_attr = 0o644 << 16
                archive.writestr(member, content)
        _flush(temporary)
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError | zipfile.BadZipFile):
            mend = "free some space" if getattr(error, "errno", None) == errno.ENOSPC else "choose another place"
            raise LayerbenchError(
                f"cannot write {target}: {getattr(error, 'strerror', None) or error}; {mend}"
            ) from error
        raise


def _is_side_file(path: Path) -> bool:
    """Whether a file begins as a side file does, or is empty: the rest may be cut short."""
    try:
        with path.open("rb") as file:
            head = file.read(_FIRST_MEMBER_BYTES)
    except OSError:
        return False
    return not head or _FIRST_NAME.match(head) is not None


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _layer_name(diff_id: str) -> str:
    match = _DIGEST.match(diff_id)
    if match is None:
        raise UsageError(f"{ascii(diff_id)[:80]} is no diff_id of a layer")
    return match[1]


def _document_name(kind: DocumentKind, digest: str) -> str:
    match = _DIGEST.match(digest)
    if match is None:
        raise UsageError(f"{ascii(digest)[:80]} is no digest of a side file's member")
    return f"{kind}-{match[1]}"


def _digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{path} is a symbolic link that leads nowhere: remove it, or give another place") from error
