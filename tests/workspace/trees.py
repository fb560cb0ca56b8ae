"""Trees to copy, and what can be seen of one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Seen:
    """What `ls -l --time-style=full-iso` and `cat` show of an entry, but for the number of its links."""

    mode: int
    mtime_ns: int
    owner: tuple[int, int]
    content: bytes | None


def seen(path: Path) -> Seen:
    facts = path.lstat()
    content: bytes | None = None
    if stat.S_ISREG(facts.st_mode):
        content = path.read_bytes()
    elif stat.S_ISLNK(facts.st_mode):
        content = os.fsencode(path.readlink())
    elif stat.S_ISCHR(facts.st_mode) or stat.S_ISBLK(facts.st_mode):
        content = str(facts.st_rdev).encode()
    return Seen(facts.st_mode, facts.st_mtime_ns, (facts.st_uid, facts.st_gid), content)


def fingerprint(top: Path) -> dict[str, Seen]:
    """All that is in a folder, the folder itself as the empty path."""
    found = {"": seen(top)}
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder, name)
            found[str(path.relative_to(top))] = seen(path)
    return found


def make_tree(top: Path, files: dict[str, bytes], *, mtime_seconds: int = 1_600_000_000) -> Path:
    """Files with their folders, all of one age, as an unpacked archive has them."""
    top.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
    set_ages(top, mtime_seconds)
    return top


def set_ages(top: Path, mtime_seconds: int) -> None:
    for folder, folders, files in os.walk(top, topdown=False):
        for name in (*files, *folders):
            os.utime(Path(folder, name), (mtime_seconds, mtime_seconds), follow_symlinks=False)
    os.utime(top, (mtime_seconds, mtime_seconds))


def as_other_user(function: Callable[[], None], user: int = 65534) -> None:
    """Call a function in a child process without root's rights; its failure becomes the test's."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent shows it
            os.write(writer, f"{type(error).__name__}: {error}".encode()[:4000])
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        failure = pipe.read()
    os.waitpid(child, 0)
    assert not failure, failure
