"""Names of files in sentences."""

from __future__ import annotations

import os


def shown(path: str) -> str:
    r"""A path as a sentence can carry it: bytes that are no UTF-8 as `\xff`."""
    return os.fsencode(path).decode(errors="backslashreplace")
