"""Which image of an archive or a layout is meant, and what it is made of.

Three forms are told apart: the OCI layout (containerd store; BuildKit's `type=oci`), the OCI layout with
`manifest.json` (classic store since Docker 25), and the old form with `<id>/layer.tar`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from layerbench.errors import EngineError
from layerbench.image.documents import (
    ArchiveImage,
    Descriptor,
    ImageConfig,
    Index,
    Manifest,
    Platform,
    parse_archive_manifest,
    parse_config,
    parse_index_or_manifest,
)
from layerbench.image.models import BlobInfo, SavedImage, SavedLayer

# Bounds on what is kept in memory. Real ones are far below: a config with an inline cache takes some 100 kB.
DOCUMENT_BYTES = 8 * 1024 * 1024
ALL_DOCUMENTS_BYTES = 64 * 1024 * 1024
_INDEX_DEPTH = 4
_INDEX = "index.json"
_ARCHIVE_MANIFEST = "manifest.json"
_MOST_NAMES = 10


class Document(NamedTuple):
    """A JSON document, not decoded yet."""

    data: bytes
    digest: str


class WantedLayer(NamedTuple):
    """A layer as the documents tell of it."""

    path: str
    """Of its blob."""
    diff_id: str


class Members(Protocol):
    """The documents and layers of an archive or a layout, by their paths in it."""

    @property
    def source(self) -> str:
        """How errors call it."""
        ...

    def has(self, path: str) -> bool:
        """Whether there is a document of that path."""
        ...

    def document(self, path: str) -> Document:
        """One document.

        Raises:
            EngineError: it is not there, too large, or not what its name says.
        """
        ...

    def layers(self, wanted: Sequence[WantedLayer], *, with_gzip_size: bool) -> list[BlobInfo]:
        """What the layers were found to be, in order.

        Raises:
            EngineError: one is not there, or damaged.
        """
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which image is meant; what is None is left open."""

    digest: str | None = None
    """Of its manifest, or of an index in index.json."""
    name: str | None = None
    """As index.json or the archive's manifest.json call it, or the tag alone."""
    platform: Platform | None = None
    own_platform: Platform | None = None
    """Which one to take where there are several and `platform` is None."""


def choose_image(members: Members, wanted: Wanted, *, is_classic_store: bool | None = None) -> SavedImage:
    """The one image that is asked for.

    Args:
        members: What the archive or the layout holds.
        wanted: Which image to take.
        is_classic_store: Whether uncompressed layers stand for a store without compressed ones, so that their
            compressed size is gzip's; None to go by what is there.

    Raises:
        EngineError: no single image answers the question, or a part of it is missing or damaged.
    """
    images = () if is_classic_store is False else _archive_images(members)
    if is_classic_store is None:
        is_classic_store = bool(images) and (
            any(image.has_layer_sources for image in images) or not members.has(_INDEX)
        )
    if is_classic_store:
        return _classic_image(members, images, wanted)
    return _oci_image(members, wanted)


def image_from_manifest(
    digest: str, manifest: Manifest, config: ImageConfig, blobs: Sequence[BlobInfo], *, source: str
) -> SavedImage:
    """Put an image together from its documents and from what the manifest's layers, in order, were found to be.

    Raises:
        EngineError: a layer is not what manifest and config say.
    """
    _check_counts(digest, manifest, config, source)
    layers = []
    for blob, descriptor, diff_id in zip(blobs, manifest.layers, config.diff_ids, strict=True):
        _check_diff_id(blob, descriptor.digest, diff_id, source)
        if blob.stored_bytes != descriptor.size_bytes:
            raise EngineError(
                f"{source}: blob {descriptor.digest} has {blob.stored_bytes} bytes and its manifest says "
                f"{descriptor.size_bytes}; build or pull the image again"
            )
        layers.append(SavedLayer(blob.digest, blob.diff_id, blob.stored_bytes, blob.uncompressed_bytes, blob.profile))
    return SavedImage(
        digest, manifest.config.digest, tuple(layers), "manifest", config.history, str(config.platform) or None
    )


