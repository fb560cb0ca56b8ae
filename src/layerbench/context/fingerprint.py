"""The fingerprint of a context: a walk as BuildKit's client makes it, and the sha256 of every file.

Facts from github.com/tonistiigi/fsutil: a folder that is left out is looked at where an exception can hold for
something in it, and it is sent only when one does; links are sent as they are; names are compared as they are.
"""

from __future__ import annotations

import gc
import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from layerbench.context.childtests import FolderTest, never
from layerbench.context.ignore import IgnoreRules
from layerbench.context.links import follow
from layerbench.context.memory import FileKey, FingerprintMemory
from layerbench.context.models import Entry, Fingerprint, Problem
from layerbench.context.reading import FileHasher
from layerbench.errors import UsageError

_PERMISSIONS = 0o7777
_TYPE, _FILE, _FOLDER, _LINK = 0o170000, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK
_LINK_MODE = 0o777
_OTHERS = {
    stat.S_IFSOCK: "is a socket, which is an empty file in the build",
    stat.S_IFIFO: "is a named pipe; BuildKit makes one like it in the build, and it is not compared",
    stat.S_IFBLK: "is a block device; BuildKit makes one like it in the build, and it is not compared",
    stat.S_IFCHR: "is a character device; BuildKit makes one like it in the build, and it is not compared",
}
EMPTY_DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""sha256 of nothing."""
_UNREAD = Entry("file", 0)
"""Keeps the place of a file until it is read."""
_key: Callable[[os.stat_result], FileKey] = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
"""Only files are known by one: nothing else has the inode of a file at the time of the file's last change."""


def take_fingerprint(folder: Path, rules: IgnoreRules, memory: FingerprintMemory | None = None) -> Fingerprint:
    """Look at everything in a context that a build of it can see.

    What cannot be looked at is a problem of the fingerprint, and the rest is still in it.

    Args:
        folder: the context.
        rules: what its ignore file leaves out.
        memory: of files that were read before; what is found is added to it.

    Raises:
        UsageError: the folder is not there, is none, or cannot be listed.
    """
    with FileHasher(os.fspath(folder)) as hasher, _without_collection():
        walk = _Walk(folder, rules, memory.known() if memory is not None else {}, hasher)
        walk.run()
    if memory is not None:
        memory.keep(walk.entries, walk.known_count, walk.read)
    return Fingerprint(walk.entries, tuple(walk.problems))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Spare the search for garbage: a walk makes hundreds of thousands of objects, and no circles of them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(slots=True)
class _Listing:
    """What is in one folder and has to be looked at; what is not in `files` is no file."""

    files: dict[str, Entry] = field(default_factory=dict)
    """By path; `_UNREAD` where it has to be read."""
    has_unread: bool = False
    others: dict[str, os.stat_result] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    """Paths of the files."""
    pending: list[str] = field(default_factory=list)
    """Paths of the others, the next one last."""
    done: int = 0
    """How many files are."""

    def sort(self) -> None:
        self.order = sorted(self.files)
        self.pending = sorted(self.others, reverse=True)


