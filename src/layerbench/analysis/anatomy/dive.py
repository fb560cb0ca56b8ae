"""Efficiency and wasted bytes as dive's CI mode has them, so that its thresholds keep their meaning.

Read in github.com/wagoodman/dive at d6c69194 (v0.13.1 and 13 commits, May 2025), `dive/filetree/efficiency.go`,
`dive/filetree/file_tree.go` and `dive/image/analysis.go`. Sizes are contents; headers do not count.

- Each path occurs once in each layer that has it as a leaf: a file, a link, a folder without anything below it in that
  layer, or a whiteout, which stands for the path that it removes. Opaque whiteouts are left out.
- An occurrence has the length of a file's content. A whiteout has 0, unless what it removes is a folder: then the sum
  of what the layers before have below it.
- Efficiency is the sum over all paths of the smallest occurrence to the sum of all occurrences.
- Wasted bytes are all occurrences of the paths that occur twice or more.
- The ratio is the wasted bytes to the contents of all layers but the first.

One thing differs: where a whiteout removes what no lower layer has, dive leaves out the rest of that layer. No builder
writes such a whiteout, and here it counts 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from layerbench.analysis.anatomy.models import DiveFigures
from layerbench.analysis.anatomy.walk import Fated


@dataclass(slots=True)
class _Open:
    """A path whose occurrences depend on what is below it."""

    prefix: str
    sizes: list[int]
    """Of the occurrences that are known."""
    removals: dict[int, int | None]
    """By layer with a whiteout of it: what it removes, or None where that is no folder."""
    leaves: set[int] = field(default_factory=set)
    """Layers that have it as a folder, and so far nothing below it."""


class DiveCount:
    """Counts paths as they come in tree order."""

    def __init__(self) -> None:
        self._all_bytes = 0
        self._smallest_bytes = 0
        self._wasted_bytes = 0
        self._upper_bytes = 0
        self.open_paths: list[_Open] = []
        """While there are any, all paths have to go through `add`."""

    def add_plain(self, layer: int, content_bytes: int) -> None:
        """Count files of paths that occur only once."""
        self._all_bytes += content_bytes
        self._smallest_bytes += content_bytes
        if layer:
            self._upper_bytes += content_bytes

    def finish(self) -> DiveFigures:
        """The figures, once the last path is counted."""
        while self.open_paths:
            self._close(self.open_paths.pop())
        return DiveFigures(
            self._smallest_bytes / self._all_bytes if self._all_bytes else 1.0,
            self._wasted_bytes,
            self._wasted_bytes / self._upper_bytes if self._upper_bytes else 0.0,
        )

    def add(self, members: Sequence[Fated]) -> None:
        """Count all entries of the next path."""
        path = members[0][0][0]
        self._upper_bytes += sum(row[4] for row, layer, _, _ in members if layer)
        while self.open_paths and not path.startswith(self.open_paths[-1].prefix):
            self._close(self.open_paths.pop())
        # The last of a layer counts: dive keeps one for each path.
        latest = {layer: row for row, layer, _, _ in members if row[1] not in ("whiteout", "opaque")}
        removals = {layer for row, layer, _, _ in members if row[1] == "whiteout"}
        self._count_below(members, {layer: row[4] for layer, row in latest.items()}, removals)
        folders = {layer for layer, row in latest.items() if row[1] == "folder"}
        sizes = [row[4] for row in latest.values() if row[1] != "folder"]
        if not removals and (not sizes or not folders):
            self._count(sizes)
            return
        removed: dict[int, int | None] = {}
        for layer in removals:
            before = max((other for other in latest if other < layer), default=None)
            removed[layer] = 0 if before in folders else None
        self.open_paths.append(_Open(f"{path}/", sizes, removed, folders))

    def _count_below(self, members: Sequence[Fated], sizes: dict[int, int], removals: set[int]) -> None:
        """Tell the open paths around this one what it has and in which layers."""
        gone = set(removals)
        for around in self.open_paths:
            around.leaves.difference_update(layer for row, layer, _, _ in members if row[1] != "opaque")
            gone.update(around.removals)
        for around in self.open_paths:
            for layer, counted in around.removals.items():
                if counted is not None:
                    around.removals[layer] = counted + _size_before(layer, sizes, gone)

    def _close(self, path: _Open) -> None:
        self._count([*path.sizes, *(counted or 0 for counted in path.removals.values()), *(0 for _ in path.leaves)])

    def _count(self, sizes: Sequence[int]) -> None:
        if not sizes:
            return
        together = sum(sizes)
        self._all_bytes += together
        self._smallest_bytes += min(sizes)
        if len(sizes) > 1:
            self._wasted_bytes += together


def _size_before(layer: int, sizes: dict[int, int], removals: set[int]) -> int:
    """Size of a path in the layers before one, 0 where it is gone by then."""
    latest = max((other for other in sizes if other < layer), default=None)
    if latest is None or any(latest < removal < layer for removal in removals):
        return 0
    return sizes[latest]
