"""OpenTelemetry JSON, read by the protocol's own messages, and held to the record."""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from google.protobuf.json_format import ParseDict
from hypothesis import given, settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from layerbench.cli import layerbench
from layerbench.report import otlp
from layerbench.report.critical_path.words import NO_TIMES
from layerbench.report.interface import Options
from layerbench.results.file import write_result
from layerbench.results.models import Result, Revision
from tests.analysis.critical_path import builds
from tests.report import examples as other_examples
from tests.report.critical_path import examples
from tests.results import factory, strategies

STARTED_NANOSECONDS = 1_769_085_296 * 10**9
"""2026-01-22T12:34:56+00:00, the factory's."""


def parse(text: str) -> Sequence[Span]:
    """The spans, as protobuf reads them.

    OTLP differs from protobuf's JSON in the ids alone: hexadecimal instead of base64. So they are changed, and nothing
    else; unknown keys are refused.
    """
    request = ExportTraceServiceRequest()
    ParseDict(_with_base64_ids(json.loads(text)), request, ignore_unknown_fields=False)
    return [
        span
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


def _with_base64_ids(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _with_base64_ids(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_base64_ids(inner) for inner in value]
    if key in {"traceId", "spanId", "parentSpanId"}:
        assert re.fullmatch("[0-9a-f]{32}" if key == "traceId" else "[0-9a-f]{16}", value)
        return base64.b64encode(bytes.fromhex(value)).decode()
    # Enums have to be numbers in OTLP; protobuf would take their names, too.
    assert key not in {"kind", "code"} or isinstance(value, int)
    return value


def check(spans: Sequence[Span]) -> None:
    """What holds for any traces: unique ids, parents and links that are there, times in order."""
    ids = {(span.trace_id, span.span_id) for span in spans}
    assert len(ids) == len(spans)
    for span in spans:
        assert any(span.trace_id)
        assert any(span.span_id)
        assert span.end_time_unix_nano >= span.start_time_unix_nano
        assert span.kind == Span.SPAN_KIND_INTERNAL
        if span.parent_span_id:
            assert (span.trace_id, span.parent_span_id) in ids
        assert all((link.trace_id, link.span_id) in ids for link in span.links)
        keys = [attribute.key for attribute in span.attributes]
        assert len(keys) == len(set(keys))


def attributes(span: Span) -> dict[str, object]:
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes}


@pytest.mark.parametrize(
    "result",
    [
        examples.planned(),
        examples.real(),
        factory.result(rounds=2),
        other_examples.damaged(),
        other_examples.hostile(),
        examples.with_builds(),
    ],
    ids=["planned", "real", "sample", "damaged", "hostile", "empty"],
)
def test_the_protocol_reads_it(result: Result) -> None:
    text = otlp.render(result, Options())
    check(parse(text))
    assert otlp.render(result, Options()) == text


@settings(max_examples=40, deadline=None)
@given(builds.odd())
def test_the_protocol_reads_it_whatever_the_clocks_said(build: Any) -> None:
    check(parse(otlp.render(examples.with_builds(build), Options())))


@settings(max_examples=15, deadline=None)
@given(strategies.result(1))
def test_the_protocol_reads_any_result(result: Result) -> None:
    check(parse(otlp.render(result, Options())))


def test_spans_are_the_steps_of_the_record() -> None:
    result = examples.planned()
    [build] = result.builds
    root, *spans = parse(otlp.render(result, Options()))
    assert (root.name, root.status.code) == ("build v cold", Status.STATUS_CODE_OK)
    assert root.start_time_unix_nano == STARTED_NANOSECONDS
    assert root.end_time_unix_nano - root.start_time_unix_nano == 8 * 10**9
    assert {span.parent_span_id for span in spans} == {root.span_id}
    steps = [span for span in spans if attributes(span)["layerbench.kind"] == "step"]
    assert build.startup_seconds is not None
    for span, step in zip(steps, build.steps, strict=True):
        assert span.name == step.instruction
        assert step.started_seconds is not None
        started = round((step.started_seconds + build.startup_seconds) * 1e9)
        assert span.start_time_unix_nano - STARTED_NANOSECONDS == started
        assert span.end_time_unix_nano - span.start_time_unix_nano == round((step.seconds or 0) * 1e9)
        found = attributes(span)
        assert (found["code.file.path"], found["code.line.number"]) == ("v.Dockerfile", step.line_start)
        assert found["layerbench.step.cached"] is step.cached
    linked = {span.name: {link.span_id for link in span.links} for span in spans}
    by_name = {span.name: span.span_id for span in spans}
    assert linked["COPY --from=left /left /left"] == {by_name["RUN make left"], by_name["RUN strip right"]}
    assert linked["export of the image"] == {by_name["COPY --from=left /left /left"]}


def test_each_build_is_a_trace_behind_the_one_before() -> None:
    result = factory.result(rounds=2)
    roots = [span for span in parse(otlp.render(result, Options())) if not span.parent_span_id]
    assert len({span.trace_id for span in roots}) == len(result.builds)
    for one, following in itertools.pairwise(roots):
        assert following.start_time_unix_nano == one.end_time_unix_nano


def test_a_failed_build_is_an_error() -> None:
    result = factory.fail(factory.result(rounds=1), "multi", "cold", (1,))
    spans = parse(otlp.render(result, Options()))
    failed = [span for span in spans if span.status.code == Status.STATUS_CODE_ERROR]
    assert [(span.name, span.status.message) for span in failed] == [
        ("build multi cold", "process did not complete: exit code: 1")
    ]


def test_the_command_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_result(examples.planned(), path)
    done = CliRunner().invoke(layerbench, ["report", str(path), "--format", "otlp"])
    assert done.exit_code == 0
    assert len(parse(done.stdout)) == 6


def test_a_number_beyond_64_bits_is_text() -> None:
    [build] = examples.planned().builds
    root = parse(otlp.render(examples.with_builds(replace(build, context_bytes=10**30)), Options()))[0]
    assert attributes(root)["layerbench.build.context_bytes"] == "1" + "0" * 30


def trace_ids(result: Result) -> set[bytes]:
    return {span.trace_id for span in parse(otlp.render(result, Options()))}


def test_two_states_measured_in_turns_are_different_traces() -> None:
    """Their bench file, their start, their variants and rounds are the same."""
    commit = Revision("a" * 40, "2026-01-22T12:00:00+00:00", None, False)
    base = replace(factory.result(rounds=1), revision=commit)
    slower = tuple(replace(one, wall_seconds=(one.wall_seconds or 0.0) + 0.001) for one in base.builds)
    others = (
        replace(base, revision=replace(commit, commit="b" * 40)),
        replace(base, revision=replace(commit, is_dirty=True)),
        replace(base, revision=replace(commit, branch="main")),
        replace(base, revision=None),
        replace(base, finished_at="2026-01-22T13:00:00+00:00"),
        replace(base, builds=slower),
    )
    for other in others:
        assert not trace_ids(base) & trace_ids(other)
    assert trace_ids(base) == trace_ids(replace(base))


def test_a_record_without_start_times_is_its_whole_build_and_says_so() -> None:
    [build] = examples.planned().builds
    steps = tuple(replace(step, started_seconds=None, intervals_seconds=()) for step in build.steps)
    [root] = parse(otlp.render(examples.with_builds(replace(build, steps=steps)), Options()))
    assert root.end_time_unix_nano - root.start_time_unix_nano == 8 * 10**9
    assert attributes(root)["layerbench.build.note"] == NO_TIMES
