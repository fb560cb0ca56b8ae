"""Single files and folders of a copy: copying, writing, moving, removing.

Nothing here changes an existing file in place: a file of a copy may be a hard link to the person's own. Folders are
never shared, so their modes and times may be set.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "linux":
    import fcntl

_FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
_BLOCK_BYTES = 1 << 20
# A context can hold fifos; O_NONBLOCK keeps one that took a file's place in the meantime from blocking the open.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def copy_entry(
    source: str,
    target: str,
    *,
    source_dir: int | None = None,
    target_dir: int | None = None,
    mode: int | None = None,
    extra: bytes = b"",
) -> None:
    """Copy anything but a folder, with mode, times, extended attributes and (as root) owner.

    A regular file becomes a reflink where the filesystem can, else its bytes are copied. Symbolic links are copied as
    links. Fifos, sockets and devices are made anew and never opened: BuildKit sends them too (fsutil clears a
    socket's type bit and sends an empty file).

    Args:
        source: what to copy, relative to `source_dir` when that is given.
        target: where to; must not exist; relative to `target_dir` when that is given.
        source_dir: a descriptor of a folder.
        target_dir: a descriptor of a folder.
        mode: permission bits of the copy, when not the source's.
        extra: bytes to add to the end of a regular file.

    Raises:
        OSError: from the operating system; no part of `target` is left then.
    """
    facts = os.stat(source, dir_fd=source_dir, follow_symlinks=False)
    if stat.S_ISREG(facts.st_mode):
        _copy_regular(source, target, source_dir, target_dir, mode, extra)
        return
    times = (facts.st_atime_ns, facts.st_mtime_ns)
    if stat.S_ISLNK(facts.st_mode):
        os.symlink(os.readlink(source, dir_fd=source_dir), target, dir_fd=target_dir)
    else:
        os.mknod(target, facts.st_mode, facts.st_rdev, dir_fd=target_dir)
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            os.chown(target, facts.st_uid, facts.st_gid, dir_fd=target_dir, follow_symlinks=False)
    if not stat.S_ISLNK(facts.st_mode):
        os.chmod(target, stat.S_IMODE(facts.st_mode), dir_fd=target_dir)
    os.utime(target, ns=times, dir_fd=target_dir, follow_symlinks=False)


def _copy_regular(
    source: str, target: str, source_dir: int | None, target_dir: int | None, mode: int | None, extra: bytes
) -> None:
    source_fd = os.open(source, _READ, dir_fd=source_dir)
    try:
        facts = os.fstat(source_fd)
        target_fd = os.open(target, _CREATE, 0o600, dir_fd=target_dir)
        try:
            if facts.st_size and not _clone(source_fd, target_fd):
                _copy_bytes(source_fd, target_fd, facts.st_size)
            if extra:
                os.lseek(target_fd, 0, os.SEEK_END)
                _write_all(target_fd, extra)
            copy_attributes(source_fd, target_fd, facts)
            os.fchmod(target_fd, stat.S_IMODE(facts.st_mode) if mode is None else mode)
            os.utime(target_fd, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        except BaseException:
            os.unlink(target, dir_fd=target_dir)
            raise
        finally:
            os.close(target_fd)
    finally:
        os.close(source_fd)


def _clone(source_fd: int, target_fd: int) -> bool:
    if sys.platform == "linux":
        try:
            fcntl.ioctl(target_fd, _FICLONE, source_fd)
        except OSError:
            # Another device, a filesystem without reflinks, a full disk: copying works or says what is wrong.
            return False
        return True
    return False


def _copy_bytes(source_fd: int, target_fd: int, size_bytes: int) -> None:
    block_bytes = min(size_bytes + 1, _BLOCK_BYTES)
    while chunk := os.read(source_fd, block_bytes):
        _write_all(target_fd, chunk)


def _write_all(target_fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(target_fd, rest) :]


def copy_attributes(source_fd: int, target_fd: int, facts: os.stat_result) -> None:
    """Copy extended attributes and (as root) the owner, as far as the filesystem lets them be set."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            os.fchown(target_fd, facts.st_uid, facts.st_gid)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(source_fd):
                with contextlib.suppress(OSError):
                    os.setxattr(target_fd, name, os.getxattr(source_fd, name))


def write_new(target: Path, content: bytes, mode: int, *, attributes_of: Path | None = None) -> None:
    """Make a file that must not exist, whatever the umask is; nothing is left of it when that fails.

    Args:
        target: the file to make.
        content: its bytes.
        mode: its permission bits.
        attributes_of: a file whose owner and extended attributes it gets.
    """
    target_fd = os.open(target, _CREATE, 0o600)
    try:
        _write_all(target_fd, content)
        if attributes_of is not None:
            source_fd = os.open(attributes_of, _READ)
            try:
                copy_attributes(source_fd, target_fd, os.fstat(source_fd))
            finally:
                os.close(source_fd)
        os.fchmod(target_fd, mode)
    except BaseException:
        target.unlink()
        raise
    finally:
        os.close(target_fd)


@contextlib.contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Let entries of a folder be made and removed, also in one that was copied read-only."""
    mode = stat.S_IMODE(folder.lstat().st_mode)
    if mode & 0o300 == 0o300:
        yield
        return
    folder.chmod(mode | 0o700)
    try:
        yield
    finally:
        folder.chmod(mode)


def move(source: Path, target: Path) -> None:
    """Rename, also a folder that may not be written to (its `..` changes, so Linux asks for the write bit)."""
    mode = source.lstat().st_mode
    locked = stat.S_ISDIR(mode) and not mode & 0o200
    if locked:
        source.chmod(stat.S_IMODE(mode) | 0o200)
    source.rename(target)
    if locked:
        target.chmod(stat.S_IMODE(mode))


def remove_tree(top: Path) -> None:
    """Remove a file or a folder with all that is in it; nothing happens when there is none.

    Links are removed, never followed. Folders that may not be read or written are opened up; the mode of a file is
    left alone, as it can be shared with the person's own.
    """
    if not os.path.lexists(top):
        return
    if top.is_symlink() or not top.is_dir():
        top.unlink()
        return
    pending = [str(top)]
    folders: list[str] = []
    while pending:
        folder = pending.pop()
        folders.append(folder)
        if os.lstat(folder).st_mode & 0o700 != 0o700:
            Path(folder).chmod(0o700)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    os.unlink(entry.path)  # noqa: PTH108 - a Path for each of 100,000 files is slow
    for folder in reversed(folders):
        Path(folder).rmdir()
