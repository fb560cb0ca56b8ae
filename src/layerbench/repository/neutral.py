"""Taking out of a tree what git does not keep and an image would: times, and all of a mode but one bit."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def make_neutral(tree: Path, seconds: int) -> None:
    """Give everything in a tree the same time, files the mode 0644 or 0755, and folders 0755.

    Two trees of equal content are then equal to the byte for a build, whoever checked them out, when, and with which
    umask: what differs between two states is what the commits say, and layers of equal content compress alike.

    Args:
        tree: a folder of our own.
        seconds: the time that all get, since 1970.
    """
    for folder, folders, files in os.walk(tree, topdown=False):
        for name in (*files, *folders):
            path = Path(folder) / name
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                path.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
            elif stat.S_ISDIR(mode):
                path.chmod(0o755)
            os.utime(path, (seconds, seconds), follow_symlinks=False)
    tree.chmod(0o755)
    os.utime(tree, (seconds, seconds))
