"""One run at a time on one engine: builds that run side by side would share vertices and disturb each other's times."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from layerbench.errors import LayerbenchError

_LOOK_SECONDS = 0.25
_OPEN_ATTEMPTS = 3


@contextlib.contextmanager
def engine_lock(engine_id: str, notify: Callable[[str], None]) -> Iterator[None]:
    """Hold the engine for this run; wait, and say so, while another run has it.

    The lock goes with the process, however that ends. The file stays: to remove it would let two runs hold two files
    of one name.

    Raises:
        LayerbenchError: the lock file cannot be opened.
    """
    name = hashlib.sha256(engine_id.encode()).hexdigest()[:16]
    path = _lock_folder() / f"layerbench-engine-{name}.lock"
    try:
        descriptor = _open(path)
    except OSError as error:
        raise LayerbenchError(f"the lock {path} cannot be opened: {error.strerror}; remove that file") from None
    try:
        _take(descriptor, notify)
        with contextlib.suppress(OSError):  # a full disk takes no process id; the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock_folder() -> Path:
    """A folder that every run on this machine finds, whatever its TMPDIR."""
    common = Path("/tmp")  # noqa: S108 - the name is fixed on purpose, and links are not followed
    return common if os.access(common, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def _open(path: Path) -> int:
    """Open the lock file, made where it is not there yet.

    First without O_CREAT: with it, Linux refuses another user's file in a folder such as /tmp (fs.protected_regular),
    to root as well.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    for _ in range(_OPEN_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, flags)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(descriptor, 0o666)  # other users' runs share the engine, whatever this one's umask
            return descriptor
    return os.open(path, flags)


def _take(descriptor: int, notify: Callable[[str], None]) -> None:
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
                notify(f"another run (process {owner or '?'}) uses this engine; waiting until it has ended")
                told = True
            time.sleep(_LOOK_SECONDS)
        else:
            return
