"""Keeping secrets' values out of files and off terminals, also where a step printed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from layerbench.config.models import Secret, Variant

_MASK = "***"
_SHORTEST = 4
"""A shorter value would be found in innocent words."""
_SHORTEST_PIECE = 8


class Scrubber:
    """Replaces secrets' values by `***`."""

    def __init__(self, variants: Iterable[Variant], environment: Mapping[str, str]) -> None:
        values: set[str] = set()
        for variant in variants:
            for secret in variant.secrets:
                value = _value(secret, environment)
                values.update(part.strip() for part in (value, *value.splitlines()))
        self._values = sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without any value.

        A kept line of a log can be the piece of a longer one, so a value's beginning at its end, and a value's end at
        its beginning, are replaced as well.
        """
        for value in self._values:
            text = text.replace(value, _MASK)
            if len(text) >= _SHORTEST_PIECE and text in value:
                return _MASK
            text = _without_pieces(text, value)
        return text


def _without_pieces(text: str, value: str) -> str:
    longest = min(len(text), len(value) - 1)
    for length in range(longest, _SHORTEST_PIECE - 1, -1):
        if text.endswith(value[:length]):
            text = text[:-length] + _MASK
            break
    for length in range(min(len(text), longest), _SHORTEST_PIECE - 1, -1):
        if text.startswith(value[-length:]):
            return _MASK + text[length:]
    return text


def _value(secret: Secret, environment: Mapping[str, str]) -> str:
    if secret.env is not None:
        return environment.get(secret.env, "")
    if secret.file is None:
        return ""
    try:
        return Path(secret.file).read_text(errors="replace")
    except OSError:
        return ""
