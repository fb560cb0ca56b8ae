"""Locks between processes, by flock(2): the kernel lets go of them when their holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path, notify: Callable[[str], None], reason: str) -> Iterator[None]:
    """Hold the lock `file`, waiting for it if need be and then saying `reason` once.

    The file may be deleted by whoever holds the lock.
    """
    descriptor = _acquire(file, notify, reason)
    try:
        yield
    finally:
        os.close(descriptor)


def _acquire(file: Path, notify: Callable[[str], None], reason: str) -> int:
    file.parent.mkdir(parents=True, exist_ok=True)
    said = False
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not said:
                    notify(f"waiting: {reason}")
                    said = True
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_still(file, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was deleted while we waited: its successor is the lock now


def _is_still(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
