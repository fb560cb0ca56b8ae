"""OCI layouts made of this machine's own Python, for benchmarks."""

from __future__ import annotations

import hashlib
import io
import json
import sysconfig
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from layerbench.image.documents import Platform

_SMALL_BYTES = 500_000


@dataclass(frozen=True)
class LayerFiles:
    """Files to make one layer of."""

    paths: tuple[Path, ...]
    times: int = 1
    """How often all of them go in, each time into another folder."""
    edited_every: int = 0
    """Every so many files, one gets another last byte; 0 for none."""


def small_files() -> tuple[Path, ...]:
    """Python's own library: many small files."""
    library = Path(sysconfig.get_path("stdlib"))
    found = [path for path in sorted(library.rglob("*")) if path.is_file() and "site-packages" not in path.parts]
    return tuple(path for path in found if path.stat().st_size < _SMALL_BYTES)


def large_files() -> tuple[Path, ...]:
    """The largest shared objects of installed packages."""
    packages = Path(sysconfig.get_path("purelib"))
    found = sorted((path for path in packages.rglob("*.so*") if path.is_file()), key=lambda path: path.stat().st_size)
    return tuple(found[-40:])


def write_layout(folder: Path, layers: Sequence[LayerFiles], *, gzip_level: int | None) -> list[Path]:
    """An OCI layout with these layers, uncompressed for level None; returns its layer blobs."""
    store = folder / "blobs" / "sha256"
    store.mkdir(parents=True)
    descriptors, diff_ids, blobs = [], [], []
    for number, files in enumerate(layers):
        tar = _tar(files, f"layer{number}")
        diff_ids.append(_digest(tar))
        data = tar if gzip_level is None else _gzipped(tar, gzip_level)
        descriptors.append(_add(store, data))
        blobs.append(store / _digest(data).removeprefix("sha256:"))
    config = {
        "os": "linux",
        "architecture": Platform.of_machine().architecture,
        "history": [{"created_by": f"COPY layer{number} /"} for number in range(len(blobs))],
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    manifest = {"schemaVersion": 2, "config": _add(store, json.dumps(config).encode()), "layers": descriptors}
    index = {"schemaVersion": 2, "manifests": [_add(store, json.dumps(manifest).encode())]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return blobs


def _tar(files: LayerFiles, top: str) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for time in range(files.times):
            for number, path in enumerate(files.paths):
                content = path.read_bytes()
                if files.edited_every and number % files.edited_every == 0:
                    content += b"x"
                member = tarfile.TarInfo(f"{top}/{time}/{number // 100}/{number}-{path.name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return output.getvalue()


def _gzipped(data: bytes, level: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return compressor.compress(data) + compressor.flush()


def _add(store: Path, data: bytes) -> dict[str, object]:
    digest = _digest(data)
    (store / digest.removeprefix("sha256:")).write_bytes(data)
    return {"mediaType": "", "digest": digest, "size": len(data)}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
