"""Text that others wrote (names, instructions, log lines), made safe for the place where it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# Control characters (C0, DEL, C1), line and paragraph separators, marks and overrides of writing direction, unpaired
# surrogates: all that makes a terminal or a browser do something other than show a character.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
# What GitHub's Markdown reads as markup anywhere in a line, mentions, issue numbers, formulas and emoji included.
# An underscore or a colon inside of a word is none of it.
_MARKDOWN_ACTIVE = re.compile(r"[\\`*\[\]<>&|~@#$]|(?<![^\W_])_|_(?![^\W_])|:(?=[\w+-]+:)")
_PLAIN_CODE = re.compile(r"^[^`|\\<>&]+$")


def printable(text: str, *, ascii_only: bool = False) -> str:
    r"""The text with control characters written out, as `\x1b` or `\n`; with `ascii_only` all beyond ASCII as well."""
    text = _UNPRINTABLE.sub(lambda match: _escape(match[0]), text)
    return text.encode("ascii", "backslashreplace").decode() if ascii_only else text


def markdown_text(text: str) -> str:
    """The text as prose in GitHub's Markdown: no character of it is read as markup, a mention or a table's edge."""
    # Entities, because a backslash does not keep "|" inside a table cell nor "@" from being a mention everywhere.
    return _MARKDOWN_ACTIVE.sub(lambda match: _entity(match[0]), printable(text))


def markdown_code(text: str) -> str:
    """The text as code in GitHub's Markdown, also in a table cell."""
    text = printable(text)
    if _PLAIN_CODE.match(text) and text == text.strip():
        return f"`{text}`"
    return f"<code>{markdown_text(text)}</code>"


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> Iterator[str]:
    """A table whose first `left` columns are aligned to the left and the others to the right."""
    yield f"| {' | '.join(headers)} |"
    yield f"|{'|'.join(':--' if at < left else '--:' for at in range(len(headers)))}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode()


def _entity(character: str) -> str:
    return f"&#{ord(character)};"
