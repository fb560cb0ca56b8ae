"""The decoder against recorded streams, whole, in chunks and damaged."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from layerbench.buildx.progress import ProgressDecoder, nanoseconds
from layerbench.buildx.steps import trace_steps
from layerbench.buildx.trace import Trace
from tests.buildx.cases import ENGINES, NEW, OLD, RECORDED, Case
from tests.buildx.streams import decode, recording

_DAMAGED = ("one-stage", "failed-run", "non-ascii", "noisy")
_NON_ASCII_TEXT = "žluťoučký kůň 🐎"


def _objects_by_other_means(stream: bytes) -> Iterator[object]:
    """What stands at the beginnings of lines, read by what says how the version prints: `{` alone, or a whole line."""
    lines: list[str] = []
    for line in stream.decode().splitlines():
        if line == "{" or lines:
            lines.append(line)
            if line == "}":
                yield json.loads("\n".join(lines))
                lines = []
        elif line.startswith("{"):
            yield json.loads(line)


@cache
def _whole(engine: str, name: str) -> tuple[bytes, list[dict[str, object]], tuple[str, ...]]:
    content = recording(engine, name)
    objects, text = decode(content)
    return content, objects, text


@pytest.mark.parametrize(("engine", "case"), RECORDED, ids=lambda value: getattr(value, "name", value))
def test_every_object_is_decoded(engine: str, case: Case) -> None:
    content, objects, text = _whole(engine, case.name)
    assert objects == list(_objects_by_other_means(content))
    assert objects
    assert bool(text) == (case.exit_code != 0)


def test_versions_print_differently() -> None:
    """What the two recordings are there for."""
    assert recording(OLD, "one-stage").startswith(b"{\n  ")
    assert recording(NEW, "one-stage").startswith(b'{"')


@pytest.mark.parametrize("engine", ENGINES)
def test_text_between_objects_explains_a_failure(engine: str) -> None:
    _, _, text = _whole(engine, "failed-run")
    assert text[0] == "Dockerfile:3"
    assert text[-1].startswith("ERROR: failed to ")
    assert text[-1].endswith("exit code: 7")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("chunk_bytes", [1, 3, 64, 1000])
def test_even_chunks_change_nothing(engine: str, chunk_bytes: int) -> None:
    content, objects, text = _whole(engine, "non-ascii")
    assert _NON_ASCII_TEXT.encode() in content
    assert decode(content, chunk_bytes) == (objects, text)


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_chunks_cut_anywhere_change_nothing(engine: str, data: st.DataObject) -> None:
    content, objects, text = _whole(engine, data.draw(st.sampled_from(_DAMAGED)))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(content)), max_size=40)))
    assert _decode_cut(content, cuts) == (objects, text)


def _decode_cut(content: bytes, cuts: list[int]) -> tuple[list[dict[str, object]], tuple[str, ...]]:
    decoder = ProgressDecoder()
    objects: list[dict[str, object]] = []
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        objects += decoder.feed(content[start:end])
    objects += decoder.close()
    return objects, tuple(decoder.text)


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_cut_stream_gives_what_was_complete(engine: str, data: st.DataObject) -> None:
    content, objects, _ = _whole(engine, "non-ascii")
    end = data.draw(st.integers(0, len(content)))
    found, _ = decode(content[:end])
    assert found == objects[: len(found)]
    assert len(found) >= content[:end].count(b"\n}\n" if engine == OLD else b"}\n")


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_flipped_bytes_lose_no_other_object(engine: str, data: st.DataObject) -> None:
    content, objects, _ = _whole(engine, data.draw(st.sampled_from(("one-stage", "non-ascii"))))
    at = data.draw(st.integers(0, len(content) - 1))
    damaged = content[:at] + bytes([data.draw(st.integers(0, 255))]) + content[at + 1 :]
    _assert_only_one_is_touched(objects, damaged)


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_dropped_line_loses_no_other_object(engine: str, data: st.DataObject) -> None:
    content, objects, _ = _whole(engine, "one-stage")
    lines = content.splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    _assert_only_one_is_touched(objects, b"".join(lines[:at] + lines[at + 1 :]), touched=2)


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_doubled_line_loses_no_other_object(engine: str, data: st.DataObject) -> None:
    content, objects, _ = _whole(engine, "one-stage")
    lines = content.splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    _assert_only_one_is_touched(objects, b"".join(lines[: at + 1] + lines[at:]))


def _assert_only_one_is_touched(objects: list[dict[str, object]], damaged: bytes, touched: int = 1) -> None:
    """All but the damaged object (or two, where one swallowed the beginning of the next) come out, in order."""
    found, text = decode(damaged)
    assert sum(one not in found for one in objects) <= touched
    positions = [objects.index(one) for one in found if one in objects]
    assert positions == sorted(positions)
    assert decode(damaged, 97) == (found, text)
    _assert_digestible(found)


def _assert_digestible(objects: list[dict[str, object]]) -> None:
    trace = Trace()
    for one in objects:
        trace.add(one)
    trace_steps(trace, None)
    trace.running()
    trace.started_nanoseconds()
    for digest in trace.vertices:
        trace.log_tail(digest)
    trace.transferred_bytes("[internal] load build context")


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_any_damage_is_survived_and_chunks_change_nothing(engine: str, data: st.DataObject) -> None:
    content, _, _ = _whole(engine, data.draw(st.sampled_from(_DAMAGED)))
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(damaged)))
        end = data.draw(st.integers(start, min(len(damaged), start + 300)))
        damaged[start:end] = data.draw(
            st.binary(max_size=30) | st.sampled_from([b"", b"{", b'"', b"}", b"\n", b"[[[["])
        )
    expected = decode(bytes(damaged))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(damaged)), max_size=20)))
    assert _decode_cut(bytes(damaged), cuts) == expected
    _assert_digestible(expected[0])


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_text_between_objects_is_kept_apart(engine: str, data: st.DataObject) -> None:
    content, objects, text = _whole(engine, "one-stage")
    ends = [at + 2 for at in range(len(content)) if content[at : at + 2] == b"}\n" and _is_top(content, at, engine)]
    at = data.draw(st.sampled_from(ends))
    line = data.draw(st.text(st.characters(exclude_characters="{\n\r", exclude_categories=("Cs", "Cc")), max_size=50))
    found = decode(content[:at] + line.encode() + b"\n" + content[at:])
    assert found[0] == objects
    assert found[1] == (*text, *filter(None, [line.strip()]))


def _is_top(content: bytes, at: int, engine: str) -> bool:
    return engine == NEW or content[at - 1 : at] == b"\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_objects_need_nothing_between_them(engine: str) -> None:
    _, objects, _ = _whole(engine, "noisy")
    for indent in (None, 2):
        for between in ("", " ", "\r\n", "\n\n\n"):
            stream = between.join(json.dumps(one, indent=indent) for one in objects).encode()
            assert decode(stream, 100) == (objects, ())


@pytest.mark.parametrize(
    ("before", "text"), [("WARNING: No output specified ", "WARNING: No output specified"), ("%!(EXTRA {x) ", None)]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_object_behind_text_on_its_line_is_found(before: str, text: str | None, indent: int | None) -> None:
    wanted = {"vertexes": [{"digest": "sha256:1", "name": "[1/1] FROM x"}]}
    separators = (",", ":") if indent is None else None
    stream = (before + json.dumps(wanted, indent=indent, separators=separators) + "\n").encode()
    for chunk_bytes in (1, 1000):
        objects, found = decode(stream, chunk_bytes)
        assert objects == [wanted]
        assert found == ((text or before.strip()),)


@given(st.binary(max_size=400))
@example(b'{"vertexes":[{"digest":"\\ud83d\\u')
@example(b'{"a":' * 100_000)
@example(b"{" * 10_000)
@example(b'{"vertexes": [' + b"9" * 5000 + b"]}\n")
@example(b'{"vertexes":[{"digest":"a","started":"2026-99-99T99:99:99Z","completed":"x"}]}')
@example(b'{"vertexes":[{"digest":"a","started":"9999-12-31T23:59:59.999999999-23:59","cached":[]}],"logs":7}')
@example(b'{"logs":[{"vertex":"a","data":"=\xff="},{"vertex":"a","data":"YQ"},{"vertex":1}]}')
@example(b'{"statuses":[{"vertex":"a","id":"transferring x","current":1e400},{"vertex":"a","id":"b","current":null}]}')
@settings(deadline=None, max_examples=100)
def test_nothing_raises(content: bytes) -> None:
    expected = decode(content)
    assert decode(content, 3) == expected
    _assert_digestible(expected[0])


_json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
_events = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.sampled_from(["sha256:1", "sha256:2", "2026-01-02T03:04:05Z", "transferring", "[1/2] RUN x", ""])
            | _json_values
            for key in ("digest", "vertex", "id", "name", "inputs", "started", "completed", "cached", "error", "data")
        }
        | {"current": st.integers() | _json_values, "progressGroup": st.dictionaries(st.text(), _json_values)},
    )
    | _json_values,
    max_size=4,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("vertexes", "statuses", "logs"), _events | _json_values)))
@settings(deadline=None, max_examples=60)
def test_members_of_any_shape_are_taken_in(message: dict[str, object]) -> None:
    objects, _ = decode((json.dumps(message) + "\n").encode())
    _assert_digestible(objects)


def test_an_object_in_many_chunks_is_not_parsed_anew_with_each() -> None:
    big = json.dumps({"logs": [{"vertex": "a", "data": "QUFB" * 500_000}]}).encode()
    started = time.process_time()
    objects, _ = decode(big, 4096)
    assert len(objects) == 1
    assert time.process_time() - started < 5


def test_endless_text_is_bounded() -> None:
    decoder = ProgressDecoder()
    for _ in range(300):
        assert decoder.feed(b"x" * 100_000) == []
    decoder.feed(b"\n" + b"line\n" * 5000 + b'{"vertexes":[]}\n')
    decoder.close()
    assert sum(map(len, decoder.text)) < 200_000
    assert decoder.text[-1] == "line"


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1)),
    st.integers(0, 999_999_999),
    st.integers(-14 * 60, 14 * 60),
)
def test_timestamps_keep_their_nanoseconds(moment: datetime, fraction: int, offset_minutes: int) -> None:
    zone = timezone(timedelta(minutes=offset_minutes))
    whole = moment.replace(microsecond=0, tzinfo=zone)
    seconds = (whole - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    text = whole.strftime("%Y-%m-%dT%H:%M:%S")
    digits = f".{fraction:09d}".rstrip("0").rstrip(".")  # as Go's time.RFC3339Nano leaves zeros out
    sign, minutes = ("-", -offset_minutes) if offset_minutes < 0 else ("+", offset_minutes)
    assert nanoseconds(f"{text}{digits}{sign}{minutes // 60:02}:{minutes % 60:02}") == seconds * 10**9 + fraction
    if offset_minutes == 0:
        assert nanoseconds(f"{text}{digits}Z") == seconds * 10**9 + fraction


@pytest.mark.parametrize("text", ["", "x", "2026-01-02", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05.xZ", "1.5"])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    if text == "2026-01-02":
        assert nanoseconds(text) == 1_767_312_000 * 10**9  # a date alone is its midnight
    else:
        with pytest.raises(ValueError):
            nanoseconds(text)
