"""Building the cases' images on a real engine, for `record.py` and the end-to-end tests."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layerbench.buildx.docker import DockerClient
from tests.busybox import CACHE, archive, busybox, docker_load, load_base
from tests.image.cases import BASE, CONTEXT_FILES, IMAGE, ONBUILD_BASE, SILENT_BASE, Case

# The image that has just lost its name is collected while this one is unpacked, and may take a layer that both have
# with it (Docker 28.5 with the containerd store).
_LOST_TO_COLLECTION = "does not exist: not found"
_ATTEMPTS = 3


@contextmanager
def bases(docker: DockerClient) -> Iterator[None]:
    """The bases in the engine; they and the cases' images are removed at the end."""
    load_base(docker, BASE)
    docker_load(docker, without_history(archive(busybox(CACHE), SILENT_BASE, "silent")))
    try:
        yield
    finally:
        docker.run("image", "rm", "--force", IMAGE, ONBUILD_BASE, SILENT_BASE, BASE)


def build_case(docker: DockerClient, case: Case, *options: str, tag: str = IMAGE) -> None:
    """Build a case's image."""
    if case.onbuild_base is not None:
        build(docker, case.onbuild_base, ONBUILD_BASE)
    arguments = [f"--build-arg={name}={value}" for name, value in case.build_args.items()]
    target = [f"--target={case.target}"] if case.target else []
    build(docker, case.dockerfile, tag, *target, *arguments, *options)


def build(docker: DockerClient, dockerfile: str, tag: str, *options: str) -> None:
    """Build one image in a context of its own, in place of the one that has its name."""
    # On the classic store an image that lost its name would stay behind.
    docker.run("image", "rm", "--force", tag)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {**CONTEXT_FILES, "Dockerfile": dockerfile}.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        command = [*docker.command, "buildx", "build", "--quiet", "--tag", tag, *options, folder]
        for _ in range(_ATTEMPTS):
            done = subprocess.run(command, env=docker.environ(), capture_output=True, text=True, check=False)
            if _LOST_TO_COLLECTION not in done.stderr:
                break
        assert done.returncode == 0, done.stderr


def save(docker: DockerClient, reference: str) -> bytes:
    """What `docker save` makes of an image."""
    command = [*docker.command, "save", reference]
    return subprocess.run(command, env=docker.environ(), capture_output=True, check=True).stdout


def without_history(content: bytes) -> bytes:
    """The same image without a history in its config."""
    output = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=output, mode="w") as new:
        members = {member.name: old.extractfile(member).read() for member in old}  # type: ignore[union-attr]
        [manifest] = json.loads(members["manifest.json"])
        config = json.loads(members.pop(manifest["Config"]))
        del config["history"]
        config_bytes = json.dumps(config).encode()
        manifest["Config"] = f"{hashlib.sha256(config_bytes).hexdigest()}.json"
        members |= {manifest["Config"]: config_bytes, "manifest.json": json.dumps([manifest]).encode()}
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return output.getvalue()
