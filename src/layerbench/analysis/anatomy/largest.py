"""The largest files of an image."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappush, heappushpop
from math import inf

from layerbench.analysis.anatomy.models import PathBytes
from layerbench.analysis.anatomy.walk import Fated


class LargestFiles:
    """Keeps the paths that take the most bytes in all layers together; folders and whiteouts are none."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, str, tuple[int, ...]]] = []
        self.least_bytes: float = 0 if most else inf
        """Paths with no more bytes need not be added."""

    def add(self, members: Sequence[Fated]) -> None:
        """Look at all entries of one path."""
        files = [(row[3], layer) for row, layer, _, _ in members if row[1] not in ("folder", "whiteout", "opaque")]
        uncompressed_bytes = sum(share for share, _ in files)
        if uncompressed_bytes <= self.least_bytes:
            return
        found = uncompressed_bytes, members[0][0][0], tuple(sorted({layer for _, layer in files}))
        if len(self._heap) < self._most:
            heappush(self._heap, found)
        else:
            heappushpop(self._heap, found)
        if len(self._heap) == self._most:
            self.least_bytes = self._heap[0][0]

    def finish(self) -> tuple[PathBytes, ...]:
        """The largest first."""
        ordered = sorted(self._heap, key=lambda found: (-found[0], found[1]))
        return tuple(PathBytes(path, total, 1, layers) for total, path, layers in ordered)
