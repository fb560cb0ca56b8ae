"""An engine's answers on a Unix socket, for what can be said without a real one."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@contextmanager
def answering(folder: Path, answers: Mapping[str, bytes]) -> Iterator[str]:
    """The path of a socket that gives, by the path of a request's target, what is sent back byte by byte."""
    socket_path = folder / "docker.sock"

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split()[1].decode()
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answers.get(unquote(urlsplit(target).path), http(404, {"message": "No such image"})))

    with socketserver.ThreadingUnixStreamServer(str(socket_path), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield str(socket_path)
        finally:
            server.shutdown()


def http(status: int, document: Any) -> bytes:
    """An answer as an engine sends it."""
    body = json.dumps(document).encode()
    head = f"HTTP/1.0 {status} Words\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def containerd_image(**platforms: int) -> dict[str, Any]:
    """As Docker 28 tells of an image in the containerd store, with the bytes of each architecture's content."""
    manifests = [
        {
            "ID": manifest_digest(architecture),
            "Available": True,
            "Kind": "image",
            "Size": {"Content": count},
            "ImageData": {"Platform": {"os": "linux", "architecture": architecture}},
        }
        for architecture, count in platforms.items()
    ]
    attestation = {"ID": "sha256:" + "ee" * 32, "Available": True, "Kind": "attestation", "AttestationData": {}}
    return {
        "Id": "sha256:" + "ab" * 32,
        "Descriptor": {"digest": "sha256:" + "ab" * 32},
        "Os": "linux",
        "Architecture": "amd64",
        "RootFS": {"Layers": ["sha256:" + "01" * 32]},
        "Manifests": [*manifests, attestation],
    }


def manifest_digest(architecture: str) -> str:
    """Of the manifest of an architecture in `containerd_image`."""
    return "sha256:" + f"{sum(map(ord, architecture)) % 256:02x}" * 32
