r"""Go's pattern syntax, of `filepath.Match` and of `regexp`, as regular expressions of Python.

BuildKit is written in Go, and both syntaxes show through: COPY sources are `filepath.Match` patterns, and Moby's
matcher turns the patterns of `.dockerignore` into a `regexp` whose text still has their brackets and backslashes. What
follows from that is here on purpose: `[*]` is no literal star in `.dockerignore`, and `\d` is a digit. Facts from Go's
documentation and sources (path/filepath/match.go, regexp/syntax/parse.go). Unicode categories (`\pL`) are refused.
"""

from __future__ import annotations

import functools
import posixpath
import re
from dataclasses import dataclass

_STAR = "[^/]*"
_ANY_CHARACTER = r"[\s\S]"
_PERL_CLASSES = {"d": "0-9", "s": r"\t\n\f\r ", "w": "0-9A-Za-z_"}
_POSIX_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ", "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OCTAL = re.compile("[1-7][0-7]{1,2}|0[0-7]{0,2}")
_HEXADECIMAL = re.compile("x([0-9A-Fa-f]{2})")
_LAST_CODE = 0x10FFFF


class BadPatternError(ValueError):
    """Go answers "syntax error in pattern"."""


def clean_path(path: str) -> str:
    """A path as Go's `filepath.Clean` leaves it; `.` for an empty one."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def has_wildcards(path: str) -> bool:
    """Whether BuildKit takes a COPY source for a pattern: an unescaped `*`, `?` or `[`."""
    return re.search(r"[*?\[]", re.sub(r"\\.?", "", path, flags=re.DOTALL)) is not None


@functools.lru_cache(maxsize=1024)
def compile_match(pattern: str) -> re.Pattern[str]:
    """A `filepath.Match` pattern, for `fullmatch`.

    Raises:
        BadPatternError: as Go does.
    """
    parts, at = [], 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            parts.append(_STAR)
        elif character == "?":
            parts.append("[^/]")
        elif character == "[":
            part, at = _match_class(pattern, at)
            parts.append(part)
        else:
            if character == "\\":
                if at == len(pattern):
                    raise BadPatternError(pattern)
                character = pattern[at]
                at += 1
            parts.append(re.escape(character))
    return re.compile("".join(parts))


def _match_class(pattern: str, at: int) -> tuple[str, int]:
    """A bracket of `filepath.Match`, from behind its `[`, and where it ends; a range from high to low is empty."""
    is_negated = pattern[at : at + 1] == "^"
    at += is_negated
    ranges, count = "", 0
    while not (count and pattern[at : at + 1] == "]"):
        low, at = _match_character(pattern, at)
        high = low
        if pattern[at] == "-":
            high, at = _match_character(pattern, at + 1)
        ranges += _range(low, high) if low <= high else ""
        count += 1
    if not ranges:
        return _ANY_CHARACTER if is_negated else "(?!)", at + 1
    return f"[{'^' * is_negated}{ranges}]", at + 1


def _match_character(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] in ("", "-", "]"):
        raise BadPatternError(pattern)
    at += pattern[at] == "\\"
    if at + 1 >= len(pattern):  # the bracket is never closed
        raise BadPatternError(pattern)
    return pattern[at], at + 1


def _range(low: str, high: str) -> str:
    return re.escape(low) if low == high else f"{re.escape(low)}-{re.escape(high)}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a regular expression."""

    text: str
    """As Python writes it."""
    literal: str | None = None
    """The one character that it stands for."""
    is_opaque: bool = False
    """It can match a slash, or nothing at all."""


def translate_regexp(text: str) -> list[Piece]:
    """The pieces of a regular expression of Go, as Moby's matcher makes them: few operators, and brackets.

    Quantifiers and groups come with what they belong to. To be compiled with `re.ASCII`.

    Raises:
        BadPatternError: Go would not compile it.
    """
    pieces, at = [], 0
    while at < len(text):
        for fixed in ("(.*/)?", ".*"):
            if text.startswith(fixed, at):
                pieces.append(Piece(fixed, is_opaque=True))
                at += len(fixed)
                break
        else:
            piece, at = _piece(text, at)
            pieces.append(piece)
    return pieces


