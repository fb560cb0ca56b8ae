"""What a package format has to offer, and what all formats share: a bound on what is kept, and their one error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from layerbench.image.profile import Package

MOST_PATHS = 500_000
_MOST_CHARACTERS = 64 * 1024 * 1024


class UnreadableDatabaseError(ValueError):
    """A file of a database is not what its format says; the message finishes "… cannot be read: "."""


class TooManyPathsError(Exception):
    """A layer's databases list more than is kept of them."""


class Holdings:
    """Bounds what all databases of one layer make us keep, in texts and in characters.

    Args:
        most_paths: How many texts.
    """

    def __init__(self, most_paths: int = MOST_PATHS) -> None:
        self._paths_left = most_paths
        self._characters_left = _MOST_CHARACTERS

    def keep(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The texts, which are taken one by one: few bytes of a database can stand for many characters.

        Raises:
            TooManyPathsError: they are more than may still be kept.
        """
        return tuple(self._counted(texts))

    def _counted(self, texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            self._paths_left -= 1
            self._characters_left -= len(text)
            if self._paths_left < 0 or self._characters_left < 0:
                raise TooManyPathsError
            yield text


class PackageFormat(Protocol):
    """The databases of one kind in one layer, file by file in the order of its tar."""

    prefixes: tuple[str, ...]
    """How paths begin that it may want, …"""
    suffixes: tuple[str, ...]
    """… or end. It is not asked about what fits none of both."""

    def limit_bytes(self, path: str) -> int:
        """The most bytes of a plain file that it wants; 0 where it does not want the file."""
        ...

    def add(self, path: str, content: bytes) -> None:
        """Read a file that it wants.

        Raises:
            UnreadableDatabaseError: the content is not what the format says.
            TooManyPathsError: there is more than may be kept.
        """
        ...

    def why_too_large(self, path: str) -> str:
        """Why a file that it wants, but longer than its limit, cannot be read."""
        ...

    def finish(self) -> Iterator[Package]:
        """The packages, after the last file."""
        ...
