"""Record the histories of real images into `data/`: `python -m tests.image.record` in the project's environment.

The engine is the one that `docker` reaches; its image store names the folder. Of every case the image's config is kept,
whole; of one, the archive too. Only the times in them tell one machine from another.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile

from layerbench.buildx.docker import DockerClient, engine_facts
from tests.image.builds import bases, build_case, save
from tests.image.cases import CASES, DATA, IMAGE

ARCHIVE_CASE = "scratch_with_files"
# `docker save` on the classic store refuses an image without layers.
NOT_SAVED = {"classic": {"scratch_without_layer"}}


def start() -> None:
    """Record all cases, or those that the command line names."""
    docker = DockerClient()
    store = engine_facts(docker).image_store or "classic"
    folder = DATA / store
    folder.mkdir(parents=True, exist_ok=True)
    with bases(docker):
        for name in sys.argv[1:] or list(CASES):
            if name in NOT_SAVED.get(store, ()):
                continue
            build_case(docker, CASES[name])
            content = save(docker, IMAGE)
            (folder / f"{name}.json").write_text(json.dumps(config_of(content), indent=1) + "\n")
            if name == ARCHIVE_CASE:
                # The archive's name for the image names a registry; the new one is as long.
                (folder / f"{name}.tar").write_bytes(content.replace(b"docker.io/", b"localhost/"))
            print(f"{store} {name}: recorded", flush=True)


def config_of(content: bytes) -> object:
    """The config in an archive of one image."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        [manifest] = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
        return json.load(archive.extractfile(manifest["Config"]))  # type: ignore[arg-type]


if __name__ == "__main__":
    start()
