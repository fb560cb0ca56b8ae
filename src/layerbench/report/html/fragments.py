"""What is looked at one at a time, compressed: a page holds hundreds of timelines, which are much alike."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping

_GZIP = 16 + zlib.MAX_WBITS
_STRONGEST = 9
_MOST_MEMORY = 8
_VALUE = re.compile('("[^"]*")')
_LEAST_PIECE = 9
"""A shorter piece takes more room as a number than it saves."""


def packed(fragments: Mapping[str, str]) -> str:
    """Markup by key, as gzip in base64; the script unpacks it with the browser's DecompressionStream.

    Inside is `[pieces, {key: [markup or position of a piece, ...]}]`: gzip looks back 32 kB, and one image alone has
    more, so attribute values that come again are said once.
    """
    parts = {key: [part for part in _VALUE.split(text) if part] for key, text in fragments.items()}
    counts = Counter(part for of_one in parts.values() for part in of_one)
    positions: dict[str, int] = {}
    told = {
        key: [
            positions.setdefault(part, len(positions)) if counts[part] > 1 and len(part) >= _LEAST_PIECE else part
            for part in of_one
        ]
        for key, of_one in parts.items()
    }
    text = json.dumps([list(positions), {key: _joined(of_one) for key, of_one in told.items()}], ensure_ascii=False)
    return base64.b64encode(_compressed(text.encode("utf-8", "replace"))).decode()


def data_link(content: bytes) -> str:
    """A file, compressed, as the target of a link."""
    return f"data:application/gzip;base64,{base64.b64encode(_compressed(content)).decode()}"


def _joined(parts: list[str | int]) -> list[str | int]:
    """The same with neighbouring texts in one."""
    joined: list[str | int] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _compressed(content: bytes) -> bytes:
    """As gzip without a time, so that the same page is the same bytes.

    Z_FILTERED holds short matches back; of results, which are half figures and digests, that leaves 8 % less.
    """
    compressing = zlib.compressobj(_STRONGEST, zlib.DEFLATED, _GZIP, _MOST_MEMORY, zlib.Z_FILTERED)
    return compressing.compress(content) + compressing.flush()


def script_json(value: object) -> str:
    """JSON that may stand in a script element: nothing in it ends the element (HTML, 4.12.1.3)."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
