"""What is known about an image that was built, and about the blobs that it consists of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from layerbench.image.profile import LayerProfile

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
    profile: LayerProfile | None = None
    """What it holds; None where it was not looked into."""


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
    platform: str | None = None
    """As `os/architecture[/variant]`; None where the config does not say."""

    @property
    def compressed_bytes(self) -> int:
        """Sum over the layers; manifest and config are not counted."""
        return sum(layer.compressed_bytes for layer in self.layers)

    @property
    def uncompressed_bytes(self) -> int:
        """Sum over the layers."""
        return sum(layer.uncompressed_bytes for layer in self.layers)

    def without_profiles(self) -> SavedImage:
        """The same with what its layers hold left out."""
        return replace(self, layers=tuple(replace(layer, profile=None) for layer in self.layers))


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
    profile: LayerProfile | None = None
    """What it holds; None where it was not looked into."""


class BlobStore(Protocol):
    """Where what was found of blobs is kept beyond this process."""

    def get(self, digest: str) -> BlobInfo | None:
        """The blob of that digest, if it is there."""
        ...

    def put(self, blob: BlobInfo) -> None:
        """Keep what one blob was found to be, if that can be done."""
        ...


class ImageStore(Protocol):
    """Where images are kept beyond this process, without their layers' profiles."""

    def get(self, digest: str) -> SavedImage | None:
        """The image of that content digest, if it is there."""
        ...

    def put(self, digest: str, image: SavedImage) -> None:
        """Keep an image, if that can be done."""
        ...


@dataclass(slots=True)
class BlobInfoCache:
    """What earlier images of a run taught, by content digest, so that no layer is read twice.

    The name and the idea are those of containers/image (`types.BlobInfoCache`). Entries are keyed by what they are
    made from, so they never go stale.

    Args:
        store: Where to look for what is not known, and to keep what is learnt.
        image_store: The same for whole images.
    """

    store: BlobStore | None = None
    image_store: ImageStore | None = None
    _blobs: dict[str, BlobInfo] = field(default_factory=dict)
    _images: dict[str, SavedImage] = field(default_factory=dict)

    def blob(self, digest: str) -> BlobInfo | None:
        """The blob of that digest, if an earlier image had it."""
        found = self._blobs.get(digest)
        if (found is None or found.profile is None) and self.store is not None:
            found = self.store.get(digest) or found
            if found is not None:
                self._blobs[digest] = found
        return found

    def add_blob(self, blob: BlobInfo) -> None:
        """Keep what one blob was found to be."""
        self._blobs[blob.digest] = blob
        if self.store is not None:
            self.store.put(blob)

    def forget_profiles(self, most_bytes: int) -> None:
        """Leave profiles to the store where those in memory take more than so many bytes, packed."""
        blobs = self._blobs.values()
        if sum(len(block) for blob in blobs if blob.profile for block in blob.profile.blocks) > most_bytes:
            self._blobs = {blob.digest: replace(blob, profile=None) for blob in blobs}
            self._images = {digest: image.without_profiles() for digest, image in self._images.items()}

    @property
    def is_empty(self) -> bool:
        """Whether no layer can be known yet."""
        return not self._blobs and self.store is None

    def image(self, digest: str) -> SavedImage | None:
        """The image with that manifest digest, or config digest on the classic store, if all its layers are known."""
        found = self._images.get(digest)
        if found is None and self.image_store is not None:
            found = self._with_profiles(self.image_store.get(digest))
            if found is not None:
                self._images[digest] = found
        return found

    def add_image(self, digest: str, image: SavedImage) -> None:
        """Keep an image under its manifest digest, or its config digest on the classic store."""
        self._images[digest] = image
        if self.image_store is not None:
            self.image_store.put(digest, image)

    def _with_profiles(self, image: SavedImage | None) -> SavedImage | None:
        """The image with what is known of its layers; None where that is not all."""
        if image is None:
            return None
        layers: list[SavedLayer] = []
        for layer in image.layers:
            blob = self.blob(layer.digest or layer.diff_id)
            if blob is None or blob.profile is None or blob.diff_id != layer.diff_id:
                return None
            layers.append(replace(layer, profile=blob.profile))
        return replace(image, layers=tuple(layers))
