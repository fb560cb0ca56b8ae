"""Builds as OpenTelemetry traces: the JSON of an `ExportTraceServiceRequest`, as OTLP/HTTP takes it at `/v1/traces`.

The encoding is that of the OpenTelemetry Protocol, version 1 (opentelemetry.io/docs/specs/otlp, "JSON Protobuf
Encoding"): ids in hexadecimal, enums as numbers, 64-bit integers as strings. Each build is a trace: the whole build is
its root, below it are the transfer of the context, the steps and the export; links go to what a span waits for. Ids
come from what they name, so that a result sent twice is the same traces.

The result file keeps no time of day for single builds: they are put one behind the other from the run's start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from layerbench import __version__
from layerbench.report.interface import Options
from layerbench.report.spans import BuildSpans, Fact, Span, build_spans

if TYPE_CHECKING:
    from layerbench.results.models import Build, Result

_INTERNAL = 1
"""SPAN_KIND_INTERNAL of opentelemetry.proto.trace.v1."""
_OK, _ERROR = 1, 2
"""STATUS_CODE_OK and STATUS_CODE_ERROR."""
_LARGEST_TIME = 2**64 - 1
_INTEGERS = range(-(2**63), 2**63)
_EPOCH = datetime.fromtimestamp(0, UTC)


def render(result: Result, options: Options) -> str:
    """The request as JSON in ASCII; see `layerbench.report.interface.Reporter`."""
    del options  # it is made for programs
    spans = [span for begin, found in _in_time(result) for span in _build(result, begin, found)]
    machine, builder = result.machine, result.builder
    resource = {
        "service.name": "layerbench",
        "service.version": __version__,
        "host.arch": machine.architecture,
        "layerbench.bench": result.bench.name,
        "layerbench.bench.digest": result.bench.digest,
        "layerbench.builder": builder.name,
        "layerbench.builder.buildkit_version": builder.buildkit_version,
        "layerbench.builder.engine_version": builder.engine_version,
        "layerbench.machine.cpu_count": machine.cpu_count,
    }
    request = {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": _attributes({key: fact for key, fact in resource.items() if fact is not None})
                },
                "scopeSpans": [{"scope": {"name": "layerbench", "version": __version__}, "spans": spans}],
            }
        ]
    }
    return json.dumps(request, indent=2) + "\n"


def _in_time(result: Result) -> Iterator[tuple[int, BuildSpans]]:
    """The builds with the time of day at which each is put, in nanoseconds since 1970."""
    begin = _started_nanoseconds(result)
    for build in result.builds:
        found = build_spans(build)
        if found is not None:
            yield begin, found
            begin += found.nanoseconds


def _build(result: Result, begin: int, found: BuildSpans) -> Iterator[dict[str, Any]]:
    trace = _trace_id(result, found.build)
    root = _span_id(trace, "build")
    dockerfile = next((one.dockerfile for one in result.bench.variants if one.name == found.build.variant), None)
    yield {
        "traceId": trace,
        "spanId": root,
        "name": _unicode(f"build {found.build.variant} {found.build.scenario}"),
        "kind": _INTERNAL,
        **_times(begin, 0, found.nanoseconds),
        "attributes": _attributes(_prefixed("build", found.facts)),
        "status": _status(found.build),
    }
    for at, span in enumerate(found.spans):
        yield {
            "traceId": trace,
            "spanId": _span_id(trace, str(at)),
            "parentSpanId": root,
            "name": _unicode(span.name),
            "kind": _INTERNAL,
            **_times(begin, span.start_nanoseconds, span.end_nanoseconds),
            "attributes": _attributes({**_prefixed(span.kind, span.facts), **_place(span, dockerfile)}),
            "links": [{"traceId": trace, "spanId": _span_id(trace, str(above))} for above in span.after],
            "status": _failed(span.step.error) if span.step and span.step.error else {},
        }


def _place(span: Span, dockerfile: str | None) -> dict[str, Fact]:
    """Where the step is written, by the names of OpenTelemetry's semantic conventions for code."""
    if span.step is None or span.step.line_start is None or dockerfile is None:
        return {}
    return {"code.file.path": dockerfile, "code.line.number": span.step.line_start}


def _status(build: Build) -> dict[str, Any]:
    if build.outcome == "built":
        return {"code": _OK}
    return _failed(build.error.message if build.error else build.outcome)


def _failed(message: str) -> dict[str, Any]:
    return {"code": _ERROR, "message": _unicode(message)}


def _times(begin: int, start: int, end: int) -> dict[str, str]:
    """Times as the unsigned 64-bit integers that they are in the protocol."""
    times = {"startTimeUnixNano": begin + start, "endTimeUnixNano": begin + end}
    return {name: str(min(_LARGEST_TIME, max(0, time))) for name, time in times.items()}


def _prefixed(kind: str, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {"layerbench.kind": kind, **{f"layerbench.{kind}.{name}": fact for name, fact in facts.items()}}


def _attributes(facts: Mapping[str, Fact]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(fact)} for name, fact in facts.items()]


def _value(fact: Fact) -> dict[str, Any]:
    if isinstance(fact, bool):
        return {"boolValue": fact}
    if isinstance(fact, int):
        # What 64 bits do not hold is kept as text rather than lost.
        return {"intValue" if fact in _INTEGERS else "stringValue": str(fact)}
    return {"doubleValue": fact} if isinstance(fact, float) else {"stringValue": _unicode(fact)}


def _unicode(text: str) -> str:
    """The text without unpaired surrogates, which are no Unicode and which a protobuf string does not take."""
    return text.encode("utf-8", "replace").decode()


def _trace_id(result: Result, build: Build) -> str:
    """An id out of all that tells a build from others: two states that were measured in turns share most of it."""
    state = result.revision
    revision = [state.commit, state.is_dirty, state.branch] if state else None
    run = [result.bench.digest, result.started_at, result.finished_at, revision]
    name = json.dumps([*run, build.variant, build.scenario, build.round, build.wall_seconds])
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _span_id(trace: str, name: str) -> str:
    return hashlib.sha256(f"{trace}/{name}".encode()).hexdigest()[:16]


def _started_nanoseconds(result: Result) -> int:
    try:
        moment = datetime.fromisoformat(result.started_at)
    except ValueError:
        return 0
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return max(0, (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000)
