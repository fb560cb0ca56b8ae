"""File systems that an engine has mounted below its folders, and that a crash leaves there."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterable
from pathlib import Path

from layerbench.errors import EngineError

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
_DETACH_WITHOUT_FOLLOWING_LINKS = 2 | 8  # MNT_DETACH | UMOUNT_NOFOLLOW, umount(2)


def mounted_below(folders: Iterable[Path]) -> list[Path]:
    """Mount points at or below `folders`, the last mounted first, as they have to be unmounted."""
    return points_below(_MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"), folders)


def points_below(mountinfo: str, folders: Iterable[Path]) -> list[Path]:
    """The same from the text of /proc/self/mountinfo (proc(5): the fifth field, with octal escapes)."""
    wanted = list(folders)
    escaped = [line.split()[4] for line in mountinfo.splitlines()]
    points = [Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), point)) for point in escaped]
    return [point for point in reversed(points) if any(point.is_relative_to(folder) for folder in wanted)]


def unmount_below(folders: Iterable[Path]) -> None:
    """Unmount everything at or below `folders`; what is still in use is detached and goes when let go of.

    The system call, not the program umount, which leaves a file of its own behind.

    Raises:
        EngineError: something could not be unmounted: nothing below may be deleted then.
    """
    wanted = list(folders)
    libc = ctypes.CDLL(None, use_errno=True)
    for point in mounted_below(wanted):
        libc.umount2(os.fsencode(point), _DETACH_WITHOUT_FOLLOWING_LINKS)
    if left := mounted_below(wanted):
        raise EngineError(f"{left[0]} cannot be unmounted: see what uses it with `fuser -m`, and try again")
