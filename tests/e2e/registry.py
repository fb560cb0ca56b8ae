"""A registry on loopback that serves what it is given: manifests and blobs of a layout, over plain HTTP.

Docker takes a registry on loopback without TLS by itself. The protocol: OCI distribution-spec 1.1, pull.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.image.archives import Layout, blob_path


@dataclass
class Registry:
    """What a registry has, and where."""

    address: str
    layout: Layout
    tags: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The descriptor that a tag of any repository stands for."""
    media_types: dict[str, str] = field(default_factory=dict)
    """Of the manifests and indexes, by digest."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """Blobs are handed out while it is set."""
    is_asked_for_blobs: threading.Event = field(default_factory=threading.Event)

    def push(self, tag: str, descriptor: Mapping[str, Any], *others: Mapping[str, Any]) -> str:
        """Give a tag to a manifest or an index; returns the name to pull it by."""
        self.tags[tag] = descriptor
        for known in (descriptor, *others):
            self.media_types[known["digest"]] = known["mediaType"]
        return f"{self.address}/layerbench-test/pulled:{tag}"

    def find(self, path: str) -> tuple[bytes, str, str] | None:
        """Content, media type and digest of what a path stands for."""
        kind, _, name = path.removeprefix("/v2/layerbench-test/pulled/").partition("/")
        digest = self.tags[name]["digest"] if name in self.tags else name
        if kind not in ("manifests", "blobs") or (content := self.layout.files.get(blob_path(digest))) is None:
            return None
        return content, self.media_types.get(digest, "application/octet-stream"), digest


@contextmanager
def serving(layout: Layout) -> Iterator[Registry]:
    """A registry for as long as the context lasts."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Docker tries TLS first, and plain HTTP where the answer to that is HTTP's: with its first line, then.
        default_request_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(with_content=False)

        def do_GET(self) -> None:
            self.answer(with_content=True)

        def answer(self, *, with_content: bool) -> None:
            if self.path.rstrip("/") == "/v2":
                found: tuple[bytes, str, str] | None = (b"{}", "application/json", "")
            else:
                found = registry.find(self.path)
            if found is None:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content, media_type, digest = found
            if "/blobs/" in self.path and with_content:
                registry.is_asked_for_blobs.set()
                registry.go_on.wait(60)
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", digest)
            self.end_headers()
            if with_content:
                self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry = Registry(f"127.0.0.1:{server.server_port}", layout)
        registry.go_on.set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield registry
        finally:
            registry.go_on.set()
            server.shutdown()
