"""Bytecode that several interpreters made of one source: `x.cpython-311.pyc` beside `x.cpython-312.pyc` (PEP 3147)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from layerbench.image.profile import EntryRow

FOLDER = "__pycache__"
SUFFIX = ".pyc"
_VERSION = re.compile(r"([0-9])([0-9]{0,3})")


def is_bytecode(path: str) -> bool:
    """Whether a file is a .pyc in a `__pycache__`."""
    return path.endswith(SUFFIX) and path[: path.rfind("/")].endswith(FOLDER)


def made_twice(files: Sequence[tuple[EntryRow, int]]) -> set[int]:
    """Which of the .pyc of one folder, given with their layers, another interpreter's make needless.

    The interpreter of the lowest layer was first; of one layer's the newest one is most likely the one that runs.
    """
    # Where all names end alike there is one interpreter, as almost always.
    if len({row[0][row[0].rfind(".", 0, -len(SUFFIX)) :] for row, _ in files}) < 2:
        return set()
    by_source: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for position, (row, _) in enumerate(files):
        source, tag = _source_and_tag(row[0])
        by_source[source].append((position, tag))
    needless: set[int] = set()
    for several in by_source.values():
        _, first = min(several, key=lambda one: (files[one[0]][1], [-number for number in _numbers(one[1])]))
        needless.update(position for position, tag in several if tag != first)
    return needless


def _source_and_tag(path: str) -> tuple[str, str]:
    stem = path[path.rfind("/") + 1 : -len(SUFFIX)]
    before, _, level = stem.rpartition(".")
    if level.startswith("opt-"):
        stem = before
    source, dot, tag = stem.rpartition(".")
    return (source, tag) if dot else (stem, "")


def _numbers(tag: str) -> tuple[int, int]:
    """The version in a tag such as `cpython-312`: 3, 12."""
    found = _VERSION.search(tag)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
