"""One GET to an engine's Unix socket. The docker package takes longer to import than an engine to answer."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import quote, urlencode

_ANSWER_SECONDS = 60.0
_CHUNK_BYTES = 1 << 16
_MOST_BYTES = 64 * 1024 * 1024


def quoted(segment: str) -> str:
    """One segment of a path, its slashes included."""
    return quote(segment, safe="")


def get_json(socket_path: str, path: str, **parameters: str) -> tuple[int, Any]:
    """Ask for a document.

    Args:
        socket_path: Where the engine listens.
        path: Of the resource, quoted.
        **parameters: Of the query.

    Returns:
        The status, and the decoded answer.

    Raises:
        OSError: nobody answers there, or not in time.
        ValueError: the answer is not HTTP with JSON.
    """
    target = f"{path}?{urlencode(parameters)}" if parameters else path
    # HTTP/1.0: the answer comes whole and ends with the connection.
    request = f"GET {target} HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n"
    answer = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        connection.connect(socket_path)
        connection.sendall(request.encode("ascii"))
        while data := connection.recv(_CHUNK_BYTES):
            answer += data
            if len(answer) > _MOST_BYTES:
                raise ValueError(f"the engine answers with more than {_MOST_BYTES} bytes")
    head, separator, body = bytes(answer).partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if not separator or not head.startswith(b"HTTP/") or len(words) < 2 or not words[1].isdigit():
        raise ValueError("the engine's answer is not HTTP")
    return int(words[1]), json.loads(body)
