"""Builds of real engines, from recorded streams."""

from __future__ import annotations

from layerbench.buildx.process import FinishedBuild
from layerbench.results.models import Build
from layerbench.runner.records import (
    context_bytes,
    export_seconds,
    export_started_seconds,
    startup_seconds,
    step_records,
    transfer_span_seconds,
)
from tests.buildx.streams import decoded

STARTUP_NANOSECONDS, TAIL_NANOSECONDS = 200_000_000, 50_000_000


def finished(engine: str, name: str, exit_code: int = 0) -> FinishedBuild:
    """A recording as the end of a process that was started 0.2 s before its first vertex and ended 0.05 s after it."""
    found = decoded(engine, name)
    begin = found.trace.started_nanoseconds()
    assert begin is not None
    end = max(end for vertex in found.trace.vertices.values() for _, end in vertex.intervals)
    wall_seconds = (STARTUP_NANOSECONDS + end - begin + TAIL_NANOSECONDS) / 1e9
    return FinishedBuild(found.trace, found.text, exit_code, wall_seconds, False, begin - STARTUP_NANOSECONDS)


def recorded(engine: str, name: str) -> Build:
    """The record of a recording."""
    ended = finished(engine, name)
    transfer = transfer_span_seconds(ended.trace)
    return Build(
        variant=name,
        scenario="cold",
        round=1,
        outcome="built",
        wall_seconds=ended.wall_seconds,
        export_seconds=export_seconds(ended.trace),
        context_bytes=context_bytes(ended.trace),
        steps=step_records(ended, decoded(engine, name).dockerfile),
        startup_seconds=startup_seconds(ended),
        transfer_started_seconds=transfer[0] if transfer else None,
        transfer_seconds=transfer[1] if transfer else None,
        export_started_seconds=export_started_seconds(ended.trace),
    )