def _piece(text: str, at: int) -> tuple[Piece, int]:
    character = text[at]
    if character == "\\":
        return _escape(text, at + 1)
    if character == "[":
        text_of_class, at = _regexp_class(text, at + 1)
        if text[at : at + 1] == "*":
            text_of_class, at = f"{text_of_class}*", at + 1
        is_opaque = re.fullmatch(text_of_class, "/", re.ASCII) is not None
        return Piece(text_of_class, is_opaque=is_opaque), at
    if character == "^":
        return Piece(r"\A", is_opaque=True), at + 1
    if character == "$":
        return Piece(r"\Z", is_opaque=True), at + 1
    return _literal(character), at + 1


def _literal(character: str) -> Piece:
    # Go reads each byte that is no UTF-8 as this one character, in patterns and in paths.
    if character == "\ufffd" or "\udc80" <= character <= "\udcff":
        return Piece("[\ufffd\udc80-\udcff]")
    return Piece(re.escape(character), literal=character)


def _escape(text: str, at: int) -> tuple[Piece, int]:
    """An escape outside brackets, from behind its backslash."""
    character = text[at : at + 1]
    if character in ("A", "b", "B"):
        return Piece(f"\\{character}", is_opaque=True), at + 1
    if character == "z":
        return Piece(r"\Z", is_opaque=True), at + 1
    if character == "Q":
        quoted, _, _ = text[at + 1 :].partition(r"\E")
        end = at + 1 + len(quoted) + (2 if rf"{quoted}\E" in text[at + 1 :] else 0)
        return Piece(re.escape(quoted), is_opaque=True), end
    if character and character.lower() in _PERL_CLASSES:
        negation = "^" if character.isupper() else ""
        return Piece(f"[{negation}{_PERL_CLASSES[character.lower()]}]", is_opaque=bool(negation)), at + 1
    code, at = _escaped_character(text, at)
    return _literal(code), at


def _escaped_character(text: str, at: int) -> tuple[str, int]:
    character = text[at : at + 1]
    if not character:
        raise BadPatternError(text)
    if character in _CONTROLS:
        return _CONTROLS[character], at + 1
    if match := _OCTAL.match(text, at):
        return chr(int(match[0], 8)), match.end()
    if match := _HEXADECIMAL.match(text, at):
        return chr(int(match[1], 16)), match.end()
    if character.isascii() and not character.isalnum():
        return character, at + 1
    raise BadPatternError(text)


def _regexp_class(text: str, at: int) -> tuple[str, int]:
    """A bracket of Go's `regexp`, from behind its `[`, and where it ends."""
    is_negated = text[at : at + 1] == "^"
    at += is_negated
    ranges, is_first = "", True
    while is_first or text[at : at + 1] != "]":
        if not text[at : at + 1]:
            raise BadPatternError(text)
        is_first = False
        named = _named_class(text, at)
        if named is None:
            low, at = _class_character(text, at)
            high = low
            if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("]", ""):
                high, at = _class_character(text, at + 1)
            if high < low:
                raise BadPatternError(text)
            ranges += _range(low, high)
        else:
            ranges += named[0]
            at = named[1]
    return f"[{'^' * is_negated}{ranges}]", at + 1


def _named_class(text: str, at: int) -> tuple[str, int] | None:
    r"""A class inside brackets that has a name, `[:alpha:]` or `\d`."""
    if text.startswith("[:", at) and (end := text.find(":]", at + 2)) >= 0:
        name = text[at + 2 : end]
        members = _POSIX_CLASSES.get(name.removeprefix("^"))
        if members is None:
            raise BadPatternError(text)
        return _complement(members) if name.startswith("^") else members, end + 2
    letter = text[at + 1 : at + 2]
    if text[at] == "\\" and letter and letter.lower() in _PERL_CLASSES:
        members = _PERL_CLASSES[letter.lower()]
        return _complement(members) if letter.isupper() else members, at + 2
    return None


def _complement(members: str) -> str:
    """All other characters; inside brackets no class can be negated by itself."""
    inside = re.compile(f"[{members}]")
    ascii_others = "".join(re.escape(chr(code)) for code in range(128) if not inside.match(chr(code)))
    return f"{ascii_others}\x80-{chr(_LAST_CODE)}"


def _class_character(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] == "\\":
        return _escaped_character(text, at + 1)
    if not text[at : at + 1]:
        raise BadPatternError(text)
    return text[at], at + 1
