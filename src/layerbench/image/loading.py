"""Giving an engine an image from an OCI layout, for engines that cannot read layouts themselves."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from layerbench.errors import EngineError


def load_layout(docker_command: Sequence[str], environment: Mapping[str, str], layout: str, reference: str) -> None:
    """Load one image of an OCI layout under a name, by the old form of archive, which every image store reads.

    Args:
        docker_command: how docker is called.
        environment: the whole environment of docker's process.
        layout: `FOLDER:TAG`, `FOLDER@DIGEST`, or a folder that holds one image.
        reference: the name to load it by.

    Raises:
        EngineError: there is no such image in the layout, or docker refuses it.
    """
    folder, config, layers = _image_of(layout)
    manifest = json.dumps([{"Config": config, "RepoTags": [reference], "Layers": layers}]).encode()
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [*docker_command, "load", "--quiet"],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=words,
        )
        assert process.stdin is not None  # noqa: S101 - it was opened as a pipe
        with contextlib.suppress(BrokenPipeError), process.stdin, tarfile.open(fileobj=process.stdin, mode="w|") as tar:
            for path in (config, *layers):
                tar.add(folder / path, path)
            member = tarfile.TarInfo("manifest.json")
            member.size = len(manifest)
            tar.addfile(member, io.BytesIO(manifest))
        if process.wait() != 0:
            words.seek(0)
            said = words.read().decode(errors="replace").strip()
            raise EngineError(f"docker load could not take the layout {layout}: {said}")


def _image_of(layout: str) -> tuple[Path, str, list[str]]:
    """Folder, config and layers of one image, the latter two as paths below the folder."""
    folder, tag, digest = _split(layout)
    try:
        manifests = _read(folder / "index.json")["manifests"]
        wanted = [entry for entry in manifests if _matches(entry, tag, digest)]
        if len(wanted) != 1:
            raise EngineError(
                f"the layout {layout} has {len(wanted)} images of that name; give FOLDER:TAG of one of them"
            )
        manifest = _read(folder / _blob(wanted[0]))
        return folder, _blob(manifest["config"]), [_blob(layer) for layer in manifest["layers"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{folder} is no OCI layout that can be read: {error}") from None


def _split(layout: str) -> tuple[Path, str | None, str | None]:
    if "@" in layout:
        folder, _, digest = layout.rpartition("@")
        return Path(folder), None, digest
    folder, separator, tag = layout.rpartition(":")
    if separator and "/" not in tag:
        return Path(folder), tag, None
    return Path(layout), None, None


def _matches(entry: Mapping[str, Any], tag: str | None, digest: str | None) -> bool:
    if digest is not None:
        return bool(entry["digest"] == digest)
    name = entry.get("annotations", {}).get("org.opencontainers.image.ref.name")
    return tag is None or name == tag


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _blob(descriptor: Mapping[str, Any]) -> str:
    algorithm, _, value = str(descriptor["digest"]).partition(":")
    if not (algorithm.isalnum() and value.isalnum()):
        raise ValueError(f"bad digest {descriptor['digest']!r}")
    return f"blobs/{algorithm}/{value}"
