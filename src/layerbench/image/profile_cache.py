"""What was found of layer blobs, kept in a folder of the person's own, so that no layer is read twice.

One file a digest. A file is complete or not there: it is written aside and renamed. What the disk refuses is not kept,
and what is damaged counts as not there, since a cache is never a reason to fail. Several processes may share a folder.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from layerbench.image.models import BlobInfo
from layerbench.image.profile_codec import decode_blob, encode_blob

DEFAULT_LIMIT_BYTES = 512 * 1024 * 1024

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")
_SUFFIX = ".profile"
_TEMPORARY_PREFIX = "new-"
# Last use is told by the time of modification; a write for each look would cost more than it tells.
_TOUCH_SECONDS = 3600.0
_ABANDONED_SECONDS = 3600.0
_KEPT_SHARE = 0.9


def default_profile_cache_folder() -> Path:
    """`$XDG_CACHE_HOME/layerbench/layers`, or below `~/.cache`.

    A relative value of the variable is ignored, as the XDG Base Directory Specification 0.8 demands.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".cache") / "layerbench" / "layers"


class ProfileCache:
    """Blobs with their profiles, by digest; see `layerbench.image.models.BlobStore`.

    Args:
        folder: Where they are; it is made when it is needed.
        limit_bytes: How much the folder may hold. Beyond it, what was not used for the longest time goes.
    """

    def __init__(self, folder: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    def get(self, digest: str) -> BlobInfo | None:
        """The blob of that digest with its profile, if it is there and whole."""
        path = self._path(digest)
        if path is None:
            return None
        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            blob = decode_blob(data)
        except ValueError:
            blob = None
        if blob is None or blob.digest != digest or blob.profile is None:
            _remove(path)
            return None
        _touch(path)
        return blob

    def put(self, blob: BlobInfo) -> None:
        """Keep a blob that has a profile, if the disk lets us."""
        path = self._path(blob.digest)
        if path is None or blob.profile is None:
            return
        data = encode_blob(blob)
        if len(data) > self._limit_bytes:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_whole(path, data)
            self._evict()

    def _path(self, digest: str) -> Path | None:
        match = _DIGEST.match(digest)
        return self._folder / f"{match[1]}{_SUFFIX}" if match else None

    def _evict(self) -> None:
        kept = sorted(_kept_files(self._folder))
        total = sum(file.bytes for file in kept)
        if total <= self._limit_bytes:
            return
        for file in kept:
            if total <= self._limit_bytes * _KEPT_SHARE:
                break
            _remove(file.path)
            total -= file.bytes


class _KeptFile(NamedTuple):
    used_at: float
    path: Path
    bytes: int


def _kept_files(folder: Path) -> list[_KeptFile]:
    """Files of the cache; what a process left that was killed while it wrote is removed."""
    kept = []
    with os.scandir(folder) as entries:
        for entry in entries:
            # Another process may just have removed or renamed it.
            with suppress(FileNotFoundError):
                stat = entry.stat(follow_symlinks=False)
                if entry.name.endswith(_SUFFIX):
                    kept.append(_KeptFile(stat.st_mtime, Path(entry.path), stat.st_size))
                elif entry.name.startswith(_TEMPORARY_PREFIX) and stat.st_mtime < time.time() - _ABANDONED_SECONDS:
                    _remove(Path(entry.path))
    return kept


def _write_whole(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=_TEMPORARY_PREFIX, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        _remove(temporary)
        raise


def _touch(path: Path) -> None:
    with suppress(OSError):
        if path.stat().st_mtime < time.time() - _TOUCH_SECONDS:
            os.utime(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
