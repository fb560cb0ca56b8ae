"""An image archive, as `docker save` streams it, in a single pass over a stream that cannot seek.

Three forms are read: the OCI layout (containerd store; BuildKit's `type=oci`), the OCI layout with `manifest.json`
(classic store since Docker 25), and the old form with `<id>/layer.tar`. The documents that say what a blob is come
last in all of them, so each blob is recognised by its first bytes and measured when it passes; what it was good for is
settled at the end.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from layerbench.errors import EngineError
from layerbench.image.blobs import Blob, read_layer, sniff
from layerbench.image.documents import (
    ArchiveImage,
    ImageConfig,
    Index,
    Manifest,
    Platform,
    parse_archive_manifest,
    parse_config,
    parse_index_or_manifest,
)
from layerbench.image.models import BlobInfo, BlobInfoCache, SavedImage, SavedLayer
from layerbench.image.tar_stream import ByteSource, TarStream

# Bounds on what is kept in memory. Real ones are far below: a config with an inline cache takes some 100 kB.
_DOCUMENT_BYTES = 8 * 1024 * 1024
_ALL_DOCUMENTS_BYTES = 64 * 1024 * 1024
_INDEX_DEPTH = 4

_BLOB_PATH = re.compile(r"blobs/sha256/([0-9a-f]{64})\Z")


def read_image_archive(
    stream: ByteSource,
    known: BlobInfoCache,
    *,
    source: str,
    manifest_digest: str | None = None,
    platform: str | None = None,
    is_classic_store: bool | None = None,
) -> SavedImage:
    """Read the one image that is asked for out of an archive.

    Layers in `known` are passed over; new ones are added to it. Nothing is unpacked to disk, and no layer is held in
    memory. The stream is read to its end.

    Args:
        stream: The archive, uncompressed.
        known: What earlier images taught.
        source: How errors call the archive.
        manifest_digest: Which image to take; without it, the only one.
        platform: Which platform to take, as `os/architecture[/variant]`; without it, the only one.
        is_classic_store: Whether uncompressed layers stand for a store without compressed ones, so that their
            compressed size is gzip's; None to go by the archive.

    Raises:
        EngineError: the archive is cut short or damaged, a blob does not have the digest that it should have, or is
            missing, or no single image answers the question.
    """
    contents = _read_contents(TarStream(stream, source), known, with_gzip_size=is_classic_store is not False)
    image = contents.archive_image()
    if is_classic_store is None:
        is_classic_store = image is not None and (image.has_layer_sources or not contents.has("index.json"))
    if is_classic_store:
        return contents.classic_image(image)
    return contents.oci_image(manifest_digest, Platform.parse(platform) if platform else None)


def image_from_manifest(
    digest: str, manifest: Manifest, config: ImageConfig, blobs: Sequence[BlobInfo], *, source: str
) -> SavedImage:
    """Put an image together from its documents and from what the manifest's layers, in order, were found to be.

    Raises:
        EngineError: a layer is not what manifest and config say.
    """
    if len(manifest.layers) != len(config.diff_ids):
        raise EngineError(
            f"{source}: manifest {digest} has {len(manifest.layers)} layers and its config {len(config.diff_ids)}; "
            "build or pull the image again"
        )
    layers = []
    for blob, descriptor, diff_id in zip(blobs, manifest.layers, config.diff_ids, strict=True):
        _check_diff_id(blob, descriptor.digest, diff_id, source)
        if blob.stored_bytes != descriptor.size_bytes:
            raise EngineError(
                f"{source}: blob {descriptor.digest} has {blob.stored_bytes} bytes and its manifest says "
                f"{descriptor.size_bytes}; build or pull the image again"
            )
        layers.append(SavedLayer(blob.digest, blob.diff_id, blob.stored_bytes, blob.uncompressed_bytes))
    return SavedImage(digest, manifest.config.digest, tuple(layers), "manifest", config.history)


@dataclass
class _Contents:
    """What an archive was found to hold; keys are member paths."""

    source: str
    documents: dict[str, bytes] = field(default_factory=dict)
    document_digests: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, BlobInfo] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)
    """Members that were not read, and what they are."""
    end_bytes: int = 0

    def has(self, path: str) -> bool:
        """Whether there is a document of that path."""
        return path in self.documents

    def document(self, path: str) -> bytes:
        """The bytes of a JSON document."""
        if path not in self.documents:
            raise self._not_found(path)
        return self.documents[path]

    def layer(self, path: str) -> BlobInfo:
        """What a layer was found to be."""
        if path not in self.blobs:
            raise self._not_found(path)
        return self.blobs[path]

    def archive_image(self) -> ArchiveImage | None:
        """The image that manifest.json names, if there is such a file, and one only."""
        if not self.has("manifest.json"):
            return None
        images = parse_archive_manifest(self.document("manifest.json"), f"manifest.json of {self.source}")
        # The containerd store lists every platform here, and the index tells more about them.
        return images[0] if len({image.config_path for image in images}) == 1 else None

    def classic_image(self, image: ArchiveImage | None) -> SavedImage:
        """The image by its paths: the manifest in such an archive exists nowhere else."""
        if image is None:
            raise EngineError(f"{self.source} has no manifest.json that names one image")
        path = _normal(image.config_path)
        config = parse_config(self.document(path), f"{path!a} of {self.source}")
        if len(image.layer_paths) != len(config.diff_ids):
            raise EngineError(
                f"{self.source}: manifest.json names {len(image.layer_paths)} layers and the config "
                f"{len(config.diff_ids)}; build or pull the image again"
            )
        layers = []
        for layer_path, diff_id in zip(image.layer_paths, config.diff_ids, strict=True):
            real_path = self._follow(_normal(layer_path))
            blob = self.layer(real_path)
            _check_diff_id(blob, ascii(real_path), diff_id, self.source)
            gzip_bytes = blob.stored_bytes if blob.gzip_bytes is None else blob.gzip_bytes
            layers.append(SavedLayer(None, blob.diff_id, gzip_bytes, blob.uncompressed_bytes))
        return SavedImage(None, self.document_digests[path], tuple(layers), "gzip", config.history)

    def oci_image(self, manifest_digest: str | None, platform: Platform | None) -> SavedImage:
        """The image by index.json."""
        index = self._index(self.document("index.json"), "index.json")
        manifests = dict(self._manifests(index, depth=0, seen=set()))
        if manifest_digest is not None:
            manifests = {digest: found for digest, found in manifests.items() if digest == manifest_digest}
            if not manifests:
                raise self._not_found(_blob_path(manifest_digest))
        configs = self._configs(manifests, platform)
        if len(configs) != 1:
            found = ", ".join(sorted(str(config.platform) for config in configs.values())) or "none"
            wanted = f"for {platform}" if platform else "alone"
            raise EngineError(f"{self.source}: looked for one image {wanted} and found {found}; name one platform")
        [(digest, config)] = configs.items()
        blobs = [self.layer(_blob_path(descriptor.digest)) for descriptor in manifests[digest].layers]
        return image_from_manifest(digest, manifests[digest], config, blobs, source=self.source)

    def _configs(self, manifests: dict[str, Manifest], platform: Platform | None) -> dict[str, ImageConfig]:
        # Of a platform that was never pulled, the manifest can be there and the rest not.
        here = {
            digest: manifest
            for digest, manifest in manifests.items()
            if len(manifests) == 1 or self.has(_blob_path(manifest.config.digest))
        }
        configs = {digest: self._config(manifest) for digest, manifest in here.items()}
        return {d: config for d, config in configs.items() if platform is None or platform.matches(config.platform)}

    def _manifests(self, index: Index, depth: int, seen: set[str]) -> Iterator[tuple[str, Manifest]]:
        if depth > _INDEX_DEPTH:
            raise EngineError(f"{self.source}: its indexes are nested deeper than {_INDEX_DEPTH}")
        for descriptor in index.manifests:
            path = _blob_path(descriptor.digest)
            # A nested index names platforms that were never pulled; index.json names only what is here.
            if descriptor.is_attestation or descriptor.digest in seen or (depth > 0 and not self.has(path)):
                continue
            seen.add(descriptor.digest)
            document = parse_index_or_manifest(self.document(path), f"{path} of {self.source}")
            if isinstance(document, Manifest):
                yield descriptor.digest, document
            else:
                yield from self._manifests(document, depth + 1, seen)

    def _index(self, data: bytes, path: str) -> Index:
        document = parse_index_or_manifest(data, f"{path} of {self.source}")
        if isinstance(document, Manifest):
            raise EngineError(f"{path} of {self.source} is no image index")
        return document

    def _config(self, manifest: Manifest) -> ImageConfig:
        digest = manifest.config.digest
        return parse_config(self.document(_blob_path(digest)), f"config {digest} of {self.source}")

    def _follow(self, path: str) -> str:
        for _ in range(len(self.links)):
            if path not in self.links:
                break
            path = self.links[path]
        return path

    def _not_found(self, path: str) -> EngineError:
        """The error for a document or a layer that should be there."""
        is_what = self.passed_over.get(path)
        if path in self.documents or path in self.blobs:
            is_what = "is no layer" if path in self.documents else "is no JSON document"
        if is_what is not None:
            return EngineError(f"{self.source}: {path!a} {is_what}; build or pull the image again")
        return EngineError(
            f"{self.source} ends at byte {self.end_bytes} without {path!a}; save, build or pull the image again"
        )


def _read_contents(stream: TarStream, known: BlobInfoCache, *, with_gzip_size: bool) -> _Contents:
    contents = _Contents(stream.source)
    document_bytes = 0
    for member, reader in stream.members():
        path = _normal(member.name)
        if member.issym() or member.islnk():
            folder = posixpath.dirname(path) if member.issym() else ""
            contents.links[path] = _normal(posixpath.join(folder, member.linkname))
        elif reader is not None:
            blob = Blob(reader, f"{stream.source}: {path!a}", member.offset_data)
            _read_member(contents, path, blob, known, with_gzip_size)
            document_bytes += len(contents.documents.get(path, b""))
            if document_bytes > _ALL_DOCUMENTS_BYTES:
                raise EngineError(f"{stream.source} has more than {_ALL_DOCUMENTS_BYTES} bytes of JSON documents")
    contents.end_bytes = stream.read_bytes
    return contents


def _read_member(contents: _Contents, path: str, blob: Blob, known: BlobInfoCache, with_gzip_size: bool) -> None:
    name = _BLOB_PATH.match(path)
    named_digest = f"sha256:{name[1]}" if name else None
    known_blob = known.blob(named_digest) if named_digest else None
    if known_blob is not None and not (with_gzip_size and _lacks_gzip_size(known_blob)):
        contents.blobs[path] = known_blob
        return
    kind = sniff(blob.peek())
    if kind == "json":
        _keep_document(contents, path, blob)
    elif kind == "other":
        contents.passed_over[path] = "is neither gzip, zstd, tar nor JSON"
    else:
        contents.blobs[path] = read_layer(blob, kind, with_gzip_size=with_gzip_size)
    if named_digest is not None and path not in contents.passed_over and blob.digest != named_digest:
        raise blob.damaged(f"its digest is {blob.digest}")
    if path in contents.blobs:
        known.add_blob(contents.blobs[path])


def _keep_document(contents: _Contents, path: str, blob: Blob) -> None:
    data = b""
    for chunk in blob.chunks():
        data += chunk
        if len(data) > _DOCUMENT_BYTES:
            contents.passed_over[path] = f"is JSON of more than {_DOCUMENT_BYTES} bytes"
            return
    contents.documents[path] = data
    contents.document_digests[path] = blob.digest


def _check_diff_id(blob: BlobInfo, name: str, diff_id: str, source: str) -> None:
    if blob.diff_id != diff_id:
        raise EngineError(
            f"{source}: layer {name} unpacks to {blob.diff_id} and the config says {diff_id}; "
            "build or pull the image again"
        )


def _lacks_gzip_size(blob: BlobInfo) -> bool:
    return blob.digest == blob.diff_id and blob.gzip_bytes is None


def _blob_path(digest: str) -> str:
    return digest.replace("sha256:", "blobs/sha256/")


def _normal(path: str) -> str:
    """The path without `./` and `..`; it is only ever a key, never opened."""
    return posixpath.normpath(path).lstrip("/")
