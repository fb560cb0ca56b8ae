"""A context's fingerprint: what of its files can decide whether a step hits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

EntryKind = Literal["file", "folder", "link"]
Change = Literal["content", "mode", "type", "target", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, folder or symbolic link; neither times nor owners enter a cache key, and they are not here."""

    kind: EntryKind
    mode: int
    """Permission bits, set-id and sticky bits included; 0o777 for a link."""
    size_bytes: int = 0
    """Of a file."""
    digest: str | None = None
    """sha256 of a file's content, in hexadecimal; None where it could not be read."""
    target: str | None = None
    """Of a link."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a build will stumble over, or what could not be looked at."""

    path: str
    text: str
    """What is the matter, without the path: `cannot be read (Permission denied)`."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything in a folder that a build can see; what `.dockerignore` leaves out is not in it."""

    entries: Mapping[str, Entry]
    """By path relative to the folder, with `/`; names that are no UTF-8 have surrogate escapes. Without the top."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path that is not the same in two fingerprints."""

    path: str
    change: Change
    old_path: str | None = None
    """Of an `added` file whose content stood under another name before: a rename."""
