"""What is made of a build's events: executed or cached, times, logs, transfers."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from layerbench.buildx.trace import Trace, union_nanoseconds
from tests.buildx.cases import ENGINES, NEW
from tests.buildx.streams import decoded, step

_AT = "2026-01-02T03:04:0{}Z"


def _event(second: int, *, completed: int | None = None, inputs: bool = True, cached: bool = False) -> dict[str, Any]:
    event: dict[str, Any] = {"digest": "sha256:1", "name": "[2/2] RUN x", "started": _AT.format(second)}
    if inputs:
        event["inputs"] = ["sha256:0"]
    if completed is not None:
        event["completed"] = _AT.format(completed)
    if cached:
        event["cached"] = True
    return event


def _trace(*events: dict[str, Any]) -> Trace:
    trace = Trace()
    for event in events:
        trace.add({"vertexes": [event]})
    return trace


@pytest.mark.parametrize(
    ("events", "cached"),
    [
        pytest.param([_event(1), _event(1, completed=2)], False, id="ran"),
        pytest.param([_event(1, completed=1, cached=True)], True, id="hit"),
        pytest.param([_event(1, cached=True), _event(1, completed=2, cached=True)], True, id="hit with its lookup"),
        pytest.param([_event(1, completed=1, cached=True), _event(2, completed=5)], False, id="announced, then ran"),
        pytest.param([_event(2, completed=5), _event(1, completed=1, cached=True)], False, id="whatever the order"),
        pytest.param(
            [_event(1, cached=True), _event(2, completed=5, inputs=False), _event(1, completed=6, cached=True)],
            True,
            id="remote hit that was pulled when it was needed",
        ),
        pytest.param([_event(1)], None, id="never completed"),
        pytest.param([_event(1, completed=2, inputs=False)], None, id="source"),
    ],
)
def test_executed_or_cached(events: list[dict[str, Any]], cached: bool | None) -> None:
    assert _trace(*events).vertices["sha256:1"].cached is cached


def test_remote_hit_is_a_hit_though_its_layers_are_pulled() -> None:
    """Recorded: the lazy pulls complete uncached, but without inputs."""
    found = decoded(NEW, "remote-hits")
    pulled = step(found, "COPY --from=builder", "stage-1")
    assert len(found.trace.vertices[pulled.vertices[0]].intervals) > 2
    assert [one.cached for one in found.steps] == [None, True, True, True, True]
    assert [one.cached for one in decoded(NEW, "remote-edit").steps] == [None, False, False, False, False]


def test_several_starts_count_once() -> None:
    vertex = _trace(
        _event(1), _event(1, completed=3), _event(1, completed=3), _event(2, completed=4), _event(7, completed=8)
    ).vertices["sha256:1"]
    assert union_nanoseconds(vertex.intervals) == 4_000_000_000


def test_union() -> None:
    assert union_nanoseconds([]) == 0
    assert union_nanoseconds([(5, 9), (1, 2), (6, 7), (9, 10), (1, 1)]) == 6


def test_running_is_what_started_last() -> None:
    trace = _trace(_event(1), _event(1, completed=2))
    assert trace.running() is None
    trace.add({"vertexes": [{**_event(3), "digest": "sha256:a"}, {**_event(5), "digest": "sha256:b"}]})
    running = trace.running()
    assert running is not None
    assert running.digest == "sha256:b"


@pytest.mark.parametrize("engine", ENGINES)
def test_log_tail_of_a_failed_run(engine: str) -> None:
    found = decoded(engine, "failed-run")
    tail = found.trace.log_tail(step(found, 'RUN echo "to').vertices[0])
    assert sorted(tail) == ["no end of line", "to stderr", "to stdout"]


@pytest.mark.parametrize("engine", ENGINES)
def test_log_tail_keeps_the_end_of_a_long_log(engine: str) -> None:
    found = decoded(engine, "noisy")
    tail = found.trace.log_tail(step(found, "RUN i=0").vertices[0])
    assert len(tail) == 40
    assert tail[:2] == ("line 65", "line 66")
    assert tail[-4:] == ("10%\r50%\r100%", "dos", "\x1b[31mred\x1b[0m", "last")
    assert found.trace.log_tail("sha256:other") == ()


def _log(data: bytes, stream: int = 1) -> dict[str, Any]:
    return {"logs": [{"vertex": "v", "stream": stream, "data": base64.b64encode(data).decode()}]}


def test_lines_and_characters_may_be_cut_between_messages() -> None:
    trace = Trace()
    for data in (b"one\ntw", b"o\nthr", "eé".encode()[:2], "é".encode()[1:] + b"\n"):
        trace.add(_log(data))
    assert trace.log_tail("v") == ("one", "two", "threé")


def test_output_streams_do_not_run_into_each_other() -> None:
    trace = Trace()
    trace.add(_log(b"out "))
    trace.add(_log(b"error\n", stream=2))
    trace.add(_log(b"goes on\n"))
    assert trace.log_tail("v") == ("error", "out goes on")


def test_endless_line_is_bounded() -> None:
    trace = Trace()
    for _ in range(50):
        trace.add(_log(b"x" * 1000))
    (line,) = trace.log_tail("v")
    assert len(line) == 2000


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("one-stage", 19, 100),  # a file of 19 bytes, its name, and the protocol around it
        ("warm", 1, 40),  # the name only
        ("source-edit", 24, 100),
        ("context-folder", 50_019 + 19, 50_300),  # both contexts
    ],
)
def test_context_bytes(engine: str, name: str, least: int, most: int) -> None:
    trace = decoded(engine, name).trace
    names = {vertex.name for vertex in trace.vertices.values()}
    sent = [
        trace.transferred_bytes(one) for one in names if one.startswith(("[internal] load build context", "[context"))
    ]
    assert least <= sum(bytes_ for bytes_ in sent if bytes_ is not None) <= most


@pytest.mark.parametrize("engine", ENGINES)
def test_build_that_reads_no_context_sends_none(engine: str) -> None:
    assert decoded(engine, "heredocs").trace.transferred_bytes("[internal] load build context") is None
    assert decoded(engine, "heredocs").trace.transferred_bytes("no such vertex") is None


@pytest.mark.parametrize("engine", ENGINES)
def test_attestations_are_no_part_of_the_steps(engine: str) -> None:
    if engine == NEW:  # the classic store has none
        with_them, without = decoded(engine, "attestations"), decoded(engine, "one-stage")
        exported = {name for _, name in with_them.trace.transfers if name.startswith("exporting attestation")}
        assert exported or any("attestation" in name for _, name in with_them.trace.transfers)
        assert [one.instruction for one in with_them.steps] == [one.instruction for one in without.steps]
