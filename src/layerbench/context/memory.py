"""What is known of files that were read before, so that unchanged ones are not read again."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path

from layerbench.context.models import Entry
from layerbench.context.packing import pack, unpack
from layerbench.errors import UsageError

FileKey = tuple[int, int, int, int, int]
"""Device, inode, size in bytes, and the times of the last change of content and of anything, in nanoseconds."""
_MAGIC = b"layerbench-memory-1\n"
_RECORD = struct.Struct("<QQQqqI32s")


class FingerprintMemory:
    """Files by what must change with them; a mode is remembered, since a change of it changes the last time."""

    def __init__(self) -> None:
        self._known: dict[FileKey, Entry] = {}
        self._stale: dict[FileKey, Entry] = {}
        """What was read from bytes, and has not been met since."""
        self._is_used = False

    def __len__(self) -> int:
        return len(self._known) - (len(self._stale) if self._is_used else 0)

    def known(self) -> dict[FileKey, Entry]:
        """All that is known, for whoever asks a hundred thousand times."""
        return self._known

    def keep(self, entries: Mapping[str, Entry], known_count: int, read: dict[FileKey, Entry]) -> None:
        """Add what a fingerprint has seen; what none has met is left out when the memory is written.

        Args:
            entries: of the fingerprint; those that were known are the very objects that the memory gave.
            known_count: how many they are.
            read: files that were not known.
        """
        self._is_used = True
        if known_count >= len(self._known):
            self._stale = {}
        elif self._stale:
            met = set(map(id, entries.values()))
            self._stale = {key: entry for key, entry in self._stale.items() if id(entry) not in met}
        if self._known:
            self._known.update(read)
        else:
            self._known = read

    def to_bytes(self) -> bytes:
        """For `from_bytes`: what was met, or where no fingerprint was taken, what was known."""
        stale = self._stale if self._is_used else {}
        records = [
            _RECORD.pack(*key, entry.mode, bytes.fromhex(entry.digest or ""))
            for key, entry in self._known.items()
            if key not in stale
        ]
        return pack(_MAGIC, b"".join(records))

    @classmethod
    def from_bytes(cls, content: bytes) -> FingerprintMemory:
        """The memory again.

        Raises:
            UsageError: damaged, or of another version.
        """
        records = unpack(_MAGIC, content)
        if len(records) % _RECORD.size:
            raise UsageError("the memory of file contents is damaged; remove it")
        memory = cls()
        memory._known = {
            (device, inode, size, modified, changed): Entry("file", mode, size, digest.hex())
            for device, inode, size, modified, changed, mode, digest in _RECORD.iter_unpack(records)
        }
        memory._stale = dict(memory._known)
        return memory

    @classmethod
    def read(cls, file: Path) -> FingerprintMemory:
        """The memory in a file; empty where there is none or it is of no use."""
        try:
            return cls.from_bytes(file.read_bytes())
        except (OSError, UsageError):
            return cls()

    def write(self, file: Path) -> None:
        """Keep it in a file, which is replaced at once.

        Raises:
            OSError: it cannot be written.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "wb") as output:
                output.write(self.to_bytes())
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
