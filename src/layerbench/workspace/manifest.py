"""What stood in a copy before a command ran that may have written anywhere."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from layerbench.errors import LayerbenchError
from layerbench.workspace.errors import shown
from layerbench.workspace.files import copy_entry, remove_tree

_LONGEST_WAIT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Facts:
    """A file, folder or link. Any change to a file, however well disguised, shows in `ctime_ns`."""

    mode: int
    """Type and permission bits."""
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    target: str | None = None
    """Where a symbolic link points to."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.mode)

    def same_entry(self, other: Facts) -> bool:
        """Whether nothing was done to it; of a folder, to its mode."""
        if self.is_folder:
            return self.mode == other.mode
        return self == other

    def same_description(self, other: Facts) -> bool:
        """Whether `ls` would show the same."""
        return (self.mode, self.size_bytes, self.mtime_ns, self.target) == (
            other.mode,
            other.size_bytes,
            other.mtime_ns,
            other.target,
        )


Manifest = dict[str, Facts]
"""By path relative to the top, folders before what is in them; the top itself is the empty path."""


def facts_of(path: str) -> Facts:
    """Return the facts of one entry, not followed."""
    found = os.lstat(path)
    target = os.readlink(path) if stat.S_ISLNK(found.st_mode) else None  # noqa: PTH115 - called for every file
    size_bytes = 0 if stat.S_ISDIR(found.st_mode) else found.st_size
    return Facts(found.st_mode, size_bytes, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, target)


def take_manifest(top: Path) -> Manifest:
    """Return the facts of all that is in a folder; of none when it is gone.

    Raises:
        OSError: a folder in it may not be read.
    """
    if top.is_symlink() or not top.is_dir():
        return {}
    manifest = {"": facts_of(str(top))}
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(f"{top}/{folder}") as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                manifest[path] = facts_of(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)
    return manifest


def let_clock_pass(manifest: Manifest, probe: Path) -> None:
    """Wait until a change gets a later ctime than any in the manifest (the kernel's clock ticks in milliseconds)."""
    newest_ns = max((facts.ctime_ns for facts in manifest.values()), default=0)
    deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
    while time.monotonic() < deadline:
        probe.touch()
        if probe.lstat().st_ctime_ns > newest_ns:
            break
        time.sleep(0.001)
    probe.unlink()


def done_to(before: Manifest, after: Manifest) -> list[str]:
    """Return the paths that are new or to which something was done; what is gone is not among them."""
    return [path for path, facts in after.items() if path not in before or not facts.same_entry(before[path])]


def content_digest(path: Path) -> bytes:
    """Return a digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def changes_anything(before: Manifest, after: Manifest, same_content: Callable[[str], bool]) -> bool:
    """Return whether an image could become another: times, owners and inodes do not count.

    Args:
        before: what was there.
        after: what is there now.
        same_content: says whether a file to which something was done, but whose size is the same, has the content
            that it had.
    """
    if before.keys() != after.keys():
        return True
    for path in done_to(before, after):
        old, new = before[path], after[path]
        if (old.mode, old.target, old.size_bytes) != (new.mode, new.target, new.size_bytes):
            return True
        if new.is_file and not same_content(path):
            return True
    return False


def bring_back(top: Path, source: Path, manifest: Manifest) -> Manifest:
    """Make a copy what it was when the manifest was taken: what was changed or removed is copied again.

    Returns:
        The manifest of the copy as it is now.

    Raises:
        LayerbenchError: the source is no longer what was copied.
        OSError: from the operating system.
    """
    top.mkdir(mode=0o700, exist_ok=True)
    _open_up(top)
    _remove_others(top, manifest)
    now = take_manifest(top)
    first_copies: dict[tuple[int, int], str] = {}
    brought = dict(manifest)
    copied: list[str] = []
    for path, facts in sorted(manifest.items()):
        if facts.is_folder:
            (top / path).mkdir(mode=0o700, exist_ok=True)
        elif path not in now or not facts.same_entry(now[path]):
            _copy_again(source, top, path, first_copies)
            copied.append(path)
    for path in copied:
        brought[path] = facts_of(str(top / path))
        if not brought[path].same_description(manifest[path]):
            raise _changed_meanwhile(path)
    for path, facts in reversed(brought.items()):
        if facts.is_folder:
            _set_folder(top / path, facts)
    return brought


def note_put_back(manifest: Manifest, top: Path, paths: Iterable[str]) -> None:
    """Take over the new ctime of what was moved away and back, and of its other names in the copy."""
    for path in paths:
        if path not in manifest:
            continue  # An edit had made it, or had moved it there.
        facts = facts_of(str(top / path))
        names = [path]
        if not facts.is_folder and os.lstat(top / path).st_nlink > 1:
            names += [name for name, other in manifest.items() if other.inode == facts.inode]
        manifest.update(dict.fromkeys(names, facts))


def _open_up(top: Path) -> None:
    """Let every folder be read and written; a command may have forbidden it."""
    pending = [str(top)]
    while pending:
        folder = pending.pop()
        mode = os.lstat(folder).st_mode
        if mode & 0o700 != 0o700:
            Path(folder).chmod(stat.S_IMODE(mode) | 0o700)
        with os.scandir(folder) as entries:
            pending.extend(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))


def _remove_others(top: Path, manifest: Manifest) -> None:
    """Remove what the manifest does not have, or has as another type."""
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(f"{top}/{folder}") as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                if path not in manifest or manifest[path].is_folder != is_folder:
                    remove_tree(Path(entry.path))
                elif is_folder:
                    pending.append(path)


def _copy_again(source: Path, top: Path, path: str, first_copies: dict[tuple[int, int], str]) -> None:
    target = top / path
    if os.path.lexists(target):
        target.unlink()
    try:
        found = (source / path).lstat()
        identity = (found.st_dev, found.st_ino)
        if found.st_nlink > 1 and identity in first_copies:
            os.link(first_copies[identity], target, follow_symlinks=False)
            return
        copy_entry(str(source / path), str(target))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _changed_meanwhile(path) from error
    first_copies[identity] = str(target)


def _changed_meanwhile(path: str) -> LayerbenchError:
    return LayerbenchError(
        f"{shown(path)} was changed in the context while it was being measured; leave it alone and run again"
    )


def _set_folder(folder: Path, facts: Facts) -> None:
    found = folder.lstat()
    if found.st_mode != facts.mode:
        folder.chmod(stat.S_IMODE(facts.mode))
    if found.st_mtime_ns != facts.mtime_ns:
        os.utime(folder, ns=(found.st_atime_ns, facts.mtime_ns))
