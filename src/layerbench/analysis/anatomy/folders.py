"""Sums by folder, and a partition into the few folders that say most.

A partition names every folder that has at least a given share of the whole once the named folders below it are taken
out, and the root. A row holds what is below its folder and in no row further down, so rows never overlap and add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from layerbench.image.profile import tree_order

_LEAST_SHARE = 0.02
"""There are at most 50 rows and the root."""
_MOST_FOLDERS = 200_000
_MOST_CHARACTERS = 32_000_000
_MOST_DEPTH = 64

Sums: TypeAlias = list[int]
"""Weight, amount, marks; see `FolderRow`."""


class FolderRow(NamedTuple):
    """A folder with all that it stands for."""

    path: str
    weight: int
    """What makes a folder worth a row of its own, never negative."""
    amount: int
    """Any other sum."""
    marks: int
    """Bits of all that is in it."""


class FolderSums:
    """Three sums for each folder: of what is directly in it, until rows are made of them.

    Folders below 64 others count to those, and of an image with more than 200,000 folders the deepest do.
    """

    def __init__(self, most_folders: int = _MOST_FOLDERS) -> None:
        self._most_folders = most_folders
        self._sums: dict[str, Sums] = {}
        self._characters = 0
        self._depth = _MOST_DEPTH

    def at(self, folder: str) -> Sums:
        """The sums of a folder, to be added to until the next call."""
        sums = self._sums.get(folder)
        return self._new(folder) if sums is None else sums

    def include(self, other: FolderSums) -> None:
        """Add all sums of another one."""
        for folder, sums in other._sums.items():
            _add(self.at(folder), sums)

    def partition(self) -> list[FolderRow]:
        """The folders that say most, heaviest first."""
        whole = sum(sums[0] for sums in self._sums.values())
        least = max(1, whole * _LEAST_SHARE)
        rows = [
            FolderRow(folder, *sums)
            for folder, sums, _ in self._bottom_up(least)
            if sums[0] >= least or (not folder and sums[0])
        ]
        return sorted(rows, key=lambda row: (-row.weight, row.path))

    def tree(self, depth: int) -> list[FolderRow]:
        """All folders down to a depth with all that is below them, in tree order; the root is at depth 0."""
        rows = [FolderRow(folder, *sums) for folder, sums, level in self._bottom_up(None) if level <= depth]
        return sorted(rows, key=lambda row: tree_order(row.path))

    def _bottom_up(self, least: float | None) -> Iterator[tuple[str, Sums, int]]:
        """All folders with their depths. What weighs less than `least` counts to the folder above as well as here."""
        levels: list[dict[str, Sums]] = [{} for _ in range(_MOST_DEPTH + 1)]
        for folder, sums in self._sums.items():
            levels[_depth(folder)][folder] = list(sums)
        for depth in range(_MOST_DEPTH, -1, -1):
            for folder, sums in levels[depth].items():
                yield folder, sums, depth
                if depth and (least is None or sums[0] < least):
                    _add(levels[depth - 1].setdefault(folder.rpartition("/")[0], [0, 0, 0]), sums)

    def _new(self, folder: str) -> Sums:
        # Shorter ones cannot be too deep.
        if len(folder) >= 2 * self._depth:
            folder = _cut(folder, self._depth)
        if len(self._sums) >= self._most_folders or self._characters > _MOST_CHARACTERS:
            self._fold()
            folder = _cut(folder, self._depth)
        self._characters += len(folder)
        return self._sums.setdefault(folder, [0, 0, 0])

    def _fold(self) -> None:
        """Halve the number of folders by counting the deepest ones to those above them."""
        while self._depth and (len(self._sums) > self._most_folders // 2 or self._characters > _MOST_CHARACTERS // 2):
            self._depth = min(self._depth, max(map(_depth, self._sums))) - 1
            folded: dict[str, Sums] = {}
            for folder, sums in self._sums.items():
                _add(folded.setdefault(_cut(folder, self._depth), [0, 0, 0]), sums)
            self._sums = folded
            self._characters = sum(map(len, folded))


def _add(into: Sums, sums: Sums) -> None:
    into[0] += sums[0]
    into[1] += sums[1]
    into[2] |= sums[2]


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def _cut(folder: str, depth: int) -> str:
    """The folder at most that deep that holds it."""
    if depth == 0:
        return ""
    return "/".join(folder.split("/", depth)[:depth])
