"""The files in which two images differ, in bounded memory."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Literal, NamedTuple, TypeAlias

from layerbench.analysis.anatomy.models import PathDelta
from layerbench.image.profile import EntryRow

_MOST_FILES = 100_000

Change: TypeAlias = Literal["added", "removed", "changed"]


class _Delta(NamedTuple):
    uncompressed_bytes: int
    path: str
    change: Change
    change_if_shared: Change
    """What it is where a layer that both images have holds the path, too."""
    package: str | None


class FileDeltas:
    """Keeps the largest differences, up to 100,000 of them."""

    def __init__(self, most_files: int = _MOST_FILES) -> None:
        self._most_files = most_files
        self._deltas: list[_Delta] = []
        self._left_out = 0
        # Once there are too many, no smaller difference can be among the largest.
        self._least_bytes = -1

    def add(
        self, path: str, before: Sequence[EntryRow], after: Sequence[EntryRow], delta: int, package: str | None
    ) -> None:
        """Take in a path that differs, with what each image has of it in layers of its own."""
        if abs(delta) <= self._least_bytes:
            self._left_out += 1
            return
        self._deltas.append(_Delta(delta, path, *_changes(before, after), package))
        if len(self._deltas) > 2 * self._most_files:
            self._drop_small()

    @property
    def one_sided_paths(self) -> frozenset[str]:
        """Paths of which it matters whether a layer that both images have holds them."""
        return frozenset(delta.path for delta in self._deltas if delta.change != delta.change_if_shared)

    @property
    def note(self) -> str | None:
        """What a reader has to know about files that were left out, once all is finished."""
        return (
            f"{self._left_out} more files differ, each by no more than those that are listed"
            if self._left_out
            else None
        )

    def finish(self, shared_paths: Container[str]) -> tuple[PathDelta, ...]:
        """The largest differences first.

        Args:
            shared_paths: Those of `one_sided_paths` that such a layer holds; others may be among them.
        """
        self._drop_small()
        return tuple(
            PathDelta(
                delta.path,
                delta.change_if_shared if delta.path in shared_paths else delta.change,
                delta.uncompressed_bytes,
                delta.package,
            )
            for delta in self._deltas
        )

    def _drop_small(self) -> None:
        self._deltas.sort(key=lambda delta: (-abs(delta.uncompressed_bytes), delta.path))
        if len(self._deltas) > self._most_files:
            self._left_out += len(self._deltas) - self._most_files
            del self._deltas[self._most_files :]
            self._least_bytes = abs(self._deltas[-1].uncompressed_bytes)


def _changes(before: Sequence[EntryRow], after: Sequence[EntryRow]) -> tuple[Change, Change]:
    """What has become of a path where no layer that both images have holds it, and where one does."""
    was_there, is_there = _is_there(before), _is_there(after)
    if_shared = _change(was_there is not False, is_there is not False)
    if before and after:
        return if_shared, if_shared
    # A whiteout alone takes away what a shared layer has. Other bytes came or went, also if they were deleted later.
    if all(row[1] == "whiteout" for row in before or after):
        return if_shared, if_shared
    return ("added" if after else "removed"), if_shared


def _is_there(rows: Sequence[EntryRow]) -> bool | None:
    """Whether a path is there in the end; None where the layers do not tell."""
    return rows[-1][1] != "whiteout" if rows else None


def _change(was_there: bool, is_there: bool) -> Change:
    if was_there == is_there:
        return "changed"
    return "added" if is_there else "removed"
