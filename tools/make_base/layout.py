"""The image: two layers out of one root file system, written as an OCI image layout."""

from __future__ import annotations

import contextlib
import copy
import fnmatch
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .debian import DOCUMENTATION, NEWEST_MTIME
from .process import Failed, run

KEY_ANNOTATION = "layerbench.base.key"
NEVER_IN_LAYER = (
    *("dev/*", "proc/*", "sys/*", "run/*", "tmp/*", "var/log/*.log", "var/log/apt/*", "var/cache/ldconfig/*"),
    *("var/cache/debconf/*-old", "var/lib/dpkg/*-old", "etc/resolv.conf", "etc/hostname", "root/.cache/*"),
    *("etc/apt/apt.conf.d/99mmdebstrap", "var/cache/apt/*.bin", "var/lib/apt/lists/*"),
)


def write_overlay(root: Path, files: Mapping[str, str], archive: Path) -> None:
    """Pack what goes over Debian's files: all of `root`, and `files` (path to content), owned by root."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    with tarfile.open(archive, "w") as tar:
        for entry in sorted(root.iterdir()):
            tar.add(entry, entry.name, filter=owned)


def layer_of(name: str) -> str | None:
    """The layer that a path goes into: `system`, `python`, or None for no layer."""
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in NEVER_IN_LAYER):
        return None
    if name.startswith("usr/local/") and not name.startswith("usr/local/share/"):
        return None if "__pycache__" in name else "python"
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in DOCUMENTATION):
        return "system" if re.fullmatch(r"usr/share/doc/[^/]+(/copyright)?", name) else None
    return "system"


class Digesting(io.RawIOBase):
    """A file that compresses what is written to it, and knows the digest of it before that."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._packed = gzip.GzipFile("", "wb", 6, self._file, mtime=0)
        self.plain = hashlib.sha256()

    def write(self, data: Any) -> int:
        """Take a piece of the plain content."""
        self.plain.update(data)
        return self._packed.write(data)

    def close(self) -> None:
        """End the compressed file."""
        self._packed.close()
        self._file.close()
        super().close()


class Layer:
    """A layer while it is written: a gzipped tar, and the digest of the plain one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: set[str] = set()
        self._file = Digesting(path)
        self._tar = tarfile.open(fileobj=self._file, mode="w|")  # noqa: SIM115

    def add(self, member: tarfile.TarInfo, source: tarfile.TarFile) -> None:
        """Take one entry of another tar; a hard link to what is not in this layer becomes a file of its own."""
        content = None
        if member.islnk() and member.linkname not in self.names:
            original = source.getmember(f"./{member.linkname}")
            member.type, member.size, content = tarfile.REGTYPE, original.size, source.extractfile(original)
        elif member.isreg():
            content = source.extractfile(member)
        self.names.add(member.name)
        self._tar.addfile(member, content)

    def close(self) -> None:
        """End tar, gzip and file."""
        self._tar.close()
        self._file.close()

    @property
    def diff_id(self) -> str:
        """The digest of the plain tar."""
        return f"sha256:{self._file.plain.hexdigest()}"


def split_layers(archive: Path, folder: Path) -> list[Layer]:
    """Write the root file system as two layers: Debian, and the CPython on top of it."""
    layers = {name: Layer(folder / f"{name}.tar.gz") for name in ("system", "python")}
    with tarfile.open(archive) as source:
        for member in source.getmembers():
            member = copy.copy(member)  # TarInfo.replace is not in Debian 12's Python
            member.name = member.name.removeprefix("./")
            where = layer_of(member.name)
            if where is None or member.name == "." or member.isdev():
                continue
            if member.islnk():
                member.linkname = member.linkname.removeprefix("./")
            member.mtime = min(int(member.mtime), NEWEST_MTIME)
            member.pax_headers = {}
            layers[where].add(member, source)
    for layer in layers.values():
        layer.close()
    return list(layers.values())


def write_layout(folder: Path, layers: Sequence[Layer], python_version: str, tag: str, key: str) -> None:
    """Write an OCI image layout (image-spec 1.0) of one image for this machine's architecture."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def store(content: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {
            "mediaType": f"application/vnd.oci.image.{media_type}",
            "digest": f"sha256:{digest}",
            "size": len(content),
        }

    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NEWEST_MTIME))
    path = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    config = {
        "architecture": run("dpkg", "--print-architecture").strip().replace("armhf", "arm"),
        "os": "linux",
        "created": made,
        "config": {"Env": [f"PATH={path}", "LANG=C.UTF-8", f"PYTHON_VERSION={python_version}"], "Cmd": ["python3"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": made, "created_by": f"make-base: {layer.path.name.split('.')[0]}"} for layer in layers],
    }
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": store(json.dumps(config).encode(), "config.v1+json"),
        "layers": [store(layer.path.read_bytes(), "layer.v1.tar+gzip") for layer in layers],
    }
    entry = store(json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
        "annotations": {KEY_ANNOTATION: key},
    }
    (folder / "index.json").write_text(json.dumps(index, indent=2) + "\n")
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')


def key_of(layout: Path) -> str | None:
    """What an existing layout was made from; None when there is none, or a part of it is missing."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        index = json.loads((layout / "index.json").read_text())
        manifest = json.loads(blob(layout, index["manifests"][0]).read_text())
        parts = [manifest["config"], *manifest["layers"]]
        if all(blob(layout, part).stat().st_size == part["size"] for part in parts):
            return str(index["annotations"][KEY_ANNOTATION])
    return None


def blob(layout: Path, descriptor: Mapping[str, Any]) -> Path:
    """The file of a blob."""
    return layout / "blobs" / str(descriptor["digest"]).replace(":", "/")


def load(layout: Path, name: str) -> None:
    """Give the image to the Docker Engine that the environment names, as an archive that every image store reads."""
    entry = json.loads((layout / "index.json").read_text())["manifests"][0]
    manifest = json.loads(blob(layout, entry).read_text())
    parts = [blob(layout, part) for part in (manifest["config"], *manifest["layers"])]
    paths = [str(part.relative_to(layout)) for part in parts]
    content = json.dumps([{"Config": paths[0], "RepoTags": [name], "Layers": paths[1:]}]).encode()
    process = subprocess.Popen(["docker", "load", "--quiet"], stdin=subprocess.PIPE, stdout=sys.stderr)
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin, tarfile.open(fileobj=process.stdin, mode="w|") as tar:
        for part, path in zip(parts, paths, strict=True):
            tar.add(part, path)
        member = tarfile.TarInfo("manifest.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    if process.wait():
        raise Failed(f"docker load could not take {layout}: see its words above")
