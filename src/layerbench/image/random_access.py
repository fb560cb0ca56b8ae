"""An image whose parts can be read in any order: documents first, then only the layers that are new, side by side."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from layerbench.errors import EngineError, UsageError
from layerbench.image.archive import is_settled, named_digest
from layerbench.image.blobs import Blob, ByteBudget, read_layer, sniff
from layerbench.image.choosing import ALL_DOCUMENTS_BYTES, DOCUMENT_BYTES, Document, WantedLayer
from layerbench.image.models import BlobInfo, BlobInfoCache

# All pages at once; without it each is a fault of its own.
_POPULATE: int = getattr(mmap, "MAP_POPULATE", 0)


class Slice:
    """Part of an open file as a stream of its own; several threads may read slices of one file.

    Args:
        descriptor: Of the file, which stays open for as long as the slice is read.
        offset: Where the part begins, in bytes.
        size_bytes: Its length.
    """

    def __init__(self, descriptor: int, offset: int, size_bytes: int) -> None:
        self.offset = offset
        self.size_bytes = size_bytes
        self._descriptor = descriptor
        self._read_bytes = 0
        self._stop: threading.Event | None = None

    def read(self, size: int, /) -> bytes:
        """The next bytes.

        Raises:
            OSError: the file cannot be read, or ends early.
        """
        wanted_bytes = self._wanted_bytes(size)
        data = os.pread(self._descriptor, wanted_bytes, self.offset + self._read_bytes)
        if wanted_bytes and not data:
            raise OSError("the file ends early")
        self._read_bytes += len(data)
        return data

    def map(self, size: int, /) -> bytes | memoryview:
        """The next bytes, in place: copying them would take half as long as hashing them does.

        A file that another process cuts short in that very moment ends this one, as with every program that maps
        files; one that is too short before is told.

        Raises:
            OSError: the file cannot be read, or ends early.
        """
        wanted_bytes = self._wanted_bytes(size)
        start = self.offset + self._read_bytes
        lead_bytes = start % mmap.ALLOCATIONGRANULARITY
        if not wanted_bytes or os.fstat(self._descriptor).st_size < start + wanted_bytes:
            return self.read(size)
        try:
            pages = mmap.mmap(
                self._descriptor,
                lead_bytes + wanted_bytes,
                flags=mmap.MAP_SHARED | _POPULATE,
                prot=mmap.PROT_READ,
                offset=start - lead_bytes,
            )
        except OSError:  # a file system that maps no files
            return self.read(size)
        self._read_bytes += wanted_bytes
        return memoryview(pages)[lead_bytes:]

    def stop_by(self, stop: threading.Event) -> None:
        """Let reading fail once the event is set."""
        self._stop = stop

    def _wanted_bytes(self, size: int) -> int:
        if self._stop is not None and self._stop.is_set():
            raise InterruptedError("reading was stopped")
        return min(size, self.size_bytes - self._read_bytes)


class Places(Protocol):
    """Where an archive or a layout keeps its members."""

    @property
    def source(self) -> str:
        """How errors call the whole."""
        ...

    def size_bytes(self, path: str) -> int | None:
        """Length of a member; None where there is no such file."""
        ...

    def open(self, path: str) -> AbstractContextManager[Slice]:
        """A member that is there.

        Raises:
            OSError: it cannot be opened.
        """
        ...


class OpenedMembers:
    """Documents and layers by their paths.

    Args:
        places: Where they are.
        known: What earlier images taught: such layers are not opened. New ones are added.
        budget: Bounds what the layers unpack to.
    """

    def __init__(self, places: Places, known: BlobInfoCache, budget: ByteBudget | None) -> None:
        self._places = places
        self._known = known
        self._budget = budget
        self._documents: dict[str, Document] = {}
        self._document_bytes = 0

    @property
    def source(self) -> str:
        """How errors call the whole."""
        return self._places.source

    def has(self, path: str) -> bool:
        """Whether there is a member of that path."""
        return self._places.size_bytes(path) is not None

    def document(self, path: str) -> Document:
        """One document; its digest is checked where its path names one."""
        found = self._documents.get(path)
        if found is None:
            found = self._documents[path] = self._read_document(path)
        return found

    def layers(self, wanted: Sequence[WantedLayer], *, with_gzip_size: bool) -> list[BlobInfo]:
        """What the layers are: known, or read now, on all cores and the largest first."""
        blobs: dict[str, BlobInfo] = {}
        new: dict[str, int] = {}
        for layer in wanted:
            blob = self._known.blob(named_digest(layer.path) or layer.diff_id)
            if blob is not None and is_settled(blob, with_gzip_size=with_gzip_size):
                blobs[layer.path] = blob
            else:
                new[layer.path] = self._size_bytes(layer.path)
        for path, blob in self._read_side_by_side(sorted(new, key=new.__getitem__, reverse=True), with_gzip_size):
            self._known.add_blob(blob)
            blobs[path] = blob
        return [blobs[layer.path] for layer in wanted]

    def _read_side_by_side(self, paths: Sequence[str], with_gzip_size: bool) -> Iterator[tuple[str, BlobInfo]]:
        if not paths:
            return
        stop = threading.Event()
        executor = ThreadPoolExecutor(min(len(paths), _core_count()))
        try:
            read = executor.map(lambda path: self._read_layer(path, with_gzip_size, stop), paths)
            yield from zip(paths, read, strict=True)
        finally:
            # After an error or Ctrl-C nobody waits for the end of a large layer.
            stop.set()
            executor.shutdown(cancel_futures=True)

    def _read_layer(self, path: str, with_gzip_size: bool, stop: threading.Event) -> BlobInfo:
        with self._opened(path) as content:
            content.stop_by(stop)
            blob = Blob(content, f"{self.source}: {path!a}", content.offset)
            kind = sniff(blob.peek())
            if kind == "json" or kind == "other":
                is_what = "is no layer" if kind == "json" else "is neither gzip, zstd, tar nor JSON"
                raise EngineError(f"{self.source}: {path!a} {is_what}; build or pull the image again")
            found = read_layer(blob, kind, with_gzip_size=with_gzip_size, budget=self._budget)
            digest = named_digest(path)
            if digest is not None and found.digest != digest:
                raise blob.damaged(f"its digest is {found.digest}")
            return found

    def _read_document(self, path: str) -> Document:
        size_bytes = self._size_bytes(path)
        if size_bytes > DOCUMENT_BYTES:
            raise EngineError(f"{self.source}: {path!a} is JSON of more than {DOCUMENT_BYTES} bytes")
        self._document_bytes += size_bytes
        if self._document_bytes > ALL_DOCUMENTS_BYTES:
            raise EngineError(f"{self.source} has more than {ALL_DOCUMENTS_BYTES} bytes of JSON documents")
        with self._opened(path) as content:
            blob = Blob(content, f"{self.source}: {path!a}", content.offset)
            data = b"".join(blob.chunks())
            digest = named_digest(path)
            if digest is not None and blob.digest != digest:
                raise blob.damaged(f"its digest is {blob.digest}")
        return Document(data, f"sha256:{hashlib.sha256(data).hexdigest()}")

    def _size_bytes(self, path: str) -> int:
        size_bytes = self._places.size_bytes(path)
        if size_bytes is None:
            raise EngineError(f"{self.source} is without {path!a}; save, build or pull the image again")
        return size_bytes

    @contextmanager
    def _opened(self, path: str) -> Iterator[Slice]:
        try:
            opened = self._places.open(path)
            with opened as content:
                yield content
        except OSError as error:
            reason = error.strerror or str(error)
            raise EngineError(f"{self.source}: {path!a} cannot be read ({reason}); save the image again") from error


@contextmanager
def open_regular(path: Path) -> Iterator[int]:
    """A descriptor of a plain file; a pipe or a device, which might never end, is not even opened.

    Raises:
        UsageError: it is something else.
        OSError: it cannot be opened.
    """
    _check_regular(path, path.stat())
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _check_regular(path, os.fstat(descriptor))
        yield descriptor
    finally:
        os.close(descriptor)


def _check_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path} is no plain file: save the image to one, or pipe it in and give - as its name")


def _core_count() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
