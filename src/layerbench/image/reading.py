"""The image that a build left in the engine, read in the quickest way that is exact.

1. Its digest is known from an earlier build of the run: nothing is read (some 10 ms).
2. Containerd store, and only small layers are new: manifest, config and new layers by way of BuildKit (0.5 to 1 s).
3. Else `docker save`: all layers pass, known ones are not looked into (some 25 MB/s; the engine is what takes time).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from layerbench.image.archive import read_stream
from layerbench.image.blobs import Blob, ByteBudget, read_layer, sniff
from layerbench.image.choosing import Wanted, image_from_manifest
from layerbench.image.documents import Descriptor, Manifest, Platform, parse_config, parse_index_or_manifest
from layerbench.image.models import BlobInfo, BlobInfoCache, SavedImage
from layerbench.image.saving import open_saved_image
from layerbench.image.store import StoredImage, inspect_image, read_blob

# In the time that one call of buildx takes, and for each byte that it hands out, `docker save` would stream so much.
_CALL_IN_SAVED_BYTES = 8_000_000
_BYTE_IN_SAVED_BYTES = 4
# buildx and this process hold such a blob in memory.
_BLOB_BYTES = 64_000_000


def read_image(
    docker_command: Sequence[str],
    environment: Mapping[str, str],
    reference: str,
    known: BlobInfoCache,
    *,
    platform: str | None = None,
) -> SavedImage:
    """Read an image out of the engine.

    Args:
        docker_command: How docker is called, for example `["docker"]`.
        environment: What docker's environment has beyond this process's; its DOCKER_HOST, or else docker's context,
            names the engine.
        reference: A name, an id or a digest.
        known: What earlier images of the run taught; what this one teaches is added.
        platform: Which platform to take, as `os/architecture[/variant]`; without it, the engine's own, or the only one.

    Raises:
        EngineError: docker or the engine fails, or what they hand out is damaged.
    """
    stored = inspect_image(docker_command, environment, reference, platform)
    if stored is not None:
        return read_stored_image(docker_command, environment, reference, stored, known, platform=platform)
    return _save(docker_command, environment, reference, reference, known, Wanted(platform=_parsed(platform)))


def read_stored_image(
    docker_command: Sequence[str],
    environment: Mapping[str, str],
    reference: str,
    stored: StoredImage,
    known: BlobInfoCache,
    *,
    platform: str | None = None,
    budget: ByteBudget | None = None,
) -> SavedImage:
    """Read an image that the engine's API has told of.

    Args:
        docker_command: As for `read_image`.
        environment: As for `read_image`.
        reference: How errors call the image.
        stored: What the API told.
        known: What earlier images taught; what this one teaches is added.
        platform: Which platform was asked for.
        budget: Bounds what the layers unpack to.

    Raises:
        EngineError: docker or the engine fails, or what they hand out is damaged.
    """
    if stored.content_digest is None:
        return _save(
            docker_command, environment, reference, stored.id, known, Wanted(platform=_parsed(platform)), budget
        )
    image = known.image(stored.content_digest)
    if image is None:
        image = _read_stored(docker_command, environment, reference, stored, known, platform, budget)
        known.add_image(stored.content_digest, image)
    return image


def _read_stored(
    docker_command: Sequence[str],
    environment: Mapping[str, str],
    reference: str,
    stored: StoredImage,
    known: BlobInfoCache,
    platform: str | None,
    budget: ByteBudget | None,
) -> SavedImage:
    if stored.is_classic_store and stored.layer_count == 0:
        # `docker save` refuses it there: "empty export - not implemented".
        return SavedImage(None, stored.id, (), "gzip", (), next(iter(stored.platforms), None))
    image = _read_from_content_store(docker_command, environment, stored, known, f"the image {reference}", budget)
    if image is not None:
        return image
    # By id: a name without a tag stands for all tags, and a tag can move.
    return _save(
        docker_command,
        environment,
        reference,
        stored.id,
        known,
        Wanted(stored.manifest_digest),
        budget,
        is_classic_store=stored.is_classic_store,
        # Without it docker wants the content of its own platform, which may never have been pulled.
        platform=None if stored.is_classic_store else platform,
    )


def _save(
    docker_command: Sequence[str],
    environment: Mapping[str, str],
    name: str,
    reference: str,
    known: BlobInfoCache,
    wanted: Wanted,
    budget: ByteBudget | None = None,
    *,
    is_classic_store: bool | None = None,
    platform: str | None = None,
) -> SavedImage:
    """The image as `docker save` streams it; errors call it by `name`."""
    with open_saved_image(docker_command, environment, reference, platform) as stream:
        return read_stream(
            stream,
            known,
            wanted,
            source=f"the saved image {name}",
            is_classic_store=is_classic_store,
            budget=budget,
        )


def _parsed(platform: str | None) -> Platform | None:
    return Platform.parse(platform) if platform else None


def _read_from_content_store(
    docker_command: Sequence[str],
    environment: Mapping[str, str],
    stored: StoredImage,
    known: BlobInfoCache,
    source: str,
    budget: ByteBudget | None,
) -> SavedImage | None:
    """The image without `docker save`; None where that would not be quicker, or cannot be had."""
    content_bytes = stored.content_bytes or 0
    if stored.manifest_digest is None or known.is_empty or content_bytes <= 2 * _CALL_IN_SAVED_BYTES:
        return None
    read = partial(read_blob, docker_command, environment)
    data = read(stored.manifest_digest)
    manifest = parse_index_or_manifest(data, f"manifest {stored.manifest_digest} of {source}") if data else None
    if not isinstance(manifest, Manifest):
        return None
    missing = [descriptor for descriptor in manifest.layers if known.blob(descriptor.digest) is None]
    if not _is_quicker_than_save(missing, content_bytes):
        return None
    with ThreadPoolExecutor(2) as executor:
        config_data, *layers_data = executor.map(read, [d.digest for d in (manifest.config, *missing)])
    for descriptor, layer_data in zip(missing, layers_data, strict=True):
        blob = _read_whole_layer(layer_data, f"{source}: {descriptor.digest}", budget) if layer_data else None
        if blob is None:
            return None
        known.add_blob(blob)
    if config_data is None:
        return None
    blobs = [blob for descriptor in manifest.layers if (blob := known.blob(descriptor.digest)) is not None]
    config = parse_config(config_data, f"config {manifest.config.digest} of {source}")
    return image_from_manifest(stored.manifest_digest, manifest, config, blobs, source=source)


def _is_quicker_than_save(missing: Sequence[Descriptor], content_bytes: int) -> bool:
    missing_bytes = sum(descriptor.size_bytes for descriptor in missing)
    cost = (1 + len(missing)) * _CALL_IN_SAVED_BYTES + missing_bytes * _BYTE_IN_SAVED_BYTES
    return missing_bytes <= _BLOB_BYTES and cost < content_bytes


def _read_whole_layer(data: bytes, name: str, budget: ByteBudget | None) -> BlobInfo | None:
    blob = Blob(io.BytesIO(data), name, 0)
    kind = sniff(blob.peek())
    if kind == "json" or kind == "other":
        return None
    return read_layer(blob, kind, with_gzip_size=False, budget=budget)
