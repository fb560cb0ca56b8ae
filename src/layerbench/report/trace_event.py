"""Builds in the Trace Event format, which Perfetto (ui.perfetto.dev) and Chrome (chrome://tracing) open.

The format is that of "Trace Event Format" (Nat Duca and Dan Sinclair, Google, 2016), JSON Object Format. Each build is
a process, which begins at 0, so that builds can be compared; its tracks (threads) are the whole build, the critical
path, the transfer of the context, the stages, and the export. Steps of one stage that overlap are on several tracks,
for complete events of one track have to be nested. Times are microseconds. Flow events go along what steps wait for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from layerbench import __version__
from layerbench.report.interface import Options
from layerbench.report.printable import printable
from layerbench.report.spans import BuildSpans, Span, build_spans, by_track, lanes

if TYPE_CHECKING:
    from layerbench.results.models import Result

_BUILD_TRACK, _PATH_TRACK, _FIRST_TRACK = 1, 2, 3
_LONGEST_NAME = 120
Event = dict[str, Any]


def render(result: Result, options: Options) -> str:
    """The trace as JSON in ASCII; see `layerbench.report.interface.Reporter`."""
    del options  # it is made for programs
    builds = [found for build in result.builds if (found := build_spans(build)) is not None]
    events = [event for process, found in enumerate(builds, start=1) for event in _build(process, found)]
    about = {
        "tool": f"layerbench {__version__}",
        "bench": result.bench.name,
        "bench_digest": result.bench.digest,
        "started_at": result.started_at,
    }
    # An event a line: a trace of many builds is looked at with grep, too.
    lines = ",\n".join(json.dumps(event) for event in events)
    return f'{{"displayTimeUnit": "ms", "otherData": {json.dumps(about)}, "traceEvents": [\n{lines}\n]}}\n'


def _build(process: int, found: BuildSpans) -> Iterator[Event]:
    yield _metadata("process_name", process, 0, {"name": printable(found.name)})
    yield _metadata("process_sort_index", process, 0, {"sort_index": process})
    yield from _track(process, _BUILD_TRACK, "whole build")
    yield _complete(process, _BUILD_TRACK, "docker buildx build", "build", (0, found.nanoseconds), found.facts)
    if found.path:
        yield from _track(process, _PATH_TRACK, "critical path")
    for name, start, end in found.path:
        yield _complete(process, _PATH_TRACK, name, "critical-path", (start, end), {})
    places: dict[int, int] = {}
    first = _FIRST_TRACK
    for (kind, stage), positions in by_track(found.spans).items():
        lane_of = lanes(tuple(found.spans[at] for at in positions))
        name = {"transfer": "context transfer", "export": "export", "step": stage or "steps"}[kind]
        for lane in range(max(lane_of.values()) + 1):
            yield from _track(process, first + lane, f"{name} ({lane + 1})" if lane else name)
        places |= {at: first + lane_of[number] for number, at in enumerate(positions)}
        first += max(lane_of.values()) + 1
    for at, span in enumerate(found.spans):
        times = span.start_nanoseconds, span.end_nanoseconds
        yield _complete(process, places[at], span.name, span.kind, times, span.facts)
    yield from _flows(process, found.spans, places)


def _flows(process: int, spans: tuple[Span, ...], places: dict[int, int]) -> Iterator[Event]:
    """An arrow for each dependency whose ends can be bound: a flow goes from slice to slice, forward in time."""
    for at, span in enumerate(spans):
        for above in span.after:
            source = spans[above]
            start = source.end_nanoseconds - min(1000, (source.end_nanoseconds - source.start_nanoseconds) // 2)
            is_bound = (
                source.start_nanoseconds < source.end_nanoseconds and span.start_nanoseconds < span.end_nanoseconds
            )
            if is_bound and start <= span.start_nanoseconds:
                common = {"name": "waits for", "cat": "dependency", "id": f"{process}.{above}.{at}", "pid": process}
                yield {"ph": "s", **common, "tid": places[above], "ts": _microseconds(start)}
                yield {"ph": "f", "bp": "e", **common, "tid": places[at], "ts": _microseconds(span.start_nanoseconds)}


def _track(process: int, track: int, name: str) -> Iterator[Event]:
    yield _metadata("thread_name", process, track, {"name": printable(name)})
    yield _metadata("thread_sort_index", process, track, {"sort_index": track})


def _metadata(name: str, process: int, track: int, facts: Event) -> Event:
    return {"ph": "M", "name": name, "pid": process, "tid": track, "ts": 0, "args": facts}


def _complete(process: int, track: int, name: str, category: str, times: tuple[int, int], facts: Event) -> Event:
    text = printable(" ".join(name.split()))
    return {
        "ph": "X",
        "name": text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}...",
        "cat": category,
        "pid": process,
        "tid": track,
        "ts": _microseconds(times[0]),
        "dur": _microseconds(times[1] - times[0]),
        "args": facts,
    }


def _microseconds(nanoseconds: int) -> float:
    return nanoseconds / 1000
