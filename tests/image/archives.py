"""Hand-made image archives in all the forms that are read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import zstandard

Compressor = Callable[[bytes], bytes]

OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def plain(data: bytes) -> bytes:
    """No compression."""
    return data


def gzipped(data: bytes) -> bytes:
    """One gzip member."""
    return gzip.compress(data, 6, mtime=0)


def gzipped_in_members(data: bytes) -> bytes:
    """Many gzip members, an empty one among them, as in eStargz."""
    parts = [data[start : start + 1000] for start in range(0, len(data), 1000)]
    return b"".join(gzip.compress(part, mtime=0) for part in [*parts, b""])


def zstd(data: bytes) -> bytes:
    """One zstd frame."""
    return zstandard.ZstdCompressor().compress(data)


def zstd_in_frames(data: bytes) -> bytes:
    """A skippable frame, and two others around another one, as in zstd:chunked."""
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip"
    half = len(data) // 2
    return skippable + zstd(data[:half]) + skippable + zstd(data[half:]) + skippable


_SUFFIXES = {gzipped: "+gzip", gzipped_in_members: "+gzip", zstd: "+zstd", zstd_in_frames: "+zstd"}


def digest_of(data: bytes) -> str:
    """`sha256:…`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar_of(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """A tar of plain files in the given order, symbolic links first."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return output.getvalue()


def header_of(name: str, size_bytes: int) -> bytes:
    """The header of a plain file whose content is yet to follow."""
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    return member.tobuf(tarfile.PAX_FORMAT)


LAYERS = tuple(tar_of({f"file{number}": bytes([65 + number]) * 3000 * (number + 1)}) for number in range(3))


@dataclass
class Layout:
    """An OCI layout that grows."""

    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, data: bytes, media_type: str = "", **more: Any) -> dict[str, Any]:
        """Add a blob and return its descriptor."""
        digest = digest_of(data)
        self.files[blob_path(digest)] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def add_json(self, document: object, media_type: str = "", **more: Any) -> dict[str, Any]:
        """Add a JSON blob and return its descriptor."""
        return self.add(json.dumps(document).encode(), media_type, **more)

    def add_image(
        self,
        layers: Sequence[bytes] = LAYERS,
        compress: Compressor = gzipped,
        *,
        manifest_type: str = OCI_MANIFEST,
        architecture: str = "amd64",
        diff_ids: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Add one platform's image and return its manifest's descriptor."""
        layer_type = DOCKER_LAYER if manifest_type == DOCKER_MANIFEST else OCI_LAYER + _SUFFIXES.get(compress, "")
        blobs = [self.add(compress(layer), layer_type) for layer in layers]
        config = config_of([digest_of(layer) for layer in layers] if diff_ids is None else diff_ids, architecture)
        config_type = DOCKER_CONFIG if manifest_type == DOCKER_MANIFEST else OCI_CONFIG
        document = {
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": self.add_json(config, config_type),
            "layers": blobs,
        }
        return self.add_json(document, manifest_type, platform={"os": "linux", "architecture": architecture})

    def add_attestation(self, subject: Mapping[str, Any]) -> dict[str, Any]:
        """Add an attestation manifest as BuildKit does and return its descriptor."""
        statement = self.add_json({"_type": "https://in-toto.io/Statement/v0.1"}, "application/vnd.in-toto+json")
        config = self.add_json(config_of([statement["digest"]], "unknown"))
        return self.add_json(
            {"schemaVersion": 2, "config": config, "layers": [statement]},
            OCI_MANIFEST,
            annotations={
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": subject["digest"],
            },
            platform={"os": "unknown", "architecture": "unknown"},
        )

    def add_index(self, *manifests: Mapping[str, Any], media_type: str = OCI_INDEX) -> dict[str, Any]:
        """Add an index as a blob and return its descriptor."""
        return self.add_json({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}, media_type)

    def tar(self, *manifests: Mapping[str, Any]) -> bytes:
        """The archive: blobs by digest, then index.json, as containerd writes it."""
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        layout = {"index.json": json.dumps(index).encode(), "oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
        return tar_of({**dict(sorted(self.files.items())), **layout})


def config_of(diff_ids: Sequence[str], architecture: str = "amd64") -> dict[str, Any]:
    """An image config with a history entry a layer."""
    history = [{"created_by": f"RUN {number}"} for number in range(len(diff_ids))]
    rootfs = {"type": "layers", "diff_ids": list(diff_ids)}
    return {"os": "linux", "architecture": architecture, "rootfs": rootfs, "history": [*history, {"empty_layer": True}]}


def blob_path(digest: str) -> str:
    """Where an OCI layout keeps a blob."""
    return digest.replace("sha256:", "blobs/sha256/")


def oci_archive(compress: Compressor = gzipped, layers: Sequence[bytes] = LAYERS) -> bytes:
    """One image alone, as the containerd store saves it without attestations."""
    layout = Layout()
    return layout.tar(layout.add_image(layers, compress))


def classic_archive(layers: Sequence[bytes] = LAYERS) -> bytes:
    """As the classic store saves it since Docker 25."""
    config = json.dumps(config_of([digest_of(layer) for layer in layers])).encode()
    blobs = {blob_path(digest_of(data)): data for data in (*layers, config)}
    entry = {
        "Config": blob_path(digest_of(config)),
        "RepoTags": ["example:1"],
        "Layers": [blob_path(digest_of(layer)) for layer in layers],
        "LayerSources": {digest_of(layer): {"mediaType": OCI_LAYER, "size": len(layer)} for layer in layers},
    }
    return tar_of({**dict(sorted(blobs.items())), "manifest.json": json.dumps([entry]).encode()})


def old_archive(layers: Sequence[bytes] = LAYERS) -> bytes:
    """As Docker saved it up to version 24; a layer that is there twice is a link to the first."""
    config = json.dumps(config_of([digest_of(layer) for layer in layers])).encode()
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    paths: list[str] = []
    first: dict[bytes, str] = {}
    for number, layer in enumerate(layers):
        folder = hashlib.sha256(str(number).encode()).hexdigest()
        paths.append(f"{folder}/layer.tar")
        if layer in first:
            links[paths[-1]] = f"../{first[layer]}"
        else:
            first[layer] = paths[-1]
            files[paths[-1]] = layer
        files |= {f"{folder}/VERSION": b"1.0", f"{folder}/json": b'{"id": "x"}'}
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    entry = {"Config": name, "RepoTags": None, "Layers": paths}
    return tar_of({**files, name: config, "manifest.json": json.dumps([entry]).encode()}, links)
