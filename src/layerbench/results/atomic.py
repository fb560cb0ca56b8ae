"""Writing a file so that a reader sees the old content or the new one, never a part."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from layerbench.errors import LayerbenchError, UsageError

_MENDS = {
    errno.ENOSPC: "free some space or choose another place",
    errno.EDQUOT: "free some space or choose another place",
    errno.EFBIG: "raise the limit on file sizes (`ulimit -f`) or choose another place",
    errno.EACCES: "give yourself the right to write there or choose another place",
    errno.EPERM: "give yourself the right to write there or choose another place",
    errno.EROFS: "choose a place that is not read-only",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the content of `path`, or make the file, through a temporary file in the same folder.

    The mode, and where allowed the owner, of an existing file stay. A symbolic link stays one and its target is
    replaced; pipes and devices are written to directly. When anything goes wrong, what was there before is untouched
    and no temporary file is left.

    Raises:
        UsageError: the folder is not there, or the path is a folder.
        LayerbenchError: the system refuses to write: disk full, no permission, read-only.
    """
    target = _target(path)
    try:
        status = target.stat()
    except OSError:
        status = None
    if status is not None and stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{path} is a folder: give the name of a file in it")
    if not target.parent.is_dir():
        raise UsageError(f"the folder {target.parent} is not there: make it, or give another place")
    try:
        if status is not None and not stat.S_ISREG(status.st_mode):
            target.write_bytes(content)
        else:
            _replace(target, content, status)
    except BrokenPipeError:
        raise
    except OSError as error:
        mend = _MENDS.get(error.errno or 0, "choose another place")
        raise LayerbenchError(f"cannot write {path}: {error.strerror}; {mend}") from error


def _target(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{path} is a symbolic link that leads nowhere: remove it, or give another place") from error


def _replace(target: Path, content: bytes, status: os.stat_result | None) -> None:
    temporary = target.parent / f".layerbench-{secrets.token_hex(8)}.tmp"
    # Made by os.open and not by tempfile, so that a new file gets the mode that the person's umask asks for.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if status is not None:
                _keep_owner_and_mode(descriptor, status)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _keep_owner_and_mode(descriptor: int, status: os.stat_result) -> None:
    with contextlib.suppress(OSError):  # only root may give a file away
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
