"""Names that a person writes: patterns for several, and what to say of one that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase


def fits(name: str, pattern: str) -> bool:
    """Whether a name or an instruction is like a pattern: `*` is any text, `?` any character, all else itself."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def is_pattern(name: str) -> bool:
    """Whether it may stand for several names."""
    return "*" in name or "?" in name


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The end of a sentence on an unknown name: the nearest known one, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return "known: " + ", ".join(names) if names else "there are none"