def blob_path(digest: str) -> str:
    """Where a layout keeps a blob."""
    return digest.replace("sha256:", "blobs/sha256/")


def normal_path(path: str) -> str:
    """The path without `./` and `..`; it is only ever a key, never opened."""
    return posixpath.normpath(path).lstrip("/")


def _archive_images(members: Members) -> tuple[ArchiveImage, ...]:
    if not members.has(_ARCHIVE_MANIFEST):
        return ()
    data = members.document(_ARCHIVE_MANIFEST).data
    return parse_archive_manifest(data, f"{_ARCHIVE_MANIFEST} of {members.source}")


def _classic_image(members: Members, images: Sequence[ArchiveImage], wanted: Wanted) -> SavedImage:
    """The image by its paths: the manifest in such an archive exists nowhere else."""
    source = members.source
    named = [image for image in images if wanted.name is None or _is_called(image.tags, wanted.name)]
    if len({image.config_path for image in named}) != 1:
        tags = _listed(tag for image in images for tag in image.tags)
        raise EngineError(f"{source} has no {_ARCHIVE_MANIFEST} that names one image, but {tags}; save one image alone")
    [image, *_] = named
    path = normal_path(image.config_path)
    document = members.document(path)
    config = parse_config(document.data, f"{path!a} of {source}")
    if len(image.layer_paths) != len(config.diff_ids):
        raise EngineError(
            f"{source}: {_ARCHIVE_MANIFEST} names {len(image.layer_paths)} layers and the config "
            f"{len(config.diff_ids)}; build or pull the image again"
        )
    _check_platform(config, wanted, source)
    layers = [
        WantedLayer(normal_path(layer_path), diff_id)
        for layer_path, diff_id in zip(image.layer_paths, config.diff_ids, strict=True)
    ]
    saved = []
    for layer, blob in zip(layers, members.layers(layers, with_gzip_size=True), strict=True):
        _check_diff_id(blob, ascii(layer.path), layer.diff_id, source)
        gzip_bytes = blob.stored_bytes if blob.gzip_bytes is None else blob.gzip_bytes
        saved.append(SavedLayer(None, blob.diff_id, gzip_bytes, blob.uncompressed_bytes, blob.profile))
    return SavedImage(None, document.digest, tuple(saved), "gzip", config.history, str(config.platform) or None)


def _oci_image(members: Members, wanted: Wanted) -> SavedImage:
    """The image by index.json."""
    manifests = _named_manifests(members, wanted)
    configs = _configs(members, manifests)
    fitting = _fitting(configs, wanted)
    if len(fitting) != 1:
        found = ", ".join(sorted(str(config.platform) for config in configs.values())) or "none"
        looked_for = f"for {wanted.platform}" if wanted.platform else "alone"
        raise EngineError(f"{members.source}: looked for one image {looked_for} and found {found}; name one platform")
    [(digest, config)] = fitting.items()
    manifest = manifests[digest]
    _check_counts(digest, manifest, config, members.source)
    layers = [
        WantedLayer(blob_path(descriptor.digest), diff_id)
        for descriptor, diff_id in zip(manifest.layers, config.diff_ids, strict=True)
    ]
    blobs = members.layers(layers, with_gzip_size=False)
    return image_from_manifest(digest, manifest, config, blobs, source=members.source)


def _named_manifests(members: Members, wanted: Wanted) -> dict[str, Manifest]:
    """Manifests by digest: those of the image that is named, or all that are there."""
    index = _index(members)
    tops = index.manifests
    if wanted.name is not None:
        tops = tuple(top for top in tops if _is_called(top.names, wanted.name))
        if not tops:
            there = _listed(name for top in index.manifests for name in top.names)
            raise EngineError(f"{members.source} has no image {wanted.name!a}, but {there}")
    is_top = any(top.digest == wanted.digest for top in tops)
    if is_top:
        tops = tuple(top for top in tops if top.digest == wanted.digest)
    manifests = dict(_manifests(members, tops, depth=0, seen=set()))
    if wanted.digest is not None and not is_top:
        manifests = {digest: found for digest, found in manifests.items() if digest == wanted.digest}
        if not manifests:
            members.document(blob_path(wanted.digest))  # has the words for what is missing
            raise EngineError(f"{members.source} does not name {wanted.digest} in its {_INDEX}")
    names = {name for top in tops for name in top.names[:1]}
    is_open = wanted.name is None and wanted.digest is None
    if is_open and len(names) > 1 and len({top.digest for top in tops}) > 1:
        raise EngineError(f"{members.source} holds several images: {_listed(names)}; name one of them")
    return manifests


