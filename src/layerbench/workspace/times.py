"""Modification times that no earlier version of a file in a workspace had.

BuildKit's context transfer compares a file's type, mode, owner, size and modification time with what it was sent
before (fsutil's `sameFile`), never its content. A file rewritten with the same size and time is a false cache hit.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

_COARSEST_SECONDS = 2
"""FAT keeps times in steps of 2 s, the coarsest of all."""


class FreshTimes:
    """Gives out times that only rise, also on a filesystem that keeps whole seconds."""

    def __init__(self) -> None:
        # Starting with now, no file that was saved before the copy was made has any of these times.
        self._last_ns = time.time_ns()

    def stamp(self, path: Path) -> None:
        """Give a file of our own (never a hard link to the person's) a new modification time."""
        mtime_ns = max(time.time_ns(), self._last_ns + 1)
        for _ in range(_COARSEST_SECONDS + 2):
            os.utime(path, ns=(mtime_ns, mtime_ns), follow_symlinks=False)
            kept_ns = path.lstat().st_mtime_ns
            if kept_ns > self._last_ns:
                self._last_ns = kept_ns
                return
            mtime_ns += 1_000_000_000
        raise OSError(f"the filesystem does not keep modification times ({path})")

    def stamp_below(self, top: Path) -> None:
        """Stamp every regular file of a folder, or the file itself."""
        if top.is_symlink() or not top.is_dir():
            if stat.S_ISREG(top.lstat().st_mode):
                self.stamp(top)
            return
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder, name)
                if stat.S_ISREG(path.lstat().st_mode):
                    self.stamp(path)
