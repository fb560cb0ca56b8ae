"""The sha256 of many files at once, on all cores, while the walk goes on."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from layerbench.context import hashworker
from layerbench.context.hashworker import LENGTH, RECORD, new_buffer, read_digest, trusted_before
from layerbench.context.memory import FileKey
from layerbench.context.models import Entry

_BATCH = 256
_BATCHES_BEFORE_WORKERS = 2
"""A worker takes some 20 ms to start: so many files are read sooner without."""
_TRIES = 2


@dataclass(slots=True)
class Hashed:
    """What is known of some files after they were read."""

    entries: dict[str, Entry] = field(default_factory=dict)
    """By path relative to the context; one that could not be read has no digest."""
    keys: dict[FileKey, Entry] = field(default_factory=dict)
    """By what a later look can tell them to be unchanged; those that changed just now are not there."""
    problems: dict[str, str] = field(default_factory=dict)
    """By path: what was the matter."""
    gone: list[str] = field(default_factory=list)
    """Files that were removed before they could be read."""


class FileHasher:
    """Reads the files of one context, a few at a time."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._worker_count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # Two threads a worker, so that its next request is there when it has answered one.
        self._pool = ThreadPoolExecutor(2 * self._worker_count, "layerbench-hash")
        self._batch: list[str] = []
        self._batches: list[Future[Hashed]] = []
        self._workers: list[_Worker] = []
        self._starting = threading.Lock()
        self._threads: dict[int, _Worker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.wait()

    def add(self, paths: list[str]) -> None:
        """Have files read soon, given by their paths relative to the context."""
        self._batch += paths
        whole = len(self._batch) // _BATCH * _BATCH
        for start in range(0, whole, _BATCH):
            is_late = len(self._batches) >= _BATCHES_BEFORE_WORKERS
            batch = self._batch[start : start + _BATCH]
            self._batches.append(self._pool.submit(self._by_worker if is_late else self._hash, batch))
        if whole:
            self._batch = self._batch[whole:]

    def results(self) -> Iterator[Hashed]:
        """All files that were added, in their order, once they are read."""
        last = self._hash(self._batch)
        for batch in self._batches:
            yield batch.result()
        yield last

    def _hash(self, paths: list[str]) -> Hashed:
        hashed = Hashed()
        buffer = new_buffer()
        for path in paths:
            hash_file(self._top, path, buffer, hashed)
        return hashed

    def _by_worker(self, paths: list[str]) -> Hashed:
        try:
            return self._worker().hash(paths)
        except (OSError, EOFError):
            return self._hash(paths)  # it cannot be started, or was ended by someone

    def _worker(self) -> _Worker:
        """The worker of this thread."""
        thread = threading.get_ident()
        with self._starting:
            worker = self._threads.get(thread)
            if worker is None:
                if len(self._threads) < self._worker_count:
                    worker = _Worker(self._top)
                    self._workers.append(worker)
                else:
                    worker = self._workers[len(self._threads) % self._worker_count]
                self._threads[thread] = worker
            return worker


class _Worker:
    """One process that hashes."""

    def __init__(self, top: str) -> None:
        command = [sys.executable, "-I", "-S", str(Path(hashworker.__file__).absolute())]
        self._top = top
        # It shares the terminal and is interrupted with us; what it would say of that is nobody's business.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=top
        )
        self._writing = threading.Lock()
        self._reading = threading.Lock()

    def hash(self, paths: list[str]) -> Hashed:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None  # noqa: S101
        assert answers is not None  # noqa: S101
        request = os.fsencode("\0".join(paths))
        with self._writing:
            requests.write(LENGTH.pack(len(request)) + request)
            requests.flush()
            self._reading.acquire()  # before the next one writes, so that answers are read in the order of requests
        try:
            records = answers.read(RECORD.size * len(paths))
        finally:
            self._reading.release()
        if len(records) != RECORD.size * len(paths):
            raise EOFError
        hashed = Hashed()
        entries, keys = hashed.entries, hashed.keys
        for path, record in zip(paths, RECORD.iter_unpack(records), strict=True):
            if record[3]:  # an inode
                entry = entries[path] = Entry("file", record[1], record[4], record[0].hex())
                keys[record[2:]] = entry
            else:
                hash_file(self._top, path, new_buffer(), hashed)
        return hashed

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None  # noqa: S101
            with contextlib.suppress(OSError):
                pipe.close()

    def wait(self) -> None:
        self._process.wait()


def hash_file(top: str, path: str, buffer: memoryview, hashed: Hashed) -> None:
    """Read one file, and add what is known of it."""
    full_path = f"{top}/{path}"
    try:
        for _ in range(_TRIES):
            changed_before = trusted_before()
            before = os.stat(full_path, follow_symlinks=False)  # noqa: PTH116 (names that are no UTF-8 as they are)
            digest, facts = read_digest(full_path, buffer)
            if _key(before) == _key(facts):
                break
    except OSError as error:
        _add_unread(full_path, path, error, hashed)
        return
    entry = hashed.entries[path] = Entry("file", stat.S_IMODE(facts.st_mode), facts.st_size, digest.hex())
    if _key(before) != _key(facts):
        hashed.problems[path] = "changed while it was read; what a build makes of it can differ"
    elif facts.st_ctime_ns < changed_before:
        hashed.keys[_key(facts)] = entry


def _key(facts: os.stat_result) -> FileKey:
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _add_unread(full_path: str, path: str, error: OSError, hashed: Hashed) -> None:
    try:
        facts = os.stat(full_path, follow_symlinks=False)  # noqa: PTH116
    except FileNotFoundError:
        hashed.gone.append(path)  # BuildKit goes on as well
        return
    hashed.entries[path] = Entry("file", stat.S_IMODE(facts.st_mode), facts.st_size)
    hashed.problems[path] = f"cannot be read ({error.strerror}), and is empty in the build"
