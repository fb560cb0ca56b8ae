"""Lines and grids on a terminal: printable text, wrapped with care."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from layerbench.report.interface import Options
from layerbench.report.printable import printable

INDENT = 2

# Rich breaks lines at every kind of white space: a figure is kept beside its unit by a character that is none.
_GLUE = "\ue000"
_FIGURE_AND_UNIT = re.compile(r"(?<=\d) (?=(?:s|min|h|B|kB|MB|GB|TB|rounds?|builds?)\b)")
_NAME_PART = re.compile(r"[^-_. /]*[-_. /]|[^-_. /]+")
_LEAST_TEXT = 10


class Page:
    """Prints onto a console; everything that comes through here is free of control characters."""

    def __init__(self, console: Console, *, ascii_only: bool) -> None:
        self.console = console
        self.ascii_only = ascii_only
        self.dash = "-" if ascii_only else "–"

    @property
    def width(self) -> int:
        """Columns of the console."""
        return self.console.width

    def plain(self, text: str) -> str:
        """The text as it may be shown here."""
        return printable(text, ascii_only=self.ascii_only)

    def wrap(self, text: str, width: int) -> str:
        """The text as it may be shown here, on as many lines as it needs in a column."""
        plain = self.plain(text)
        if cell_len(plain) <= width:
            return plain
        return "\n".join(line.plain.rstrip() for line in Text(plain).wrap(self.console, width, overflow="fold"))

    def blank(self) -> None:
        """An empty line."""
        self.console.print()

    def line(self, text: str, style: str = "", *, indent: int = 0, hang: int = 0) -> None:
        """A text on as many lines as it needs, none for none; all but the first are indented by `hang` more."""
        rest = _FIGURE_AND_UNIT.sub(_GLUE, self.plain(text).strip())
        margin = indent
        while rest:
            first = Text(rest).wrap(self.console, max(_LEAST_TEXT, self.width - margin), overflow="fold")[0].plain
            self._print(first.rstrip().replace(_GLUE, " "), style, margin)
            rest = rest[len(first) :].lstrip()
            margin = indent + hang

    def lines(self, lines: Iterable[Text], *, indent: int = INDENT) -> None:
        """Lines that are laid out already."""
        whole = [Text(" " * indent).append_text(line) for line in lines]
        if whole:
            # At once: a print takes longer than the lines.
            self.console.print(Text("\n").join(whole), soft_wrap=True)

    def _print(self, line: str, style: str, margin: int) -> None:
        self.console.print(Text(" " * margin).append(line, style), soft_wrap=True)


def render_page(options: Options, print_on: Callable[[Page], None]) -> str:
    """What is printed on a page of that width and colour, as text without spaces at the ends of lines."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=options.width,
        color_system=options.color_system,
        force_terminal=options.color_system is not None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    print_on(Page(console, ascii_only=options.ascii_only))
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def break_name(name: str, width: int) -> str:
    """A name on several lines, broken behind its own separators, and within a part only where that is too long."""
    if cell_len(name) <= width:
        return name
    lines = [""]
    for part in _NAME_PART.findall(name):
        for piece in _pieces(part, width):
            if lines[-1] and cell_len(lines[-1]) + cell_len(piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _pieces(part: str, width: int) -> list[str]:
    pieces = [""]
    for character in part:
        if pieces[-1] and cell_len(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
