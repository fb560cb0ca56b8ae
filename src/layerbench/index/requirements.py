"""Requirements files, as far as the index must know them: which lines there are, and which project a line is for.

What a line means is left to pip (its "Requirements File Format").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.index.listing import normalized

_NAME = re.compile(r"^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:$|[\[(;@<>=!~,\s])")
_PIN = re.compile(r"^[^=<>!~;@]+?==\s*([^\s;,*]+)\s*(?:$|[;\s])")
_OTHER_FILE = re.compile(r"^(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(\S.*)$")


def read_requirements(path: Path, _seen: frozenset[Path] = frozenset()) -> tuple[str, ...]:
    """The logical lines of a requirements file, those of files that it includes in their place.

    Comments, empty lines and repeated inclusions are left out; paths of constraint files are made absolute.

    Raises:
        UsageError: a file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path}: {reason}") from None
    seen = _seen | {path.resolve()}
    lines: list[str] = []
    for line in _logical_lines(text):
        other = _OTHER_FILE.match(line)
        if other is None:
            lines.append(line)
        elif other[1] in ("-c", "--constraint"):
            lines.append(f"--constraint {path.parent.resolve() / other[2]}")
        elif (included := path.parent / other[2]).resolve() not in seen:
            lines += read_requirements(included, seen)
    return tuple(lines)


def _logical_lines(text: str) -> Iterator[str]:
    joined = re.sub(r"\\\r?\n", " ", text)
    for line in joined.splitlines():
        content = re.sub(r"(^|\s)#.*$", "", line).strip()
        if content:
            yield " ".join(content.split())


def project_of(line: str) -> str | None:
    """The normalized name of the project that a line is for; None for an option, a path or a bare address."""
    match = _NAME.match(line)
    return normalized(match[1]) if match else None


def pinned_version(line: str) -> str | None:
    """The version that a line pins with ==; None for any other line."""
    match = _PIN.match(line)
    return match[1] if match else None


def without(lines: Iterable[str], projects: Iterable[str]) -> tuple[str, ...]:
    """The lines that are for none of the projects (normalized names)."""
    left_out = set(projects)
    return tuple(line for line in lines if project_of(line) not in left_out)
