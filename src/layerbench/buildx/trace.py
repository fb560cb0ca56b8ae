"""One build's vertices, put together from its progress stream.

A vertex is an operation of BuildKit's graph. It can start and complete many times, and it can be announced as cached
and still run: the rules here are the ones that agree with what BuildKit really did.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from layerbench.buildx.progress import nanoseconds

_LOG_TAIL_LINES = 40
_LOG_LINE_BYTES = 2000


@dataclass(slots=True)
class Vertex:
    """An operation with everything that the stream said of it; times are nanoseconds since 1970."""

    digest: str
    name: str = ""
    inputs: tuple[str, ...] = ()
    error: str | None = None
    ran: bool = False
    announced_cached: bool = False
    open_since: int | None = None
    intervals: list[tuple[int, int]] = field(default_factory=list)

    @property
    def cached(self) -> bool | None:
        """True for a hit, False where it ran, None for a source, which has no inputs, or where neither was said.

        A lazy pull of a remote hit completes uncached, but without inputs; so only a completed event that is not
        cached and carries inputs says that the operation ran.
        """
        if not self.inputs:
            return None
        if self.ran:
            return False
        return True if self.announced_cached else None

    def add_times(self, started: int, completed: int | None) -> None:
        """Take in that it started, and that it completed unless it has not yet."""
        if completed is None:
            self.open_since = started
            return
        self.open_since = None
        interval = (started, completed if completed > started else started)
        if interval not in self.intervals:
            self.intervals.append(interval)


class Transfer(NamedTuple):
    """A status of a vertex, such as the transfer of the context or an export's part."""

    vertex: str
    name: str
    current: int


class Trace:
    """The state of one build, fed with decoded progress objects while it runs."""

    def __init__(self) -> None:
        self.vertices: dict[str, Vertex] = {}
        self.transfers: dict[tuple[str, str], Transfer] = {}
        self._take_in: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "vertexes": self._add_vertex,
            "statuses": self._add_status,
            "logs": self._add_log,
        }
        self._logs: dict[str, deque[str]] = {}
        self._partial_lines: dict[str, dict[int, bytes]] = {}

    def add(self, message: Mapping[str, Any]) -> None:
        """Take in one progress object; members of a wrong shape are passed over."""
        for name, events in message.items():
            take_in = self._take_in.get(name)
            if take_in is not None and isinstance(events, list):
                for event in events:
                    if isinstance(event, dict):
                        take_in(event)

    def log_tail(self, digest: str) -> tuple[str, ...]:
        """The last lines that a vertex printed, oldest first."""
        lines = list(self._logs.get(digest, ()))
        partial = map(_text, self._partial_lines.get(digest, {}).values())
        lines += [line for line in partial if line.strip()]
        return tuple(lines[-_LOG_TAIL_LINES:])

    def running(self) -> Vertex | None:
        """The vertex that was started last and has not completed."""
        open_vertices = [vertex for vertex in self.vertices.values() if vertex.open_since is not None]
        return max(open_vertices, key=lambda vertex: vertex.open_since or 0, default=None)

    def started_nanoseconds(self) -> int | None:
        """When the first vertex of the build started."""
        starts = [start for vertex in self.vertices.values() for start, _ in vertex.intervals]
        return min(starts, default=None)

    def transferred_bytes(self, vertex_name: str) -> int | None:
        """Bytes that the vertices of that name sent to the builder; None where none said so."""
        sent = [
            transfer.current
            for transfer in self.transfers.values()
            if transfer.name.startswith("transferring") and self.vertices[transfer.vertex].name == vertex_name
        ]
        return sum(sent) if sent else None

    def _add_vertex(self, event: Mapping[str, Any]) -> None:
        digest = event.get("digest")
        if not isinstance(digest, str):
            return
        vertex = self.vertices.get(digest) or self._vertex(digest)
        if not vertex.name and isinstance(name := event.get("name"), str):
            vertex.name = name
        inputs = event.get("inputs")
        if inputs and not vertex.inputs and isinstance(inputs, list):
            vertex.inputs = tuple(item for item in inputs if isinstance(item, str))
        if error := event.get("error"):
            vertex.error = str(error)
        started, completed = _time(event, "started"), _time(event, "completed")
        if started is not None:
            vertex.add_times(started, completed)
        if event.get("cached"):
            vertex.announced_cached = True
        elif inputs and completed is not None:
            vertex.ran = True

    def _vertex(self, digest: str) -> Vertex:
        vertex = self.vertices.get(digest)
        if vertex is None:
            vertex = self.vertices[digest] = Vertex(digest)
        return vertex

    def _add_status(self, event: Mapping[str, Any]) -> None:
        vertex, name, current = (
            event.get("vertex"),
            event.get("id") or event.get("name"),
            event.get("current", 0),
        )
        if isinstance(vertex, str) and isinstance(name, str) and isinstance(current, int):
            self._vertex(vertex)
            self.transfers[vertex, name] = Transfer(vertex, name, current)

    def _add_log(self, event: Mapping[str, Any]) -> None:
        vertex, data = event.get("vertex"), event.get("data")
        if not isinstance(vertex, str) or not isinstance(data, str):
            return
        try:
            content = base64.b64decode(data)
        except (binascii.Error, ValueError):
            return
        stream = event.get("stream")
        partial = self._partial_lines.setdefault(vertex, {})
        key = stream if isinstance(stream, int) else 0
        # Messages end in the middle of lines, and of characters; and the two output streams take turns.
        *lines, rest = (partial.get(key, b"") + content).split(b"\n")
        partial[key] = rest[-_LOG_LINE_BYTES:]
        if lines:
            self._logs.setdefault(vertex, deque(maxlen=_LOG_TAIL_LINES)).extend(map(_text, lines))


def union_nanoseconds(intervals: Iterable[tuple[int, int]]) -> int:
    """Length of the union: what overlaps counts once."""
    total = 0
    reached: int | None = None
    for start, end in sorted(intervals):
        if reached is None or start > reached:
            total += end - start
            reached = end
        elif end > reached:
            total += end - reached
            reached = end
    return total


def disjoint_intervals(intervals: Iterable[tuple[int, int]], pause_nanoseconds: int = 0) -> tuple[tuple[int, int], ...]:
    """The same time in intervals that do not touch, in order; pauses of up to so many nanoseconds are bridged."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if found and start - found[-1][1] <= pause_nanoseconds:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def _text(line: bytes) -> str:
    return line[-_LOG_LINE_BYTES:].decode(errors="replace").rstrip("\r")


def _time(event: Mapping[str, Any], key: str) -> int | None:
    if key not in event:
        return None
    try:
        return nanoseconds(event[key])
    except (ValueError, TypeError, OverflowError):
        return None
