"""Files with the same content in several places."""

from __future__ import annotations

from typing import TypeAlias

from layerbench.image.profile import EntryRow

_LEAST_BYTES = 4096
_MOST_CONTENTS = 65_536


_Copy: TypeAlias = tuple[EntryRow, int]
"""A file with its layer."""


class Duplicates:
    """Finds further copies as files come, in bounded memory: the more files there are, the larger those looked at."""

    def __init__(self, most_contents: int = _MOST_CONTENTS) -> None:
        self.least_bytes = _LEAST_BYTES
        """Shorter contents are not looked at."""
        self._most_contents = most_contents
        self._kept: dict[str, _Copy] = {}

    def add(self, row: EntryRow, layer: int) -> _Copy | None:
        """Look at a file; if its content was there before, the needless one of the two.

        The one with the larger share of the tar stays; of equals the one in the lower layer.
        """
        if row[4] < self.least_bytes:
            return None
        copy = row, layer
        known = self._kept.setdefault(row[5], copy)
        if known is copy:
            if len(self._kept) > self._most_contents:
                self._drop_small()
            return None
        if (row[3], -layer) <= (known[0][3], -known[1]):
            return copy
        self._kept[row[5]] = copy
        return known

    @property
    def note(self) -> str | None:
        """What a reader has to know about files that were left out."""
        if self.least_bytes == _LEAST_BYTES:
            return None
        return f"duplicate files are looked for only among those of {self.least_bytes} bytes and more"

    def _drop_small(self) -> None:
        while len(self._kept) > self._most_contents // 2:
            self.least_bytes *= 2
            self._kept = {digest: copy for digest, copy in self._kept.items() if copy[0][4] >= self.least_bytes}
