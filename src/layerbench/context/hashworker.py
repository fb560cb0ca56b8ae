"""A process of its own that hashes files, since threads of one Python do not run beside each other on small files.

It is run as a script in the context's folder, and imports nothing but the standard library. Each request on its stdin
is a number of bytes (`<I`), and then that many bytes: paths, with a zero byte between them. Its answer is one record a
path, of all zeros where the file could not be read, or can have changed while it was.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
import time

TYPE_CHECKING = False  # the module of that name takes as long to load as all the others
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

LENGTH = struct.Struct("<I")
RECORD = struct.Struct("<32sIQQQqq")
"""sha256, mode, device, inode, size, and the times of the last change of content and of anything, in nanoseconds."""
UNREAD = bytes(RECORD.size)
_BUFFER_BYTES = 1 << 18
_CLOCK_STEP_NANOSECONDS = 50_000_000
"""A change leaves a time behind that is at most so much older than it is: kernels stamp files by the tick."""
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the requests end."""
    while head := requests.read(LENGTH.size):
        [length] = LENGTH.unpack(head)
        answers.write(b"".join(_records(requests.read(length).split(b"\0"))))
        answers.flush()


def _records(paths: Iterable[bytes]) -> Iterator[bytes]:
    # A file whose times are older than this was not changed while it was read, which saves the look before.
    changed_before = trusted_before()
    buffer = new_buffer()
    pack = RECORD.pack
    for path in paths:
        try:
            digest, facts = read_digest(path, buffer)
        except OSError:
            yield UNREAD
            continue
        changed = facts.st_ctime_ns
        if changed >= changed_before:
            yield UNREAD
            continue
        mode, inode, device, _, _, _, size, *_ = facts
        yield pack(digest, mode & 0o7777, device, inode, size, facts.st_mtime_ns, changed)


def trusted_before() -> int:
    """A file whose last change is older than this, in nanoseconds since 1970, shows by its times when it changes."""
    return time.time_ns() - _CLOCK_STEP_NANOSECONDS


def new_buffer() -> memoryview:
    """For one reader: to read into the same again is a tenth faster than to be given new bytes each time."""
    return memoryview(bytearray(_BUFFER_BYTES))


def read_digest(path: str | bytes, buffer: memoryview) -> tuple[bytes, os.stat_result]:
    """The sha256 of a file's content, and the file's facts after it was read.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        count = os.readv(descriptor, (buffer,))
        hasher = hashlib.sha256(buffer[:count])
        while count == _BUFFER_BYTES:
            count = os.readv(descriptor, (buffer,))
            hasher.update(buffer[:count])
        return hasher.digest(), os.fstat(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
    os._exit(0)  # nothing is left to be put away
