"""A patch, file by file: what `git apply` can take, and what it cannot without files that are not at hand."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BEGIN = "diff --git "
_SUBMODULE_MODE = re.compile(r"^(?:index \S+ 160000|(?:new file |deleted file |old |new )mode 160000)$", re.MULTILINE)
_BINARY = re.compile(r"^Binary files .* differ$", re.MULTILINE)
_INDEX = re.compile(r"^index ([0-9a-f]+)\.\.([0-9a-f]+)(?: ([0-7]{6}))?$", re.MULTILINE)
_MODE = re.compile(r"^(?:new file|new) mode ([0-7]{6})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BinaryChange:
    """A binary file whose content the patch leaves out, as `git diff` does without --binary."""

    old: str | None
    """Its name before; None where the patch adds it."""
    new: str | None
    """Its name afterwards; None where the patch removes it."""
    blobs: tuple[str, str]
    """Git's ids of its content before and afterwards, shortened."""
    is_executable: bool | None
    """None where the patch does not say."""


@dataclass(frozen=True, slots=True)
class Sections:
    """A patch by what its parts can be taken for."""

    text: str
    """For `git apply`; empty where nothing of that is in it."""
    submodules: tuple[str, ...] = ()
    """Paths of those that get another commit."""
    binaries: tuple[BinaryChange, ...] = ()


def read_sections(diff: str) -> Sections:
    """Take a patch apart."""
    first, *rest = re.split(rf"^(?={re.escape(_BEGIN)})", diff, flags=re.MULTILINE)
    kept: list[str] = []
    submodules: list[str] = []
    binaries: list[BinaryChange] = []
    for section in rest:
        header = re.split(r"^(?:@@|GIT binary patch$)", section, maxsplit=1, flags=re.MULTILINE)[0]
        index = _INDEX.search(header)
        if _SUBMODULE_MODE.search(header):
            submodules += [name for name in dict.fromkeys(_names(header)) if name]
        elif _BINARY.search(header) and index is not None:
            binaries.append(_binary(header, index))
        else:
            kept.append(section)
    text = first + "".join(kept) if kept or not rest else ""
    return Sections(text, tuple(submodules), tuple(binaries))


def _binary(header: str, index: re.Match[str]) -> BinaryChange:
    old, new = _names(header)
    mode = _MODE.search(header)
    is_executable = None if mode is None else mode[1].endswith("755")
    return BinaryChange(old, new, (index[1], index[2]), is_executable)


def _names(header: str) -> tuple[str | None, str | None]:
    """The file's name before and afterwards."""
    renamed = [re.search(rf"^(?:rename|copy) {word} (.+)$", header, re.MULTILINE) for word in ("from", "to")]
    if renamed[0] is not None and renamed[1] is not None:
        is_copy = renamed[0][0].startswith("copy")
        return None if is_copy else _unquoted(renamed[0][1]), _unquoted(renamed[1][1])
    old, new = _halves(header.splitlines()[0].removeprefix(_BEGIN))
    is_new, is_gone = "\nnew file mode " in header, "\ndeleted file mode " in header
    return None if is_new else _inner(old), None if is_gone else _inner(new)


def _halves(names: str) -> tuple[str, str]:
    """The two names of the first line: they are equal but for what stands in front of the first slash."""
    if names.startswith('"'):
        found = re.findall(r'"(?:[^"\\]|\\.)*"', names)
        if len(found) == 2:
            return found[0], found[1]
    middle = (len(names) - 1) // 2
    return names[:middle], names[middle + 1 :]


def _inner(name: str) -> str:
    return _unquoted(name).partition("/")[2]


def _unquoted(name: str) -> str:
    """Undo git's quoting of unusual names, whose escapes are those of Python's byte strings."""
    if name.startswith('"') and name.endswith('"') and name.isascii():
        return os.fsdecode(ast.literal_eval(f"b{name}"))
    return name


def paths_of(change: BinaryChange) -> Iterator[str]:
    """All names that a binary file has in a patch."""
    yield from (name for name in dict.fromkeys((change.old, change.new)) if name is not None)