def _configs(members: Members, manifests: dict[str, Manifest]) -> dict[str, ImageConfig]:
    # Of a platform that was never pulled, the manifest can be there and the rest not.
    here = {
        digest: manifest
        for digest, manifest in manifests.items()
        if len(manifests) == 1 or members.has(blob_path(manifest.config.digest))
    }
    return {digest: _config(members, manifest) for digest, manifest in here.items()}


def _fitting(configs: dict[str, ImageConfig], wanted: Wanted) -> dict[str, ImageConfig]:
    """Those for the platform that is wanted, or where several are there and none is, for the own one."""
    if wanted.platform is not None:
        return _for_platform(configs, wanted.platform)
    if len(configs) > 1 and wanted.own_platform is not None:
        return _for_platform(configs, wanted.own_platform) or configs
    return configs


def _for_platform(configs: dict[str, ImageConfig], platform: Platform) -> dict[str, ImageConfig]:
    return {digest: config for digest, config in configs.items() if platform.matches(config.platform)}


def _manifests(
    members: Members, descriptors: Iterable[Descriptor], depth: int, seen: set[str]
) -> Iterator[tuple[str, Manifest]]:
    if depth > _INDEX_DEPTH:
        raise EngineError(f"{members.source}: its indexes are nested deeper than {_INDEX_DEPTH}")
    for descriptor in descriptors:
        path = blob_path(descriptor.digest)
        # A nested index names platforms that were never pulled; index.json names only what is here.
        if descriptor.is_attestation or descriptor.digest in seen or (depth > 0 and not members.has(path)):
            continue
        seen.add(descriptor.digest)
        document = parse_index_or_manifest(members.document(path).data, f"{path} of {members.source}")
        if isinstance(document, Manifest):
            yield descriptor.digest, document
        else:
            yield from _manifests(members, document.manifests, depth + 1, seen)


def _index(members: Members) -> Index:
    what = f"{_INDEX} of {members.source}"
    document = parse_index_or_manifest(members.document(_INDEX).data, what)
    if isinstance(document, Manifest):
        raise EngineError(f"{what} is no image index")
    return document


def _config(members: Members, manifest: Manifest) -> ImageConfig:
    digest = manifest.config.digest
    return parse_config(members.document(blob_path(digest)).data, f"config {digest} of {members.source}")


def _check_counts(digest: str, manifest: Manifest, config: ImageConfig, source: str) -> None:
    if len(manifest.layers) != len(config.diff_ids):
        raise EngineError(
            f"{source}: manifest {digest} has {len(manifest.layers)} layers and its config {len(config.diff_ids)}; "
            "build or pull the image again"
        )


def _check_diff_id(blob: BlobInfo, name: str, diff_id: str, source: str) -> None:
    if blob.diff_id != diff_id:
        raise EngineError(
            f"{source}: layer {name} unpacks to {blob.diff_id} and the config says {diff_id}; "
            "build or pull the image again"
        )


def _check_platform(config: ImageConfig, wanted: Wanted, source: str) -> None:
    if wanted.platform is not None and not wanted.platform.matches(config.platform):
        raise EngineError(f"{source} is for {config.platform}, not for {wanted.platform}; name one platform")


def _is_called(names: Iterable[str], wanted: str) -> bool:
    """Whether one of the names is the wanted one, or ends with it as its tag."""
    return any(name == wanted or name.endswith(f":{wanted}") for name in names)


def _listed(words: Iterable[str]) -> str:
    found = sorted(set(words))
    more = f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    return ", ".join(word.encode("ascii", "backslashreplace").decode() for word in found[:_MOST_NAMES]) + more or "none"
