"""Files of equal effect, put together by folder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

from layerbench.analysis.impact.models import FileGroup

Class = TypeVar("Class", bound=Hashable)
_WHOLE = "./"
_UP = ".."
_MIXED = object()


def grouped(files: Mapping[str, Class]) -> dict[Class, tuple[FileGroup, ...]]:
    """The files of each class: folders that hold nothing else, as high up as can be, and single files.

    Args:
        files: the class of each file, by its path from the main context: one that begins with `../` is outside of it.
    """
    uniform = _uniform_folders(files)
    counts: Counter[tuple[Class, str]] = Counter()
    tops: dict[str, str | None] = {}
    for path, kind in files.items():
        folder = path.rpartition("/")[0]
        if folder not in tops:
            tops[folder] = next((_shown(one) for one in _ancestors(folder) if one in uniform), None)
        counts[kind, tops[folder] or path] += 1
    found: defaultdict[Class, list[FileGroup]] = defaultdict(list)
    for (kind, path), count in counts.items():
        found[kind].append(FileGroup(path, count))
    return {kind: tuple(sorted(groups, key=lambda one: (-one.file_count, one.path))) for kind, groups in found.items()}


def _uniform_folders(files: Mapping[str, Hashable]) -> set[str]:
    """Folders below which all files are of one class; the context itself is the empty name."""
    folders: dict[str, object] = {}
    for path, kind in files.items():
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if _is_above(folder) or (not folder and path.startswith(f"{_UP}/")):
                break  # holds more than files of contexts
            known = folders.setdefault(folder, kind)
            if known is _MIXED:
                break  # so is all above it
            if known != kind:
                folders[folder] = _MIXED
    return {folder for folder, kind in folders.items() if kind is not _MIXED}


def _ancestors(folder: str) -> Iterator[str]:
    """The folder and those around it, the outermost first, which is the context itself."""
    if folder.partition("/")[0] != _UP:
        yield ""
    at = folder.find("/")
    while at >= 0:
        yield folder[:at]
        at = folder.find("/", at + 1)
    if folder:
        yield folder


def _is_above(folder: str) -> bool:
    return folder.rpartition("/")[2] == _UP


def _shown(folder: str) -> str:
    return f"{folder}/" if folder else _WHOLE
