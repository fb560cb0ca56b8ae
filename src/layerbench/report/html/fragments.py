"""What is looked at one at a time, compressed: a page holds hundreds of timelines, which are much alike."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping


def packed(fragments: Mapping[str, str]) -> str:
    """Pieces of markup by key, as gzip in base64; the script unpacks them with the browser's DecompressionStream."""
    return base64.b64encode(gzip.compress(json.dumps(fragments).encode(), mtime=0)).decode()


def data_link(content: bytes) -> str:
    """A file, compressed, as the target of a link."""
    return f"data:application/gzip;base64,{base64.b64encode(gzip.compress(content, mtime=0)).decode()}"


def script_json(value: object) -> str:
    """JSON that may stand in a script element: nothing in it ends the element (HTML, 4.12.1.3)."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
