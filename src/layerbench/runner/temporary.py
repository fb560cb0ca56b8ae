"""A run's temporary folder, and the removal of those that killed runs left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from layerbench.errors import LayerbenchError
from layerbench.workspace.files import remove_tree

_PREFIX = "layerbench-run-"
_LOCK_NAME = "lock"
_UNLOCKED_SECONDS = 60.0
"""A younger folder without a lock is being made; an older one was left in that moment."""


@contextlib.contextmanager
def temporary_folder(parent: Path | None) -> Iterator[Path]:
    """A folder for this process's copies, gone when the context ends; what dead processes left goes first.

    Raises:
        LayerbenchError: it cannot be made.
    """
    where = Path(parent or tempfile.gettempdir())
    remove_abandoned(where)
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=where))
        lock = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise LayerbenchError(f"no temporary folder can be made in {where}: {error.strerror}; set TMPDIR") from None
    try:
        content = folder / "run"
        content.mkdir()
        yield content
    finally:
        _remove(folder)
        os.close(lock)


def remove_abandoned(where: Path) -> None:
    """Delete the folders of this user's runs whose process is gone.

    A lock tells that, not a process id, which means nothing to a run in another container that shares the folder.
    """
    for entry in where.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if entry.stat(follow_symlinks=False).st_uid == os.getuid() and _is_abandoned(entry):
                _remove(entry)


def _is_abandoned(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return folder.is_dir() and time.time() - folder.stat().st_mtime > _UNLOCKED_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _remove(folder: Path) -> None:
    """Delete a folder with all that is in it; what cannot be deleted stays for the next run to try."""
    with contextlib.suppress(OSError):
        remove_tree(folder)
