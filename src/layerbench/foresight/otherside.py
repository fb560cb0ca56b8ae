"""The other side of a change: what variants were or will be built from, told by those files alone that are others."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from layerbench.cachekeys.models import BuildInputs
from layerbench.config.models import Variant
from layerbench.context.fingerprint import take_fingerprint
from layerbench.context.ignore import IgnoreRules
from layerbench.context.models import Entry, Fingerprint
from layerbench.context.names import shown
from layerbench.errors import UsageError
from layerbench.foresight.sources import (
    MAIN_CONTEXT,
    Source,
    context_folders,
    entries_with,
    ignore_rules,
    invocation_of,
    remote_contexts,
)

Versions = Mapping[Path, Entry | None]
"""What is at the place of a file; None where nothing is."""
_MOST_LINKS = 40


class OtherSide:
    """Files as they are now, with other versions of some.

    Args:
        name: of the side for people, with its preposition: `at main`, `with the patch`.
        tree: a folder with the other versions, by their paths from `top`.
        top: where those paths start from for the person; resolved.
        paths: all that is another one; those that are not in the tree are not there on that side.
    """

    def __init__(self, name: str, tree: Path, top: Path, paths: Iterable[str]) -> None:
        self.name = name
        self._tree, self._top = tree, top
        self._versions: dict[Path, Entry | None] = {top / path: read_entry(tree / path) for path in paths}
        self._fingerprints: dict[tuple[Path, tuple[str, ...]], Fingerprint] = {}

    def has_other(self, file: Path) -> bool:
        """Whether a file is another one on that side."""
        return file in self._versions

    def add(self, versions: Versions) -> None:
        """Take in files of which more is known than the tree holds."""
        self._versions |= versions

    def inputs(self, variant: Variant, source: Source) -> BuildInputs:
        """What a variant is built from on that side.

        Args:
            variant: as it is on that side.
            source: as it is now.

        Raises:
            UsageError: it has no Dockerfile there, no context, or an ignore file with which the build would fail.
        """
        text = self._content(variant.dockerfile)
        if text is None:
            raise UsageError(f"{self._told(variant.dockerfile)} is not there {self.name}: there is no build of it")
        folders = context_folders(variant, self._is_folder)
        rules = {name: ignore_rules(variant, name, folder, self._content) for name, folder in folders.items()}
        return BuildInputs(
            dockerfile=text.decode(errors="replace"),
            invocation=invocation_of(variant),
            contexts={name: self._context(name, folder, rules[name], source) for name, folder in folders.items()},
            remote_contexts=remote_contexts(variant, folders),
        )

    def _context(self, name: str, folder: Path, rules: IgnoreRules, source: Source) -> Fingerprint:
        """Today's files by the rules of that side, and in their places the versions of that side."""
        now = self._now(name, folder, rules, source)
        changes: dict[str, Entry | None] = {}
        for file, entry in self._versions.items():
            if file != folder and file.is_relative_to(folder):
                path = file.relative_to(folder).as_posix()
                if not rules.excludes(path):
                    changes[path] = _with_mode(entry, now.entries.get(path))
        return replace(now, entries=entries_with(now.entries, changes)) if changes else now

    def _now(self, name: str, folder: Path, rules: IgnoreRules, source: Source) -> Fingerprint:
        if source.folders.get(name) == folder and _texts(source.ignores[name]) == _texts(rules):
            return source.inputs.contexts[name]
        key = (folder, _texts(rules))
        if key not in self._fingerprints:
            if not folder.is_dir() and not self._is_folder(folder):
                what = "the context" if name == MAIN_CONTEXT else f"the context {name},"
                raise UsageError(f"{what} {self._told(folder)} is not there {self.name}: there is no build of it")
            self._fingerprints[key] = take_fingerprint(folder, rules) if folder.is_dir() else Fingerprint({})
        return self._fingerprints[key]

    def _is_folder(self, folder: Path) -> bool:
        return folder.is_dir() or any(
            entry is not None and file.is_relative_to(folder) for file, entry in self._versions.items()
        )

    def _content(self, file: Path, within: Path | None = None) -> bytes | None:
        """What is in a file on that side; None where it is not there, or a link leads out of a folder."""
        for _ in range(_MOST_LINKS):
            place = Path(os.path.realpath(file.parent)) / file.name
            if within is not None and not place.is_relative_to(within.resolve()):
                return None
            entry = self._versions.get(place)
            if place not in self._versions and place.is_symlink():
                file = place.parent / place.readlink()
            elif entry is not None and entry.kind == "link":
                file = place.parent / (entry.target or "")
            elif place in self._versions:
                return _read(self._tree / place.relative_to(self._top))
            else:
                return _read(place)
            file = Path(os.path.normpath(file))
        return None

    def _told(self, path: Path) -> str:
        return shown(str(path.relative_to(self._top) if path.is_relative_to(self._top) else path))


def read_entry(path: Path) -> Entry | None:
    """What a fingerprint would have at a path; None where nothing is, or a folder."""
    try:
        facts = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(facts.st_mode):
        return Entry("link", 0o777, target=str(path.readlink()))
    if not stat.S_ISREG(facts.st_mode):
        return None
    content = path.read_bytes()
    return Entry("file", stat.S_IMODE(facts.st_mode), len(content), hashlib.sha256(content).hexdigest())


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _texts(rules: IgnoreRules) -> tuple[str, ...]:
    return tuple(rule.text for rule in rules.rules)


def _with_mode(entry: Entry | None, now: Entry | None) -> Entry | None:
    """The entry with the mode of today's file where git sees no difference between the two.

    Git keeps one bit of a mode, and a checkout fills in the others by the umask.
    """
    if entry is None or now is None or entry.kind != "file" or now.kind != "file":
        return entry
    return replace(entry, mode=now.mode) if bool(entry.mode & 0o100) == bool(now.mode & 0o100) else entry
