"""An RPM header as the database stores it, with every offset checked.

Source: RPM reference manual, "RPM V4 Package format", section Header structure: two big-endian 32-bit integers, the
number of index entries and the length of the data; entries of four such integers: tag, type, offset in the data, count;
then the data. In the database the eight bytes of magic in front are missing.
"""

from __future__ import annotations

import struct
from collections.abc import Collection

from layerbench.image.packages.interface import UnreadableDatabaseError
from layerbench.image.packages.text import decode

_PREAMBLE = struct.Struct(">II")
_ENTRY = struct.Struct(">IIII")
_STRING_TYPES = {6, 8, 9}
_NUMBER_FORMATS = {3: "H", 4: "I"}
# Far more files than any package has.
_MOST_VALUES = 1_000_000


class RpmHeader:
    """Values of one header by their tags.

    Args:
        blob: The header without magic.
        tags: Those that are of interest.

    Raises:
        UnreadableDatabaseError: it is shorter than it says.
    """

    def __init__(self, blob: bytes, tags: Collection[int]) -> None:
        if len(blob) < _PREAMBLE.size:
            raise UnreadableDatabaseError("a header is cut short")
        entry_count, data_bytes = _PREAMBLE.unpack_from(blob)
        data_start = _PREAMBLE.size + entry_count * _ENTRY.size
        if data_start + data_bytes > len(blob):
            raise UnreadableDatabaseError("a header is cut short")
        self._data = memoryview(blob)[data_start : data_start + data_bytes]
        self._entries: dict[int, tuple[int, int, int]] = {}
        for tag, kind, offset, count in _ENTRY.iter_unpack(blob[_PREAMBLE.size : data_start]):
            if tag in tags:
                self._entries.setdefault(tag, (kind, offset, count))

    def text(self, tag: int) -> str:
        """A string, of several the first; "" where there is none."""
        return next(iter(self.texts(tag)), "")

    def texts(self, tag: int) -> list[str]:
        """A list of strings, empty where there is none.

        Raises:
            UnreadableDatabaseError: it is something else, or longer than the data.
        """
        if tag not in self._entries:
            return []
        kind, offset, count = self._entries[tag]
        if kind not in _STRING_TYPES or offset > len(self._data) or count > _MOST_VALUES:
            raise UnreadableDatabaseError(f"tag {tag} of a header is damaged")
        *strings, _ = bytes(self._data[offset:]).split(b"\0", count)
        if len(strings) != count:
            raise UnreadableDatabaseError(f"tag {tag} of a header is cut short")
        return [decode(string) for string in strings]

    def numbers(self, tag: int) -> tuple[int, ...]:
        """A list of integers of 16 or 32 bits, empty where there is none.

        Raises:
            UnreadableDatabaseError: it is something else, or longer than the data.
        """
        if tag not in self._entries:
            return ()
        kind, offset, count = self._entries[tag]
        layout = f">{count}{_NUMBER_FORMATS.get(kind, 'I')}"
        if kind not in _NUMBER_FORMATS or count > _MOST_VALUES or offset + struct.calcsize(layout) > len(self._data):
            raise UnreadableDatabaseError(f"tag {tag} of a header is damaged")
        return struct.unpack_from(layout, self._data, offset)
