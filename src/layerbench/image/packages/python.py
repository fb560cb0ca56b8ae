"""Python distributions: the `.dist-info` and `.egg-info` beside the modules.

Sources: PyPA specifications "Recording installed projects" (METADATA; RECORD as CSV with paths relative to the folder
of the `.dist-info`, or absolute) and "Core metadata specifications"; setuptools, "Internal structure of Eggs"
(PKG-INFO; `installed-files.txt`, whose paths are relative to the `.egg-info`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from layerbench.image.packages.interface import Holdings, UnreadableDatabaseError
from layerbench.image.packages.text import fields, lines, path_in, printable
from layerbench.image.profile import Package

_DIST_INFO = ".dist-info"
_EGG_INFO = ".egg-info"
_METADATA = {"METADATA": _DIST_INFO, "PKG-INFO": _EGG_INFO}
_LISTS = {"RECORD": _DIST_INFO, "installed-files.txt": _EGG_INFO}
_LIMIT_BYTES = 32 * 1024 * 1024

# What installers write: not every one of these is in RECORD, and distributions leave RECORD out.
_OWN_NAMES = {
    _DIST_INFO: (
        "METADATA", "RECORD", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json", "entry_points.txt",
        "top_level.txt", "namespace_packages.txt", "zip-safe", "LICENSE", "LICENSE.txt", "COPYING", "AUTHORS",
        "uv_cache.json", "uv_build.json",
    ),
    _EGG_INFO: (
        "PKG-INFO", "SOURCES.txt", "dependency_links.txt", "depends.txt", "entry_points.txt", "installed-files.txt",
        "namespace_packages.txt", "native_libs.txt", "not-zip-safe", "requires.txt", "top_level.txt", "zip-safe",
    ),
}  # fmt: skip


class _Fact(NamedTuple):
    name: str
    version: str


class PythonPackages:
    """The distributions whose metadata or list of files a layer brings."""

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (*_METADATA, *_LISTS, _EGG_INFO)

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._own: dict[str, tuple[str, ...]] = {}
        self._facts: dict[str, _Fact] = {}
        self._lists: dict[str, tuple[str, ...]] = {}

    def limit_bytes(self, path: str) -> int:
        """See `PackageFormat`."""
        folder, _, name = path.rpartition("/")
        suffix = _METADATA.get(name) or _LISTS.get(name)
        is_wanted = folder.endswith(suffix) if suffix else name.endswith(_EGG_INFO)
        return _LIMIT_BYTES if is_wanted else 0

    def add(self, path: str, content: bytes) -> None:
        """See `PackageFormat`."""
        folder, _, name = path.rpartition("/")
        if name not in _METADATA and name not in _LISTS:
            self._own[path] = self._holdings.keep((path,))
            self._facts[path] = self._read_fact(content)
            return
        if folder not in self._own:
            self._own[folder] = self._holdings.keep(_own_paths(folder))
        if name in _METADATA:
            self._facts[folder] = self._read_fact(content)
        else:
            read = _read_record if name == "RECORD" else _read_installed_files
            self._lists[folder] = self._holdings.keep(read(folder, lines(content)))

    def why_too_large(self, path: str) -> str:
        """See `PackageFormat`."""
        return "it is too long for the metadata of a Python package"

    def finish(self) -> Iterator[Package]:
        """See `PackageFormat`."""
        for folder, own in self._own.items():
            name, version = self._facts.get(folder) or _fact_of(folder)
            paths = dict.fromkeys((*self._lists.get(folder, ()), *own))
            yield Package("python", name, version, folder.rpartition("/")[0], tuple(paths))

    def _read_fact(self, content: bytes) -> _Fact:
        # Behind the header comes the description, which is of no use here and long.
        header = takewhile(bool, (line.rstrip("\r") for line in lines(content)))
        found = fields(header, ("name", "version"))
        if not found.get("name"):
            raise UnreadableDatabaseError("it has no field Name")
        name, version = self._holdings.keep((found["name"], found.get("version", "")))
        return _Fact(name, version)


def _own_paths(folder: str) -> Iterator[str]:
    suffix = _DIST_INFO if folder.endswith(_DIST_INFO) else _EGG_INFO
    return (f"{folder}/{name}" for name in _OWN_NAMES[suffix])


def _fact_of(folder: str) -> _Fact:
    """What the name of `<name>-<version>.dist-info` or `<name>-<version>-py<version>.egg-info` says."""
    last = printable(folder.rpartition("/")[2])
    name, _, version = last.removesuffix(_DIST_INFO).removesuffix(_EGG_INFO).partition("-")
    return _Fact(name or last, version.partition("-py")[0])


def _read_record(folder: str, text: Iterator[str]) -> Iterator[str]:
    site_packages = folder.rpartition("/")[0]
    rows = csv.reader(f"{line}\n" for line in text)
    try:
        for row in rows:
            if row and row[0]:
                yield path_in(site_packages, row[0])
    except csv.Error as error:
        raise UnreadableDatabaseError(f"line {rows.line_num} is no CSV ({error})") from error


def _read_installed_files(folder: str, text: Iterator[str]) -> Iterator[str]:
    return (path_in(folder, line.rstrip("\r")) for line in text if line)
