"""What the tar scanner makes of a tar, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from layerbench.image.profile import Entry, Package
from layerbench.image.tar_header import TarDamageError
from layerbench.image.tar_scan import TarScanner

CORPUS = Path(__file__).parent / "data" / "tar-corpus"


@dataclass
class Kept:
    """Keeps the content of every plain file up to a limit."""

    limit: int = 0
    contents: dict[str, bytes] = field(default_factory=dict)
    too_long: dict[str, int] = field(default_factory=dict)

    def limit_bytes(self, path: str) -> int:
        return self.limit

    def add(self, path: str, content: bytes) -> None:
        self.contents[path] = content

    def too_large(self, path: str, content_bytes: int) -> None:
        self.too_long[path] = content_bytes

    def finish(self) -> tuple[tuple[Package, ...], tuple[str, ...]]:
        return (), ()


def scan(data: bytes, cuts: Sequence[int] = (), kept: Kept | None = None) -> tuple[list[Entry], int]:
    """Entries in the order of the tar and the bytes at the end, from chunks that are cut at the given places."""
    scanner = TarScanner(kept or Kept())
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        scanner.feed(data[start:end])
    end_bytes = scanner.finish()
    entries = [Entry(*row) for row in scanner.entries]
    assert sum(entry.uncompressed_bytes for entry in entries) + end_bytes == scanner.fed_bytes == len(data)
    return entries, end_bytes


def outcome(data: bytes, cuts: Sequence[int] = ()) -> dict[str, Any]:
    """The same as JSON has it, or the error."""
    try:
        entries, end_bytes = scan(data, cuts)
    except TarDamageError as error:
        return {"offset": error.offset, "reason": error.reason}
    return {"entries": [list(entry) for entry in entries], "end_bytes": end_bytes}
