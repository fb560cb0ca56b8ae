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

from layerbench.image.archive import image_from_manifest, read_image_archive
from layerbench.image.blobs import Blob, read_layer, sniff
from layerbench.image.documents import Descriptor, Manifest, parse_config, parse_index_or_manifest
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
    if stored is not None and stored.content_digest is not None:
        image = known.image(stored.content_digest)
        if image is None:
            image = _read_stored(docker_command, environment, stored, known, reference)
            known.add_image(stored.content_digest, image)
        return image
    with open_saved_image(docker_command, environment, reference) as stream:
        return read_image_archive(stream, known, source=f"the saved image {reference}", platform=platform)


def _read_stored(
    docker_command: Sequence[str],
    environment: Mapping[str, str],
    stored: StoredImage,
    known: BlobInfoCache,
    reference: str,
) -> SavedImage:
    if stored.is_classic_store and stored.layer_count == 0:
        # `docker save` refuses it there: "empty export - not implemented".
        return SavedImage(None, stored.id, (), "gzip", ())
    image = _read_from_content_store(docker_command, environment, stored, known, f"the image {reference}")
    if image is not None:
        return image
    # By id: a name without a tag stands for all tags, and a tag can move.
    with open_saved_image(docker_command, environment, stored.id) as stream:
        return read_image_archive(
            stream,
            known,
            source=f"the saved image {reference}",
            manifest_digest=stored.manifest_digest,
            is_classic_store=stored.is_classic_store,
        )


def _read_from_content_store(
    docker_command: Sequence[str],
    environment: Mapping[str, str],
    stored: StoredImage,
    known: BlobInfoCache,
    source: str,
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
        blob = _read_whole_layer(layer_data, f"{source}: {descriptor.digest}") if layer_data is not None else None
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


def _read_whole_layer(data: bytes, name: str) -> BlobInfo | None:
    blob = Blob(io.BytesIO(data), name, 0)
    kind = sniff(blob.peek())
    if kind == "json" or kind == "other":
        return None
    return read_layer(blob, kind, with_gzip_size=False)
