"""What is known about an image that was built, and about the blobs that it consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

CompressedBytesSource = Literal["manifest", "gzip"]


@dataclass(frozen=True, slots=True)
class SavedLayer:
    """One layer. Digests are `sha256:…`."""

    digest: str | None
    """Digest of the blob that the manifest names; None where the engine keeps no such blob."""
    diff_id: str
    """Digest of the uncompressed tar."""
    compressed_bytes: int
    uncompressed_bytes: int
    """Length of the tar stream, its padding included."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of the image config's `history`."""

    created_by: str
    """The instruction as BuildKit wrote it down; empty for an imported layer."""
    empty_layer: bool
    """True where the entry stands for no layer."""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class SavedImage:
    """One platform's image, its base's layers first."""

    manifest_digest: str | None
    """Digest of the platform's manifest, not of an index around it; None on the classic store, which keeps none."""
    config_digest: str
    layers: tuple[SavedLayer, ...]
    compressed_bytes_source: CompressedBytesSource
    """`manifest`: the blobs' own length. `gzip`: see `layerbench.image.gzip_size`."""
    history: tuple[HistoryEntry, ...]

    @property
    def compressed_bytes(self) -> int:
        """Sum over the layers; manifest and config are not counted."""
        return sum(layer.compressed_bytes for layer in self.layers)

    @property
    def uncompressed_bytes(self) -> int:
        """Sum over the layers."""
        return sum(layer.uncompressed_bytes for layer in self.layers)


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """What one layer blob was found to be."""

    digest: str
    """Digest of the bytes as they are stored."""
    stored_bytes: int
    diff_id: str
    """Equal to `digest` where the blob is an uncompressed tar."""
    uncompressed_bytes: int
    gzip_bytes: int | None = None
    """What gzip makes of an uncompressed tar; None where that was not asked for."""


@dataclass(slots=True)
class BlobInfoCache:
    """What earlier images of a run taught, by content digest, so that no layer is read twice.

    The name and the idea are those of containers/image (`types.BlobInfoCache`). Entries are keyed by what they are
    made from, so they never go stale.
    """

    _blobs: dict[str, BlobInfo] = field(default_factory=dict)
    _images: dict[str, SavedImage] = field(default_factory=dict)

    def blob(self, digest: str) -> BlobInfo | None:
        """The blob of that digest, if an earlier image had it."""
        return self._blobs.get(digest)

    def add_blob(self, blob: BlobInfo) -> None:
        """Keep what one blob was found to be."""
        self._blobs[blob.digest] = blob

    @property
    def is_empty(self) -> bool:
        """Whether no layer is known yet."""
        return not self._blobs

    def image(self, digest: str) -> SavedImage | None:
        """The image with that manifest digest, or config digest on the classic store."""
        return self._images.get(digest)

    def add_image(self, digest: str, image: SavedImage) -> None:
        """Keep an image under its manifest digest, or its config digest on the classic store."""
        self._images[digest] = image
