"""Alpine packages: apk's database of what is installed.

Sources: apk-package(5) and the Alpine wiki's "Apk spec": records of `letter:value` lines with an empty line behind
each; P is the name of a package and V its version, F a folder and R a file in the last folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from layerbench.image.packages.interface import Holdings, UnreadableDatabaseError
from layerbench.image.packages.text import lines, path_in, printable
from layerbench.image.profile import Package

_DATABASES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_LIMIT_BYTES = 64 * 1024 * 1024
_NAME, _VERSION = "P:", "V:"


class AlpinePackages:
    """The packages that are installed as of a layer: every change writes all of them."""

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = _DATABASES

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._packages: dict[str, list[Package]] = {}

    def limit_bytes(self, path: str) -> int:
        """See `PackageFormat`."""
        return _LIMIT_BYTES if path in _DATABASES else 0

    def add(self, path: str, content: bytes) -> None:
        """See `PackageFormat`."""
        packages = self._packages[path] = []
        for is_record, record in groupby(lines(content), key=bool):
            if is_record:
                packages.append(self._package(record))

    def why_too_large(self, path: str) -> str:
        """See `PackageFormat`."""
        return "it is too long for a database of apk"

    def finish(self) -> Iterator[Package]:
        """See `PackageFormat`."""
        for packages in self._packages.values():
            yield from packages

    def _package(self, record: Iterator[str]) -> Package:
        facts: dict[str, str] = {}
        paths = self._holdings.keep(_files(record, facts))
        if not facts.get(_NAME):
            raise UnreadableDatabaseError("a record has no name of a package")
        name, version = self._holdings.keep((facts[_NAME], facts.get(_VERSION, "")))
        return Package("alpine", name, version, "", paths)


def _files(record: Iterator[str], facts: dict[str, str]) -> Iterator[str]:
    """Of one record the files; what it says of the package goes to `facts`."""
    folder = ""
    for line in record:
        kind, value = line[:2], line[2:]
        if kind == "R:":
            yield path_in(folder, value)
        elif kind == "F:":
            folder = value
        elif kind in (_NAME, _VERSION):
            facts[kind] = printable(value)
