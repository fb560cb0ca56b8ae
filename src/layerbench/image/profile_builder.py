"""A layer's profile, made while its tar streams by."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Protocol

from layerbench.image.profile import EntryRow, LayerProfile, Package, pack_entries, tree_order, unpack_rows
from layerbench.image.tar_scan import ContentCollector, TarScanner

# Almost all layers are in tree order: then entries are packed soon, and nothing is left to the end.
_ENTRIES_IN_ORDER = 8192
_ENTRIES_OF_A_RUN = 50_000
_RUNS_AT_ONCE = 32


class PackageSource(ContentCollector, Protocol):
    """Who finds packages in the files of a layer."""

    def finish(self) -> tuple[tuple[Package, ...], tuple[str, ...]]:
        """The packages, and what could not be read, after the last file."""
        ...


class ProfileBuilder:
    """Takes a layer's tar in chunks of at most some MiB, and makes its profile.

    Args:
        packages: Who finds the packages.
    """

    def __init__(self, packages: PackageSource) -> None:
        self._packages = packages
        self._scanner = TarScanner(packages)
        self._sorter = EntrySorter()

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes.

        Raises:
            TarDamageError: the tar cannot be read on.
        """
        self._scanner.feed(data)
        if len(self._scanner.entries) >= _ENTRIES_IN_ORDER:
            self._hand_over()

    def finish(self, diff_id: str) -> LayerProfile:
        """The profile, now that all was fed.

        Raises:
            TarDamageError: the tar is cut short.
        """
        end_bytes = self._scanner.finish()
        self._hand_over()
        packages, notes = self._packages.finish()
        blocks = self._sorter.finish()
        count = self._sorter.entry_count
        return LayerProfile(diff_id, self._scanner.fed_bytes, end_bytes, count, packages, notes, blocks)

    def _hand_over(self) -> None:
        self._sorter.add(self._scanner.entries)
        self._scanner.entries.clear()


@dataclass(frozen=True, slots=True)
class _Run:
    """Entries in tree order, packed."""

    first: str
    last: str
    """Keys of the first and the last one."""
    blocks: deque[bytes]


class EntrySorter:
    """Brings entries into tree order in bounded memory; entries of one path keep theirs.

    What follows on what was packed before is packed at once. Else entries wait, up to some number, and become a run of
    their own; in the end runs are merged.

    Args:
        most_waiting: How many entries may wait.
        most_runs: How many runs there may be before they are merged: each takes the memory of a block then.
    """

    def __init__(self, most_waiting: int = _ENTRIES_OF_A_RUN, most_runs: int = _RUNS_AT_ONCE) -> None:
        self._most_waiting = most_waiting
        self._most_runs = most_runs
        self._waiting: list[EntryRow] = []
        self._runs: list[_Run] = []
        self.entry_count = 0

    def add(self, entries: list[EntryRow]) -> None:
        """Take entries in; the list stays the caller's."""
        self.entry_count += len(entries)
        self._waiting += entries
        self._waiting.sort(key=_key)
        if self._follows() or len(self._waiting) >= self._most_waiting:
            self._pack()

    def finish(self) -> tuple[bytes, ...]:
        """All of them as blocks in tree order."""
        self._pack()
        return tuple(_merge(self._runs))

    def _follows(self) -> bool:
        return bool(self._waiting) and (not self._runs or self._runs[-1].last <= _key(self._waiting[0]))

    def _pack(self) -> None:
        if not self._waiting:
            return
        blocks = deque(pack_entries(self._waiting))
        run = _Run(_key(self._waiting[0]), _key(self._waiting[-1]), blocks)
        self._waiting.clear()
        if self._runs and self._runs[-1].last <= run.first:
            run = _Run(self._runs[-1].first, run.last, self._runs.pop().blocks + run.blocks)
        self._runs.append(run)
        if len(self._runs) >= self._most_runs:
            first, last = min(run.first for run in self._runs), max(run.last for run in self._runs)
            self._runs = [_Run(first, last, deque(_merge(self._runs)))]


def _merge(runs: list[_Run]) -> Iterator[bytes]:
    """Blocks of all runs' entries; the runs' own blocks go away as they are read."""
    if all(before.last <= after.first for before, after in pairwise(runs)):
        return chain.from_iterable(_drain(run.blocks) for run in runs)
    rows = heapq.merge(*(unpack_rows(_drain(run.blocks)) for run in runs), key=_key)
    return pack_entries(rows)


def _drain(blocks: deque[bytes]) -> Iterator[bytes]:
    while blocks:
        yield blocks.popleft()


def _key(row: EntryRow) -> str:
    return tree_order(row[0])
