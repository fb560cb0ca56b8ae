"""Decoding BuildKit's progress stream (`--progress=rawjson`) into plain dictionaries.

The stream is a sequence of JSON objects with the members `vertexes`, `statuses`, `logs` and `warnings`
(github.com/moby/buildkit, client/graph.go: SolveStatus). buildx 0.13 prints each object over many lines, later ones on
one line, and plain text can stand between them: the block that explains a failed build, or a warning.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import deque
from functools import lru_cache
from typing import Any

_MEMBERS = frozenset({"vertexes", "statuses", "logs", "warnings"})
_WHITE_SPACE = " \t\r\n"
_MAY_COMPLETE = re.compile(r"[}\n]")
"""An object can only have become complete by a closing brace, and text by the end of its line."""
_OBJECT_IN_TEXT = re.compile(r'\{"(?:vertexes|statuses|logs|warnings)":|\{[ \t\r]*(?=\n|\Z)')
"""Where an object begins behind text on the same line, as each version prints it."""
_BEHIND_SECONDS = re.compile(r"(?:\.([0-9]+))?(?:[Zz]|([+-][0-9]{2}:[0-9]{2}))?")
_UNFINISHED_TOKEN_LENGTH = 9
"""No JSON token that json.raw_decode reports by its start is longer than `-Infinity`."""
_MOST_PENDING_CHARACTERS = 16 * 1024 * 1024
_MOST_TEXT_LINES = 1000
_MOST_TEXT_LINE_CHARACTERS = 10_000

_raw_decode = json.JSONDecoder().raw_decode


class ProgressDecoder:
    """Turns chunks of bytes, cut anywhere, into progress objects; what is no JSON is kept as text.

    Damaged input never raises: what cannot be read is text up to the end of its line, and reading goes on behind it.
    How the bytes are cut into chunks makes no difference to what comes out.
    """

    def __init__(self) -> None:
        self._bytes = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending: list[str] = []
        self._pending_characters = 0
        self.text: deque[str] = deque(maxlen=_MOST_TEXT_LINES)
        """The last lines that stood between the objects."""

    def feed(self, chunk: bytes) -> list[dict[str, Any]]:
        """The objects that are complete after this chunk."""
        new = self._bytes.decode(chunk)
        self._keep(new)
        # Without this test an object that arrives in many chunks would be parsed anew with each.
        if _MAY_COMPLETE.search(new) or self._pending_characters > _MOST_PENDING_CHARACTERS:
            return self._decode(is_last=False)
        return []

    def close(self) -> list[dict[str, Any]]:
        """What is left; what is incomplete becomes text."""
        self._keep(self._bytes.decode(b"", final=True))
        return self._decode(is_last=True)

    def _keep(self, text: str) -> None:
        self._pending.append(text)
        self._pending_characters += len(text)

    def _decode(self, *, is_last: bool) -> list[dict[str, Any]]:
        pending, position = "".join(self._pending), 0
        is_last = is_last or len(pending) > _MOST_PENDING_CHARACTERS
        found: list[dict[str, Any]] = []
        while position < len(pending):
            if pending[position] in _WHITE_SPACE:
                position += 1
                continue
            if pending[position] == "{":
                try:
                    value, position = _raw_decode(pending, position)
                except (ValueError, RecursionError) as error:
                    if not is_last and _is_unfinished(error, pending):
                        break
                else:
                    if not _MEMBERS.isdisjoint(value):
                        found.append(value)
                    continue
            end = _text_end(pending, position, is_last=is_last)
            if end is None:
                break
            self._add_text(pending[position:end])
            position = end
        self._pending, self._pending_characters = [], 0
        self._keep(pending[position:])
        return found

    def _add_text(self, line: str) -> None:
        line = line.strip()
        if line:
            self.text.append(line[:_MOST_TEXT_LINE_CHARACTERS])


def _text_end(pending: str, position: int, *, is_last: bool) -> int | None:
    """Where the text that begins at `position` ends: with its line, or where an object begins in it."""
    line_end = pending.find("\n", position)
    if line_end < 0:
        if not is_last:
            return None
        line_end = len(pending)
    match = _OBJECT_IN_TEXT.search(pending, position + 1, line_end + 1)
    return match.start() if match and match.start() < line_end else line_end


def _is_unfinished(error: ValueError | RecursionError, pending: str) -> bool:
    """Whether what comes next could make an object of what json cannot read yet."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(pending) - _UNFINISHED_TOKEN_LENGTH


def nanoseconds(timestamp: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 timestamp as Go prints it, with up to nine digits after the point.

    Raises:
        ValueError: it is no such timestamp.
    """
    seconds, digits = _epoch_seconds(timestamp[:19]), timestamp[20:-1]
    if timestamp[19:20] == "." and timestamp[-1] == "Z" and digits.isdecimal():
        offset_seconds = 0
    else:
        match = _BEHIND_SECONDS.fullmatch(timestamp, 19)
        if match is None:
            raise ValueError(f"no timestamp: {timestamp}")
        digits, offset_seconds = match[1] or "", _offset_seconds(match[2])
    return (seconds - offset_seconds) * 1_000_000_000 + int(digits[:9].ljust(9, "0"))


@lru_cache(maxsize=4096)
def _epoch_seconds(text: str) -> int:
    from datetime import UTC, datetime

    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _offset_seconds(text: str | None) -> int:
    if text is None:
        return 0
    hours, minutes = text[1:].split(":")
    seconds = int(hours) * 3600 + int(minutes) * 60
    return -seconds if text[0] == "-" else seconds
