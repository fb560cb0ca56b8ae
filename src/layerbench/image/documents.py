"""The JSON documents of an image: index, manifest, config, and `docker save`'s manifest.json.

Specifications: OCI image-spec 1.1 (`image-index.md`, `manifest.md`, `config.md`) and Docker's `image-spec-v1.2.md`.
Everything comes from outside, so every field is checked before it is used. OCI and Docker media types differ in name
only; what a document is follows from its fields, as containerd decides it too.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layerbench.errors import EngineError
from layerbench.image.models import HistoryEntry

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
# What names an image in index.json (OCI image-spec, annotations.md), and containerd's annotation with the whole name.
_NAME_ANNOTATIONS = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}


@dataclass(frozen=True, slots=True)
class Platform:
    """Where an image runs."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read `os/architecture[/variant]`."""
        os_, _, rest = text.partition("/")
        architecture, _, variant = rest.partition("/")
        return cls(os_, architecture, variant)

    @classmethod
    def of_machine(cls) -> Platform:
        """What images run on here."""
        machine = os.uname().machine
        return cls("linux", _GO_ARCHITECTURES.get(machine, machine))

    def matches(self, other: Platform) -> bool:
        """Whether both say the same, as far as both say it."""
        same_variant = not self.variant or not other.variant or self.variant == other.variant
        return (self.os, self.architecture) == (other.os, other.architecture) and same_variant

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to a blob."""

    digest: str
    size_bytes: int
    platform: Platform | None
    is_attestation: bool
    """True for the provenance and the bill of materials that BuildKit puts beside an image: not a platform."""
    names: tuple[str, ...] = ()
    """What the image is called in an index."""


@dataclass(frozen=True, slots=True)
class Index:
    """A list of manifests, or of further indexes."""

    manifests: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One platform's image: its config and its layers, the base's first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The part of an image's config that tells about layers."""

    diff_ids: tuple[str, ...]
    history: tuple[HistoryEntry, ...]
    platform: Platform


@dataclass(frozen=True, slots=True)
class ArchiveImage:
    """One image in `docker save`'s manifest.json, by the paths of its members."""

    config_path: str
    layer_paths: tuple[str, ...]
    has_layer_sources: bool
    """True from the classic store of Docker 25 and newer: its blobs are tars that it made for the archive."""
    tags: tuple[str, ...] = ()


def parse_json(data: bytes, what: str) -> Any:
    """Decode one document; `what` names it in the error.

    Raises:
        EngineError: it is no JSON.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EngineError(f"{what} is no valid JSON ({error}); build or pull the image again") from error


def parse_index_or_manifest(data: bytes, what: str) -> Index | Manifest:
    """Read an index, a Docker manifest list, or a manifest.

    Raises:
        EngineError: it is neither, or a field is missing or of the wrong type.
    """
    document = _object(parse_json(data, what), what)
    if "manifests" in document:
        return Index(_descriptors(document, "manifests", what))
    if "config" in document:
        return Manifest(_descriptor(document["config"], what), _descriptors(document, "layers", what))
    raise EngineError(f"{what} is neither an image index nor an image manifest")


def parse_config(data: bytes, what: str) -> ImageConfig:
    """Read an image config.

    Raises:
        EngineError: a field is missing or of the wrong type.
    """
    document = _object(parse_json(data, what), what)
    rootfs = _object(document.get("rootfs"), f"rootfs of {what}")
    diff_ids = tuple(
        _digest(value, f"diff_ids of {what}") for value in _list(rootfs.get("diff_ids"), f"diff_ids of {what}")
    )
    history = tuple(_history_entry(entry, what) for entry in _list(document.get("history"), f"history of {what}"))
    return ImageConfig(diff_ids, history, _platform(document, what))


def parse_archive_manifest(data: bytes, what: str) -> tuple[ArchiveImage, ...]:
    """Read `docker save`'s manifest.json.

    Raises:
        EngineError: a field is missing or of the wrong type.
    """
    images = []
    for value in _list(parse_json(data, what), what):
        entry = _object(value, what)
        images.append(
            ArchiveImage(
                config_path=_string(entry.get("Config"), f"Config of {what}"),
                layer_paths=tuple(
                    _string(path, f"Layers of {what}") for path in _list(entry.get("Layers"), f"Layers of {what}")
                ),
                has_layer_sources="LayerSources" in entry,
                tags=tuple(tag for tag in _list(entry.get("RepoTags"), f"RepoTags of {what}") if isinstance(tag, str)),
            )
        )
    return tuple(images)


def _history_entry(value: Any, what: str) -> HistoryEntry:
    entry = _object(value, f"history of {what}")
    return HistoryEntry(
        created_by=_string(entry.get("created_by") or "", f"created_by of {what}"),
        empty_layer=entry.get("empty_layer") is True,
        comment=_string(entry.get("comment") or "", f"comment of {what}"),
    )


def _descriptors(document: Mapping[str, Any], key: str, what: str) -> tuple[Descriptor, ...]:
    return tuple(_descriptor(value, what) for value in _list(document.get(key), f"{key} of {what}"))


def _descriptor(value: Any, what: str) -> Descriptor:
    entry = _object(value, f"descriptor in {what}")
    size = entry.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise EngineError(f"a descriptor's size in {what} is {size!r} and not a number of bytes")
    platform = _platform(_object(entry["platform"], what), what) if entry.get("platform") is not None else None
    annotations = _object(entry.get("annotations") or {}, f"annotations in {what}")
    # BuildKit marks both ways (its docs/attestations/attestation-storage.md); registries have dropped annotations.
    is_attestation = annotations.get("vnd.docker.reference.type") == "attestation-manifest" or (
        platform is not None and platform.os == platform.architecture == "unknown"
    )
    names = tuple(name for key in _NAME_ANNOTATIONS if isinstance(name := annotations.get(key), str))
    return Descriptor(_digest(entry.get("digest"), what), size, platform, is_attestation, names)


def _platform(document: Mapping[str, Any], what: str) -> Platform:
    os_, architecture, variant = (
        _string(document.get(key) or "", f"{key} of {what}") for key in ("os", "architecture", "variant")
    )
    return Platform(os_, architecture, variant)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EngineError(f"{what} is no JSON object")
    return value


def _list(value: Any, what: str) -> list[Any]:
    # Go writes an empty list as null: `"Layers": null` was seen for an image without layers.
    if value is None:
        return []
    if not isinstance(value, list):
        raise EngineError(f"{what} is no JSON list")
    return value


def _string(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise EngineError(f"{what} is no JSON string")
    return value


def _digest(value: Any, what: str) -> str:
    if not isinstance(value, str) or not _DIGEST.match(value):
        raise EngineError(f"{what} has {ascii(value)[:120]} where a sha256 digest belongs")
    return value
