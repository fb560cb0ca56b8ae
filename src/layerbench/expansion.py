"""`$NAME` and `${NAME…}` in a Dockerfile's words, as BuildKit fills them in.

The rules are those of https://docs.docker.com/reference/dockerfile/#environment-replacement and, where that
page is silent, of BuildKit's frontend/dockerfile/shell/lex.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from layerbench.errors import UsageError

_NAME = re.compile(r"[0-9]+|[^\W\d]\w*|[@*#?$!-]")
_MODIFIERS = "+-?#%"


def expand(text: str, arguments: Mapping[str, str]) -> str:
    """Fill in variables, and take quotes and escapes away; a name that `arguments` lacks is unset.

    Raises:
        UsageError: BuildKit would refuse the text, or `${NAME:?message}` asks for an unset variable.
    """
    try:
        return _Word(text, arguments).until(None, raw_escapes=False)
    except _RefusedError as error:
        raise UsageError(f'"{text}" cannot be expanded: {error}') from None


class _RefusedError(Exception):
    pass


class _Word:
    def __init__(self, text: str, arguments: Mapping[str, str]) -> None:
        self._text = text
        self._at = 0
        self._arguments = arguments

    def until(self, stop: str | None, *, raw_escapes: bool) -> str:
        """The expanded text up to `stop`, which is consumed, or up to the end."""
        parts: list[str] = []
        while self._peek():
            character = self._next()
            if character == stop:
                return "".join(parts)
            if character == "$":
                parts.append(self._dollar())
            elif character == "'":
                parts.append(self._single_quoted())
            elif character == '"':
                parts.append(self._double_quoted(raw_escapes))
            elif character == "\\":
                parts.append(("\\" if raw_escapes else "") + self._next())
            else:
                parts.append(character)
        if stop is not None:
            raise _RefusedError(f'"{stop}" is missing')
        return "".join(parts)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise _RefusedError("a single quote is not closed")
        found, self._at = self._text[self._at : end], end + 1
        return found

    def _double_quoted(self, raw_escapes: bool) -> str:
        parts: list[str] = []
        while self._peek():
            character = self._next()
            if character == '"':
                return "".join(parts)
            if character == "$":
                parts.append(self._dollar())
            elif character == "\\":
                escapes = self._peek() in ('"', "$", "\\")
                parts.append(("\\" if raw_escapes or not escapes else "") + (self._next() if escapes else ""))
            else:
                parts.append(character)
        raise _RefusedError("a double quote is not closed")

    def _dollar(self) -> str:
        if self._peek() != "{":
            name = self._name()
            return self._arguments.get(name, "") if name else "$"
        self._next()
        if self._peek() in ("", "{", "}", ":"):
            raise _RefusedError("bad substitution")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._arguments.get(name, "")
        if operator == "/":
            return self._replaced(name)
        empty_is_unset = operator == ":"
        if empty_is_unset:
            operator = self._next()
        if not operator or operator not in _MODIFIERS or (empty_is_unset and operator in "#%"):
            raise _RefusedError(f'"{":" if empty_is_unset else ""}{operator}" is no modifier')
        return self._modified(name, operator, empty_is_unset)

    def _modified(self, name: str, operator: str, empty_is_unset: bool) -> str:
        word = self.until("}", raw_escapes=operator in "#%")
        value = self._arguments.get(name)
        is_set = value is not None and not (empty_is_unset and value == "")
        if operator == "+":
            return word if is_set else ""
        if operator == "-":
            return value if is_set and value is not None else word
        if operator == "?":
            if not is_set or value is None:
                raise _RefusedError(f"{name}: {word or 'is not allowed to be unset or empty'}")
            return value
        return _trimmed(value or "", operator, word)

    def _replaced(self, name: str) -> str:
        every = self._peek() == "/"
        if every:
            self._next()
        pattern = re.compile(_regex(self.until("/", raw_escapes=True), greedy=True))
        replacement = self.until("}", raw_escapes=True)
        return pattern.sub(lambda _: replacement, self._arguments.get(name, ""), count=0 if every else 1)

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        if not match:
            return ""
        self._at = match.end()
        return match[0]


def _trimmed(value: str, operator: str, word: str) -> str:
    """`${name#word}`, `##`, `%` and `%%`: take the shortest or longest match off the start or the end."""
    greedy = word.startswith(operator)
    pattern = word[1:] if greedy else word
    if operator == "#":
        match = re.match(_regex(pattern, greedy=greedy), value, re.DOTALL)
        return value[match.end() :] if match else value
    ends = re.compile(rf"(?:{_regex(pattern, greedy=True)})\Z", re.DOTALL)
    starts = range(len(value) + 1)
    start = next((at for at in (starts if greedy else reversed(starts)) if ends.match(value, at)), len(value))
    return value[:start]


def _regex(pattern: str, *, greedy: bool) -> str:
    r"""A shell pattern, in which only `*` and `?` are special and `\` escapes, as a regular expression."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            parts.append(".*" if greedy else ".*?")
        elif character == "?":
            parts.append(".")
        elif character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append(re.escape(character))
    return "".join(parts)
