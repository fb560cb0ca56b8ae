"""Debian packages: dpkg's database, and its form in distroless images.

Sources: dpkg(1), section FILES; dpkg-query(1) for the states of a package; deb-control(5) for the fields;
dpkg-divert(1) and dpkg's `lib/dpkg/db-fsys-divert.c` for the diversions; the distroless project's README for
`status.d`, where each package has its own file with the fields, and its deb-md5sums(5) beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from layerbench.image.packages.interface import Holdings, UnreadableDatabaseError
from layerbench.image.packages.text import entry_path, fields, lines, printable, without_folders
from layerbench.image.profile import Package

_ROOT = "var/lib/dpkg/"
_STATUS = _ROOT + "status"
_DIVERSIONS = _ROOT + "diversions"
_INFO = _ROOT + "info/"
_STATUS_D = _ROOT + "status.d/"
_LIMIT_BYTES = 32 * 1024 * 1024
_DIVERSIONS_LIMIT_BYTES = 1024 * 1024

_LIST = ".list"
_MD5SUMS = ".md5sums"
_SCRIPTS = (".preinst", ".postinst", ".prerm", ".postrm", ".config")
_INFO_SUFFIXES = (_LIST, _MD5SUMS, *_SCRIPTS, ".conffiles", ".shlibs", ".symbols", ".templates", ".triggers")

_FIELDS = frozenset({"package", "status", "version", "architecture"})
# The files are in place in all three: those who await triggers are only not told of a change elsewhere.
_INSTALLED = frozenset({"installed", "triggers-awaited", "triggers-pending"})
_MD5_CHARACTERS = 32


class _Fact(NamedTuple):
    name: str
    version: str


class _Diversion(NamedTuple):
    path: str
    package: str
    """Whose own file stays in place; ":" where the administrator diverts it from all."""


class DebianPackages:
    """The packages whose list of files a layer brings: dpkg writes it when it installs or upgrades one."""

    prefixes: tuple[str, ...] = (_ROOT,)
    suffixes: tuple[str, ...] = ()

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._versions: dict[str, str | None] = {}
        self._lists: dict[str, tuple[str, ...]] = {}
        self._diversions: dict[str, _Diversion] = {}
        self._facts: dict[str, _Fact] = {}
        self._sums: dict[str, tuple[str, ...]] = {}

    def limit_bytes(self, path: str) -> int:
        """See `PackageFormat`."""
        folder, name = path[: path.rfind("/") + 1], path[path.rfind("/") + 1 :]
        if path == _DIVERSIONS:
            return _DIVERSIONS_LIMIT_BYTES
        if path == _STATUS:
            return _LIMIT_BYTES
        if folder == _INFO:
            return _LIMIT_BYTES if name.endswith(_LIST) and not name.startswith((".", ":")) else 0
        if folder == _STATUS_D:
            return _LIMIT_BYTES if name.endswith(_MD5SUMS) or not name.endswith(_INFO_SUFFIXES) else 0
        return 0

    def add(self, path: str, content: bytes) -> None:
        """See `PackageFormat`."""
        text = lines(content)
        if path == _STATUS:
            self._add_status(text)
        elif path == _DIVERSIONS:
            self._diversions = _read_diversions(text)
        elif path.startswith(_INFO):
            self._add_list(path.removeprefix(_INFO).removesuffix(_LIST), text)
        elif path.endswith(_MD5SUMS):
            self._sums[path.removesuffix(_MD5SUMS)] = self._holdings.keep(_read_md5sums(text))
        else:
            self._facts[path] = self._read_fact(text)
            self._holdings.keep((path, path + _MD5SUMS))

    def why_too_large(self, path: str) -> str:
        """See `PackageFormat`."""
        return "it is too long for a database of dpkg"

    def finish(self) -> Iterator[Package]:
        """See `PackageFormat`."""
        for stem, listed in self._lists.items():
            name = stem.partition(":")[0]
            # A list without a status still tells what is where.
            version = self._versions.get(stem, "")
            if version is not None:
                yield Package("debian", printable(name), version, "", tuple(self._diverted(name, listed)))
        for path, fact in self._facts.items():
            yield Package("debian", *fact, "", (*self._sums.get(path, ()), path, path + _MD5SUMS))

    def _add_list(self, stem: str, text: Iterator[str]) -> None:
        listed = self._holdings.keep(_read_list(text))
        own = self._holdings.keep(_INFO + stem + suffix for suffix in _INFO_SUFFIXES)
        self._lists[stem] = (*without_folders(listed), *own)

    def _add_status(self, text: Iterator[str]) -> None:
        self._versions.clear()
        for is_paragraph, paragraph in groupby(text, key=bool):
            if not is_paragraph:
                continue
            found = fields(paragraph, _FIELDS)
            name = _named(found)
            is_installed = found.get("status", "").rpartition(" ")[2] in _INSTALLED
            self._holdings.keep((name,))
            version = found.get("version", "") if is_installed else None
            # Of a package of several architectures the one that has `<name>.list` is known by its name alone.
            self._versions[f"{name}:{found.get('architecture', '')}"] = version
            if self._versions.get(name) is None:
                self._versions[name] = version

    def _read_fact(self, text: Iterator[str]) -> _Fact:
        found = fields(text, _FIELDS)
        name, version = self._holdings.keep((_named(found), found.get("version", "")))
        return _Fact(name, version)

    def _diverted(self, name: str, paths: tuple[str, ...]) -> Iterator[str]:
        for path in paths:
            diversion = self._diversions.get(path)
            yield path if diversion is None or diversion.package == name else diversion.path


def _named(found: dict[str, str]) -> str:
    if not found.get("package"):
        raise UnreadableDatabaseError("a paragraph has no field Package")
    return found["package"]


def _read_list(text: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(text, 1):
        if line.startswith("/"):
            yield entry_path(line)
        elif line:
            raise UnreadableDatabaseError(f"line {number} is no absolute path")


def _read_md5sums(text: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(text, 1):
        if line[_MD5_CHARACTERS : _MD5_CHARACTERS + 2] in ("  ", " *"):
            yield entry_path(line[_MD5_CHARACTERS + 2 :])
        elif line:
            raise UnreadableDatabaseError(f"line {number} is no digest with a path")


def _read_diversions(text: Iterator[str]) -> dict[str, _Diversion]:
    """Three lines a diversion: the path, where it goes, and who diverts it."""
    rows = [*text]
    if len(rows) % 3:
        raise UnreadableDatabaseError("its lines are not three for each diversion")
    triples = zip(rows[::3], rows[1::3], rows[2::3], strict=True)
    return {entry_path(path): _Diversion(entry_path(to), package) for path, to, package in triples}
