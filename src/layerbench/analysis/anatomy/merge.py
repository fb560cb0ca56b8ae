"""The entries of several layers as one stream in tree order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import TypeAlias

from layerbench.image.profile import EntryRow, LayerProfile, tree_order, unpack_rows

Placed: TypeAlias = tuple[int, EntryRow]
"""An entry with the position of the layer that it is in."""


def paths(profiles: Sequence[LayerProfile]) -> Iterator[list[Placed]]:
    """All entries of each path, the lowest layer's first and those of one layer in the order of the tar.

    Paths come in tree order. At most a block or two of each layer are unpacked at any time.
    """
    path = None
    members: list[Placed] = []
    for window in _windows(profiles):
        for placed in window:
            if placed[1][0] == path:
                members.append(placed)
                continue
            if members:
                yield members
            members = [placed]
            path = placed[1][0]
    if members:
        yield members


def _windows(profiles: Sequence[LayerProfile]) -> Iterator[Iterable[Placed]]:
    """The stream in pieces. Sorting pieces that are in order each is what `list.sort` is quickest at."""
    if len(profiles) == 1:
        yield zip(repeat(0), unpack_rows(profiles[0].blocks), strict=False)
        return
    runs = [run for position, profile in enumerate(profiles) if (run := _Run(position, profile)).rows]
    while runs:
        # What stands behind the last path of a block may come before the next path of another layer.
        ends = [run.end for run in runs if run.has_more]
        horizon = min(ends, default=None)
        pieces = [piece for run in runs if (piece := run.take(horizon))]
        window = [placed for piece in pieces for placed in piece]
        if len(pieces) > 1:
            window.sort(key=_order)
        yield window
        for run in runs:
            if run.end == horizon:
                run.read_on()
        runs = [run for run in runs if run.rows]


def _order(placed: Placed) -> str:
    return placed[1][0].replace("/", "\0")


def _row_order(row: EntryRow) -> str:
    return tree_order(row[0])


class _Run:
    """One layer, block by block."""

    def __init__(self, position: int, profile: LayerProfile) -> None:
        self.rows: list[EntryRow] = []
        """Unpacked and not yet taken."""
        self.end = ""
        """Key of the last of them."""
        self._position = position
        self._blocks = profile.blocks
        self._next_block = 0
        self.read_on()

    @property
    def has_more(self) -> bool:
        """Whether blocks are left to read."""
        return self._next_block < len(self._blocks)

    def read_on(self) -> None:
        """Unpack the next block, if there is one."""
        if self.has_more:
            self.rows.extend(unpack_rows((self._blocks[self._next_block],)))
            self._next_block += 1
            self.end = _row_order(self.rows[-1])

    def take(self, horizon: str | None) -> list[Placed]:
        """What comes before that key; all of it where there is none. It is gone from `rows`."""
        if horizon is None:
            taken, self.rows = self.rows, []
        else:
            cut = bisect_left(self.rows, horizon, key=_row_order)
            taken = self.rows[:cut]
            del self.rows[:cut]
        return list(zip(repeat(self._position), taken, strict=False))
