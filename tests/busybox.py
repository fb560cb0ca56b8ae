"""A base image of two megabytes for tests: Debian's static busybox, loaded into an engine without a registry."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
from pathlib import Path

from layerbench.buildx.docker import DockerClient

CHECKOUT = Path(__file__).resolve().parents[1]
CACHE = CHECKOUT / ".layerbench" / "test-busybox"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def load_base(docker: DockerClient, reference: str, distinct: str = "") -> None:
    """Load the base image into an engine under the name `reference`.

    Args:
        docker: client of the engine.
        reference: name and tag.
        distinct: text that becomes part of the image, so that nothing that was built on another one is a hit.
    """
    docker_load(docker, archive(busybox(CACHE), reference, distinct))


def docker_load(docker: DockerClient, content: bytes) -> None:
    """Give an archive to `docker load`."""
    subprocess.run(
        [*docker.command, "load", "--quiet"], env=docker.environ(), input=content, check=True, capture_output=True
    )


def busybox(cache: Path) -> Path:
    """The static busybox of the machine's Debian release; downloaded once, not installed.

    The machine's package lists serve where it has some, else lists of our own.
    """
    program = cache / "busybox"
    if not program.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        if not _download(cache, []):
            lists = [f"-oDir::State::Lists={cache}/lists", f"-oDir::Cache={cache}/cache"]
            (cache / "lists" / "partial").mkdir(parents=True, exist_ok=True)
            (cache / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
            _run("apt-get", *lists, "update", "-q", folder=cache)
            assert _download(cache, lists), "busybox-static cannot be downloaded from the machine's mirror"
        package = next(cache.glob("busybox-static_*.deb"))
        unpacked = cache / "unpacked"
        _run("dpkg-deb", "--extract", package.name, unpacked.name, folder=cache)
        found = next(path for path in (unpacked / "bin/busybox", unpacked / "usr/bin/busybox") if path.is_file())
        found.rename(program)
    return program


def archive(program: Path, reference: str, distinct: str) -> bytes:
    """An image of one layer as `docker save` writes it (image-spec v1.2 of github.com/moby/moby)."""
    layer = _layer(program, distinct)
    digest = hashlib.sha256(layer).hexdigest()
    config = {
        "architecture": _ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "busybox"}],
    }
    config_bytes = json.dumps(config).encode()
    config_name = f"{hashlib.sha256(config_bytes).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": ["layer.tar"]}]
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        _add(tar, config_name, config_bytes)
        _add(tar, "layer.tar", layer)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    return output.getvalue()


def _layer(program: Path, distinct: str) -> bytes:
    commands = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split()
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for folder, mode in (("bin", 0o755), ("tmp", 0o1777), ("root", 0o700), ("etc", 0o755)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        _add(tar, "bin/busybox", program.read_bytes(), 0o755)
        for command in commands:
            if command != "busybox":
                entry = tarfile.TarInfo(f"bin/{command}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
        _add(tar, "etc/distinct", distinct.encode())
    return output.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def _download(cache: Path, options: list[str]) -> bool:
    _run("apt-get", *options, "download", "-q", "busybox-static", folder=cache, check=False)
    return any(cache.glob("busybox-static_*.deb"))


def _run(*command: str, folder: Path, check: bool = True) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
