"""All package formats side by side, for the scanner of one layer."""

from __future__ import annotations

from collections.abc import Iterator

from layerbench.image.packages.apk import AlpinePackages
from layerbench.image.packages.dpkg import DebianPackages
from layerbench.image.packages.interface import (
    MOST_PATHS,
    Holdings,
    PackageFormat,
    TooManyPathsError,
    UnreadableDatabaseError,
)
from layerbench.image.packages.node import NodePackages
from layerbench.image.packages.python import PythonPackages
from layerbench.image.packages.rpm import RpmPackages
from layerbench.image.packages.text import printable
from layerbench.image.profile import Package

_MOST_NOTES = 20
_FORMATS = (DebianPackages, AlpinePackages, RpmPackages, PythonPackages, NodePackages)


class PackageCollector:
    """Finds the packages of one layer, given its plain files one by one.

    The order of the files does not matter; of a path that comes twice the last one counts, as when a tar is unpacked.
    Content that is damaged or hostile becomes a note and never an error.

    Args:
        most_paths: Bound on the paths and names that are kept of one layer.
    """

    def __init__(self, most_paths: int = MOST_PATHS) -> None:
        holdings = Holdings(most_paths)
        self._most_paths = most_paths
        self._formats: tuple[PackageFormat, ...] = tuple(make(holdings) for make in _FORMATS)
        self._prefixes = tuple(prefix for each in self._formats for prefix in each.prefixes)
        self._suffixes = tuple(suffix for each in self._formats for suffix in each.suffixes)
        self._notes: list[str] = []
        self._notes_left_out = 0
        self._is_cut_short = False

    def limit_bytes(self, path: str) -> int:
        """The most bytes to keep of a plain file's content; 0 where it is not wanted.

        Args:
            path: As `Entry.path`.
        """
        # A layer has up to a million files, and this is asked of each: the ordinary one leaves here.
        if not path.endswith(self._suffixes) and not path.startswith(self._prefixes):
            return 0
        return next((limit for each in self._formats if (limit := each.limit_bytes(path))), 0)

    def add(self, path: str, content: bytes) -> None:
        """Take the whole content of a file that is wanted."""
        try:
            self._format_of(path).add(path, content)
        except UnreadableDatabaseError as error:
            self._note(path, str(error))
        except TooManyPathsError:
            self._is_cut_short = True

    def too_large(self, path: str, content_bytes: int) -> None:
        """Take note of a file that is wanted, but longer than its limit."""
        self._note(path, f"{self._format_of(path).why_too_large(path)} ({content_bytes} bytes)")

    def finish(self) -> tuple[tuple[Package, ...], tuple[str, ...]]:
        """The packages, and a sentence on each thing that could not be read."""
        return tuple(package for each in self._formats for package in each.finish()), tuple(self._all_notes())

    def _format_of(self, path: str) -> PackageFormat:
        return next(each for each in self._formats if each.limit_bytes(path))

    def _note(self, path: str, why: str) -> None:
        if len(self._notes) < _MOST_NOTES:
            self._notes.append(f"{printable(path)} cannot be read: {why}")
        else:
            self._notes_left_out += 1

    def _all_notes(self) -> Iterator[str]:
        yield from self._notes
        if self._notes_left_out:
            yield f"{self._notes_left_out} more files of package databases cannot be read"
        if self._is_cut_short:
            yield (
                f"the package databases of this layer list more than {self._most_paths} files; "
                "those of the packages left out are shown by folder"
            )
