"""Text of package databases: paths, and fields of the `Name: value` kind."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator

_MOST_SHOWN_CHARACTERS = 1024
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def decode(content: bytes) -> str:
    """A database as text, bytes that are no UTF-8 as lone surrogates, as in `Entry.path`."""
    return content.decode("utf-8", "surrogateescape")


def lines(content: bytes) -> Iterator[str]:
    """The lines of a database one by one: all of them as texts would be many times as long as a hostile one is."""
    return (decode(line.rstrip(b"\n")) for line in io.BytesIO(content))


def printable(text: str) -> str:
    """A text to show, such as a version: what cannot be printed is replaced, and what nobody reads is cut."""
    text = text[:_MOST_SHOWN_CHARACTERS]
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _REPLACEMENT for character in text)


def entry_path(text: str) -> str:
    """A path from the root as `Entry.path` has it. `..` never leads above the root."""
    path = text.strip("/")
    if "./" not in path and "//" not in path and path[-1:] != ".":
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def path_in(folder: str, text: str) -> str:
    """A path that a database in `folder` (an entry's path) tells, relative to it or absolute, as `Entry.path`."""
    return entry_path(text if text.startswith("/") or not folder else f"{folder}/{text}")


def without_folders(paths: Collection[str]) -> Iterator[str]:
    """The paths less "" and those that others of them are below."""
    folders = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return (path for path in paths if path not in folders)


def fields(paragraph: Iterable[str], wanted: Collection[str]) -> dict[str, str]:
    """The first value of each wanted field, by its name in lower case; values over several lines are cut."""
    found: dict[str, str] = {}
    for line in paragraph:
        name, colon, value = line.partition(":")
        name = name.lower()
        if colon and name in wanted and name not in found:
            found[name] = printable(value.strip())
    return found
