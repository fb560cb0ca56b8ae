"""Small files, written whole or not at all, and what is left in a folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(file: Path, text: str) -> None:
    """Replace `file` with `text`; whoever reads it sees the old or the new text, never a part.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def last_lines(file: Path, count: int, tail_bytes: int = 16_384) -> list[str]:
    """The last lines of a log; empty if there is none."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - tail_bytes))
            text = stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-count:]


def disk_bytes(folder: Path) -> int:
    """Bytes that a folder's files occupy on disk, hard links counted once, without what vanishes meanwhile.

    Other file systems below are left out: a running container's is mounted there, made of files that count already.
    """
    device = folder.lstat().st_dev
    seen: set[int] = set()
    total = 0
    for parent, folders, names in os.walk(folder):
        for name in names:
            entry = _lstat(f"{parent}/{name}")
            if entry and entry.st_ino not in seen:
                seen.add(entry.st_ino)
                total += entry.st_blocks * 512
        folders[:] = [name for name in folders if (entry := _lstat(f"{parent}/{name}")) and entry.st_dev == device]
    return total


def _lstat(path: str) -> os.stat_result | None:
    """A file's facts, by a string since there may be half a million files; None if it is gone."""
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None
