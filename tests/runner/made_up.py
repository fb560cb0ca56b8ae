"""A docker client that is a script, and an engine's answers on a socket, which together have one image."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.image import archives
from tests.image.archives import LAYERS, digest_of
from tests.image.engines import http

NAME = "localhost:5000/app:1"
CONFIG = json.dumps(archives.config_of([digest_of(layer) for layer in LAYERS])).encode()
IMAGE = {
    "Id": digest_of(CONFIG),
    "Os": "linux",
    "Architecture": "amd64",
    "RootFS": {"Layers": [digest_of(layer) for layer in LAYERS]},
}
# The image is there while the file `there` is; every call is written down.
DOCKER = """#!/bin/sh
cd "$FAKE" && echo "$*" >> calls
case "$1 $2" in
"save --") cat image.tar ;;
"pull --quiet") sleep "$(cat slow 2> /dev/null || echo 0)"
    if [ -e refused ]; then echo "Error response from daemon: manifest unknown" >&2; exit 1; fi; touch there ;;
"image rm") rm there ;;
"image ls") cat ids 2> /dev/null || true ;;
"image inspect") cat names ;;
*) exit 1 ;;
esac
"""


class Answers(Mapping[str, bytes]):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, path: str) -> bytes:
        if path == f"/images/{NAME}/json" and (self._folder / "there").exists():
            return http(200, IMAGE)
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def calls(fake: Path) -> list[str]:
    path = fake / "calls"
    return path.read_text().splitlines() if path.exists() else []
