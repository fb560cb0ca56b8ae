"""What the place that a report is written to can show."""

from __future__ import annotations

import codecs
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO, cast

from layerbench.report.interface import PLAIN_WIDTH, ColorSystem, Options

if TYPE_CHECKING:
    from rich.console import Console

_LEAST_WIDTH = 20
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})


def plain_options(*, steps: bool = False) -> Options:
    """For a report that goes to a file: UTF-8, no escape sequences, as wide as `COLUMNS` says, or 100."""
    return Options(steps=steps, width=max(_LEAST_WIDTH, _columns()))


def terminal() -> Console:
    """A console on stdout that keeps the rules of `options_for`."""
    return console_for(sys.stdout)


def options_for(stream: TextIO, *, steps: bool = False) -> Options:
    """Width, colour and characters for a report that goes to `stream`.

    On a terminal its own width; elsewhere `COLUMNS`, or 100. No escape sequences where it is no terminal, where
    `NO_COLOR` is set (https://no-color.org) or with `TERM=dumb`.
    """
    if not (stream.isatty() or os.environ.get("FORCE_COLOR")):
        return replace(plain_options(steps=steps), ascii_only=is_ascii_only(stream.encoding))
    console = console_for(stream)
    return Options(
        steps=steps,
        width=console.width,
        color_system=cast("ColorSystem | None", console.color_system),
        ascii_only=is_ascii_only(stream.encoding),
    )


def console_for(stream: TextIO) -> Console:
    """A console on `stream` that keeps the rules of `options_for`."""
    from rich.console import Console

    found = Console(file=stream)
    width = found.width if found.is_terminal else _columns()
    plain = not found.is_terminal or found.is_dumb_terminal or bool(os.environ.get("NO_COLOR"))
    return Console(
        file=stream,
        width=max(_LEAST_WIDTH, width),
        color_system=None if plain else cast("ColorSystem | None", found.color_system),
        markup=False,
        emoji=False,
        highlight=False,
    )


def is_ascii_only(encoding: str | None) -> bool:
    """Whether characters beyond ASCII would not be shown.

    Python itself writes UTF-8 in the C locale (PEP 540), so the locale is asked as well; the first of LC_ALL, LC_CTYPE
    and LANG that is set counts, as in locale(7), unless it is what Python sets in the C locale (PEP 538).
    PYTHONIOENCODING has the last word.
    """
    if encoding is not None and not os.environ.get("PYTHONIOENCODING", "").split(":")[0]:
        language, everything, characters = (os.environ.get(name, "") for name in ("LANG", "LC_ALL", "LC_CTYPE"))
        if characters in _COERCED and language:
            characters = ""
        if (everything or characters or language) in {"C", "POSIX"}:
            return True
    try:
        name = codecs.lookup(encoding or "utf-8").name
    except LookupError:
        return True
    return not name.startswith("utf")


def _columns() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) > 0 else PLAIN_WIDTH
