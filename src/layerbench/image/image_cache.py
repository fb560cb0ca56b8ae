"""Images that were read before, in the user's cache folder: what they are made of, without the layers' profiles.

An image is kept by a digest of its content (`StoredImage.content_digest`), so what is kept never goes stale; that
another process writes the same is no harm. A file that cannot be read or written is as if it were not there.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

from layerbench.image.models import HistoryEntry, SavedImage, SavedLayer

_VERSION = 1
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")
_MOST_BYTES = 1024 * 1024
_MOST_IMAGES = 2000
_KEPT_IMAGES = 1500


class ImageCache:
    """A folder with a small file an image, the ones used last kept.

    Args:
        folder: Made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, digest: str) -> SavedImage | None:
        """The image of that content, its layers without profiles; None where it is not known."""
        path = self._path(digest)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                image = _decoded(json.loads(file.read(_MOST_BYTES + 1)))
            os.utime(path)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return image

    def put(self, digest: str, image: SavedImage) -> None:
        """Keep an image."""
        path = self._path(digest)
        content = json.dumps(_encoded(image), separators=(",", ":")).encode()
        if path is None or len(content) > _MOST_BYTES:
            return
        temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(path)
            self._make_room()
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _path(self, digest: str) -> Path | None:
        match = _DIGEST.match(digest)
        return self._folder / f"{match[1]}.json" if match else None

    def _make_room(self) -> None:
        paths = list(self._folder.iterdir())
        if len(paths) <= _MOST_IMAGES:
            return
        for path in sorted(paths, key=_used_seconds)[: len(paths) - _KEPT_IMAGES]:
            with contextlib.suppress(OSError):
                path.unlink()


def _used_seconds(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _encoded(image: SavedImage) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "manifest_digest": image.manifest_digest,
        "config_digest": image.config_digest,
        "compressed_bytes_source": image.compressed_bytes_source,
        "platform": image.platform,
        "layers": [
            [layer.digest, layer.diff_id, layer.compressed_bytes, layer.uncompressed_bytes] for layer in image.layers
        ],
        "history": [[entry.created_by, entry.empty_layer, entry.comment] for entry in image.history],
    }


def _decoded(document: Any) -> SavedImage | None:
    if document["version"] != _VERSION:
        return None
    layers = tuple(
        SavedLayer(digest, diff_id, int(compressed_bytes), int(uncompressed_bytes))
        for digest, diff_id, compressed_bytes, uncompressed_bytes in document["layers"]
    )
    history = tuple(
        HistoryEntry(created_by, empty_layer, comment) for created_by, empty_layer, comment in document["history"]
    )
    return SavedImage(
        document["manifest_digest"],
        document["config_digest"],
        layers,
        document["compressed_bytes_source"],
        history,
        document["platform"],
    )