class _Walk:
    """One walk of a context; `entries` come in the order in which BuildKit sends them."""

    def __init__(self, folder: Path, rules: IgnoreRules, known: dict[FileKey, Entry], hasher: FileHasher) -> None:
        self.entries: dict[str, Entry] = {}
        self.problems: list[Problem] = []
        self.known_count = 0
        """Files that were known."""
        self.read: dict[FileKey, Entry] = {}
        """Files that were not, and that a later look can tell to be unchanged."""
        self._top = os.fspath(folder)
        self._rules = rules
        self._known = known
        self._held: dict[str, Entry] = {}
        """Folders that are left out, unless something in them is not."""
        self._hasher = hasher
        self._links: list[str] = []

    def run(self) -> None:
        try:
            top = self._children("", is_excluded=False)
        except NotADirectoryError:
            raise UsageError(f"the context {self._top} is no folder; name a folder") from None
        except OSError as error:
            raise UsageError(f"cannot read the context {self._top} ({error.strerror}); name a folder") from None
        stack = [top]
        while stack:
            listing = stack[-1]
            path = listing.pending.pop() if listing.pending else None
            end = len(listing.order) if path is None else bisect_left(listing.order, path, listing.done)
            self._add_files(listing, listing.order[listing.done : end])
            listing.done = end
            if path is None:
                stack.pop()
            elif listing.others[path].st_mode & _TYPE == _FOLDER:
                stack.append(self._enter(path, listing.others[path]))
            else:
                self._add_other(path, listing.others[path])
        self._read()
        self._check_links()

    def _add_files(self, listing: _Listing, paths: list[str]) -> None:
        files = listing.files
        self.known_count += len(paths)
        self.entries.update(zip(paths, map(files.__getitem__, paths), strict=True))
        if not listing.has_unread:
            return
        unknown = [path for path in paths if files[path] is _UNREAD]
        self.known_count -= len(unknown)
        self._hasher.add(unknown)

    def _enter(self, path: str, facts: os.stat_result) -> _Listing:
        entry = Entry("folder", facts.st_mode & _PERMISSIONS)
        is_excluded = self._rules.folder(path).is_excluded
        if is_excluded:
            self._held[path] = entry
        else:
            self._release(path)
            self.entries[path] = entry
        try:
            return self._children(path, is_excluded=is_excluded)
        except OSError as error:
            if not (is_excluded and isinstance(error, PermissionError)):
                self._problem(path, f"cannot be listed ({error.strerror}), with which a build fails")
            return _Listing()

    def _children(self, path: str, *, is_excluded: bool) -> _Listing:
        excludes = self._rules.folder(path).excludes_child
        prefix = f"{path}/" if path else ""
        listing = _Listing()
        # The folder is opened by its path and what is in it by its name, which saves the kernel the way to it.
        descriptor = os.open(self._full(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with os.scandir(descriptor) as children:
                kept = None if excludes is never else self._kept(children, prefix, excludes)
                look_at = self._look_at if self._known else self._look_at_unknown
                look_at(children if kept is None else kept, prefix, listing)
        finally:
            os.close(descriptor)
        listing.sort()
        names = [*listing.order, *listing.pending] if listing.pending else listing.order
        if kept is not None:
            names = [name for name in names if not excludes(name[len(prefix) :])]
        if names:
            if is_excluded:
                self._release(f"{prefix}x")
            self._check_names(prefix, names)
        return listing

    def _kept(self, children: Iterable[os.DirEntry[str]], prefix: str, excludes: FolderTest) -> list[os.DirEntry[str]]:
        """What is not left out, and folders in which something can be kept."""
        return [
            child
            for child in children
            if not excludes(child.name)
            or (child.is_dir(follow_symlinks=False) and not self._rules.folder(prefix + child.name).is_pruned)
        ]

    def _look_at(self, children: Iterable[os.DirEntry[str]], prefix: str, listing: _Listing) -> None:
        """Find out what each child is, by steps that take all of them: they are a hundred thousand."""
        found = list(children)
        try:
            facts = [child.stat(follow_symlinks=False) for child in found]
        except FileNotFoundError:
            found, facts = _that_are_there(found)
        files, unread = listing.files, _UNREAD
        for child, its, known in zip(found, facts, map(self._known.get, map(_key, facts)), strict=True):
            if known is not None:
                files[prefix + child.name] = known
            elif its.st_mode & _TYPE == _FILE:
                files[prefix + child.name] = unread
                listing.has_unread = True
            else:
                listing.others[prefix + child.name] = its

    def _look_at_unknown(self, children: Iterable[os.DirEntry[str]], prefix: str, listing: _Listing) -> None:
        """The same where each file has to be read, which tells its facts as well."""
        listing.has_unread = True
        for child in children:
            if child.is_file(follow_symlinks=False):
                listing.files[prefix + child.name] = _UNREAD
                continue
            try:
                listing.others[prefix + child.name] = child.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue

    def _add_other(self, path: str, facts: os.stat_result) -> None:
        kind = facts.st_mode & _TYPE
        if kind == _LINK:
            self._add_link(path)
            return
        self._problem(path, _OTHERS.get(kind, "is no file, folder or link"))
        if kind == stat.S_IFSOCK:
            self.entries[path] = Entry("file", facts.st_mode & _PERMISSIONS, facts.st_size, EMPTY_DIGEST)

    def _add_link(self, path: str) -> None:
        try:
            self.entries[path] = Entry("link", _LINK_MODE, target=os.readlink(self._full(path)))  # noqa: PTH115 (100,000 paths)
            self._links.append(path)
        except OSError as error:
            self._problem(path, f"is a link that cannot be read ({error.strerror})")

    def _release(self, path: str) -> None:
        """Send the folders that something is in after all."""
        held = []
        folder = path.rpartition("/")[0]
        while folder in self._held:
            held.append((folder, self._held.pop(folder)))
            folder = folder.rpartition("/")[0]
        self.entries.update(reversed(held))

    def _read(self) -> None:
        for hashed in self._hasher.results():
            self.entries.update(hashed.entries)
            self.read.update(hashed.keys)
            for path, text in hashed.problems.items():
                self._problem(path, text)
            for path in hashed.gone:
                del self.entries[path]
        if self._rules.has_exceptions:
            self._empty_files()

    def _empty_files(self) -> None:
        for path, entry in self.entries.items():
            if entry.kind == "file" and self._rules.arrives_empty(path):
                self.entries[path] = Entry("file", entry.mode, entry.size_bytes, EMPTY_DIGEST)
                self._problem(path, "is empty in the build, since the ignore file's lines contradict each other there")

    def _check_names(self, prefix: str, paths: list[str]) -> None:
        together = "/".join(paths)
        if not together.isascii():
            for path in paths:
                if any("\udc80" <= character <= "\udcff" for character in path[len(prefix) :]):
                    self._problem(path, "has a name that is no UTF-8, with which a build fails")
        # Names that have no other case cannot be the same in another, and most have none.
        if together.casefold() != together and len(set(map(str.casefold, paths))) < len(paths):
            self._check_case(prefix, paths)

    def _check_case(self, prefix: str, paths: list[str]) -> None:
        first: dict[str, str] = {}
        for path in sorted(paths):
            other = first.setdefault(path.casefold(), path)
            if other != path:
                name = other[len(prefix) :]
                text = f"differs from {name} in case only, and on a case-insensitive file system is the same"
                self._problem(path, text)

    def _check_links(self) -> None:
        for path in self._links:
            if follow(self.entries, path) is None:
                target = self.entries[path].target
                text = f"is a link to {target}, which the build does not see; to copy the link by its name fails"
                self._problem(path, text)

    def _problem(self, path: str, text: str) -> None:
        self.problems.append(Problem(path, text))

    def _full(self, path: str) -> str:
        return f"{self._top}/{path}" if path else self._top


def _that_are_there(
    children: Iterable[os.DirEntry[str]],
) -> tuple[list[os.DirEntry[str]], list[os.stat_result]]:
    """Children with their facts, without those that were removed this moment: BuildKit goes on as well."""
    found, facts = [], []
    for child in children:
        with suppress(FileNotFoundError):
            facts.append(child.stat(follow_symlinks=False))
            found.append(child)
    return found, facts
