"""BuildKit's own cache keys, found by walking its key graph beside the graph of the build's operations.

The inline cache holds the graph as records `{digest, inputs: [[{selector, link}]], layers}`
(github.com/moby/buildkit, cache/remotecache/v1 and solver/exporter.go). A record's `digest` is
`sha256("<digest of the operation>@<output>")`; the operation's own digest leaves out what enters no key, such as the
address of an extra host. Its n-th list of inputs tells by what its n-th input is known, and any of them will do:

- a link with a selector, or one that is alone, leads to the record of the operation that made the input; several of
  them are several ways to make what was selected, this build's and those of others;
- a link without a selector beside some with one, or to what a folder of the client sent, leads to a record without
  inputs: `sha256("<content digest>@-1")` of what the step selects. A folder that the client sends has no other key.
- a FROM has one or two records without inputs: of its manifest, and of its layers' chain. The first is always there, so
  it alone is compared where it can be told from the other.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layerbench.buildx.steps import StepTrace, is_context_transfer
from layerbench.buildx.trace import Trace, Vertex
from layerbench.cachekeys.models import BuildKeys, InputKey, StepKey

_MANIFEST = re.compile(r"@(sha256:[0-9a-f]{64})")
_PLATFORMS = (
    "linux/amd64", "linux/arm64", "linux/arm64/v8", "linux/arm/v7", "linux/arm/v6", "linux/386", "linux/ppc64le",
    "linux/riscv64", "linux/s390x",
)  # fmt: skip
_WITHOUT_INPUTS = ("WORKDIR ", "RUN ")
"""Operations of a stage on scratch: they have no inputs, and yet are no sources."""

StepPlace = tuple[str | None, int, str, str | None]
"""Stage, position in it, instruction, platform: the same in every build of the same Dockerfile."""
Place = tuple[StepPlace, int] | tuple[str, int]
"""A step's place and which of its operations; of a vertex that is no step's, its name and how many had it before."""


@dataclass(frozen=True, slots=True)
class Link:
    """One way to know an input."""

    selector: str
    record: int


@dataclass(frozen=True, slots=True)
class Record:
    """One key of BuildKit's graph."""

    digest: str
    inputs: tuple[tuple[Link, ...], ...]


@dataclass(frozen=True, slots=True)
class FoundInput:
    """An input of an operation: the places in the build's graph instead of keys hashed with all above them."""

    made_by: Place | None
    """None for a source."""
    contents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundKey:
    """The key of one operation."""

    operation: str
    inputs: tuple[FoundInput, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk has found."""

    found: Mapping[Place, FoundKey]
    ambiguous: tuple[Place, ...]
    """Places that BuildKit knows several keys for, which of them is this build's being open; the lowest ones first."""


class UnknownGraphError(ValueError):
    """The key graph is not of a shape that is known here, or does not fit to the build."""


def read_records(document: Any) -> tuple[Record, ...]:
    """The records of `moby.buildkit.cache.v0`.

    Raises:
        UnknownGraphError: it is something else.
    """
    try:
        records = tuple(
            Record(
                _text(record["digest"]),
                tuple(
                    tuple(Link(_text(link.get("selector", "")), int(link["link"])) for link in links)
                    for links in record.get("inputs") or ()
                ),
            )
            for record in document
        )
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise UnknownGraphError(f"the inline cache has another shape than is known ({error})") from error
    positions = range(len(records))
    if any(link.record not in positions for record in records for links in record.inputs for link in links):
        raise UnknownGraphError("the inline cache links to a record that it has not")
    return records


def walk(records: Sequence[Record], trace: Trace, steps: Sequence[StepTrace]) -> Walk:
    """Give every operation of a build its key.

    Args:
        records: of the key graph.
        trace: of the build whose result has that graph.
        steps: of the same build.

    Raises:
        UnknownGraphError: the two do not fit together.
    """
    places = _places(trace, steps)
    order = _from_the_last(trace, places)
    tops = _tops(records)
    candidates: dict[str, set[int]] = {order[0]: tops}
    found: dict[Place, FoundKey] = {}
    ambiguous: list[Place] = []
    for digest in order:
        vertex = trace.vertices[digest]
        fitting = {at for at in candidates.get(digest, ()) if _fits(records[at], vertex)}
        if not fitting:
            continue  # a source that the client sends, or one that is known by what was selected from it alone
        ways = [_inputs(records, records[at], vertex, trace) for at in sorted(fitting)]
        _narrow(candidates, vertex, ways)
        if _is_source(vertex, places):
            [key, *_] = _source_keys(vertex, (records[at].digest for at in fitting))
            found[places[digest]] = FoundKey(key, ())
        elif len(fitting) > 1:
            ambiguous.append(places[digest])
        else:
            [at], [inputs] = fitting, ways
            found[places[digest]] = FoundKey(
                records[at].digest,
                tuple(
                    _found_input(one, trace.vertices[above], places, records)
                    for one, above in zip(inputs, vertex.inputs, strict=True)
                ),
            )
    return Walk(found, tuple(ambiguous))


def place_of(step: Any) -> StepPlace:
    """Where a step stands, whether it is of a trace or of a record."""
    return step.stage, step.index, step.instruction, step.platform


def build_keys(found: Mapping[Place, FoundKey], steps: Sequence[Any]) -> BuildKeys:
    """Keys by the position of their steps, each input's maker hashed with all above it."""
    hashes: dict[Place, str | None] = {}
    result: dict[int, tuple[StepKey, ...]] = {}
    for position, step in enumerate(steps):
        keys = []
        for at in range(len(found)):
            key = found.get((place_of(step), at))
            if key is None:
                break
            keys.append(_step_key(key, found, hashes))
        if keys:
            result[position] = tuple(keys)
    return BuildKeys(result)


def _step_key(key: FoundKey, found: Mapping[Place, FoundKey], hashes: dict[Place, str | None]) -> StepKey:
    return StepKey(
        key.operation,
        tuple(InputKey(_hash(one.made_by, found, hashes) if one.made_by else None, one.contents) for one in key.inputs),
    )


def _hash(place: Place, found: Mapping[Place, FoundKey], hashes: dict[Place, str | None]) -> str | None:
    """What stands for an operation and all above it; content that BuildKit compared stands for what made it."""
    pending = [place]
    while pending:
        current = pending[-1]
        key = found.get(current)
        makers = [one.made_by for one in key.inputs if one.made_by and not one.contents] if key else []
        missing = [maker for maker in makers if maker not in hashes]
        if missing and current not in missing:
            pending += missing
            continue
        pending.pop()
        hashes[current] = _hash_one(key, hashes) if key else None
    return hashes[place]


def _hash_one(key: FoundKey, hashes: Mapping[Place, str | None]) -> str | None:
    words = [key.operation]
    for one in key.inputs:
        maker = hashes.get(one.made_by) if one.made_by else ""
        if not one.contents and not maker:
            return None
        words.append("\0".join(one.contents) if one.contents else maker or "")
    return _sha256("\n".join(words))


def _places(trace: Trace, steps: Sequence[StepTrace]) -> dict[str, Place]:
    """The place of every vertex."""
    result: dict[str, Place] = {}
    for step in steps:
        above = {digest: set(trace.vertices[digest].inputs) for digest in step.vertices}
        # `ADD url` and `COPY --link` are two operations; the one that the other builds on comes first.
        ordered = sorted(step.vertices, key=lambda one: (len(above[one] & above.keys()), trace.vertices[one].name))
        result |= {digest: (place_of(step), at) for at, digest in enumerate(ordered)}
    counts: dict[str, int] = {}
    for digest, vertex in trace.vertices.items():
        if digest not in result:
            result[digest] = (vertex.name, counts.get(vertex.name, 0))
            counts[vertex.name] = counts.get(vertex.name, 0) + 1
    return result


def _from_the_last(trace: Trace, places: Mapping[str, Place]) -> list[str]:
    """The vertices that the result is made of, each before those that it builds on."""
    used = {above for vertex in trace.vertices.values() for above in vertex.inputs}
    last = [digest for digest in trace.vertices if digest not in used and not isinstance(places[digest][0], str)]
    if len(last) != 1:
        raise UnknownGraphError(f"the build has {len(last)} results, and not one")
    order: list[str] = []
    pending: list[tuple[str, bool]] = [(last[0], False)]
    seen: set[str] = set()
    while pending:
        digest, is_done = pending.pop()
        if is_done:
            order.append(digest)
        elif digest not in seen and digest in trace.vertices:
            seen.add(digest)
            pending.append((digest, True))
            pending += [(above, False) for above in trace.vertices[digest].inputs]
    return order[::-1]


def _tops(records: Sequence[Record]) -> set[int]:
    """Records that no other links to: the result's. There are others too, of content that nothing else needs."""
    used = {link.record for record in records for links in record.inputs for link in links}
    return set(range(len(records))) - used


def _fits(record: Record, vertex: Vertex) -> bool:
    return len(record.inputs) == len(vertex.inputs)


@dataclass(frozen=True, slots=True)
class _Input:
    makers: frozenset[int]
    contents: frozenset[int]


def _inputs(records: Sequence[Record], record: Record, vertex: Vertex, trace: Trace) -> tuple[_Input, ...]:
    return tuple(
        _input(records, links, trace.vertices.get(above))
        for links, above in zip(record.inputs, vertex.inputs, strict=True)
    )


def _input(records: Sequence[Record], links: Sequence[Link], above: Vertex | None) -> _Input:
    """What of an input's links leads to its maker, and what to content."""
    is_selected = any(link.selector for link in links)
    is_sent = above is None or is_context_transfer(above)
    contents = frozenset(
        link.record
        for link in links
        if not link.selector and not records[link.record].inputs and (is_selected or is_sent)
    )
    return _Input(frozenset(link.record for link in links) - contents, contents)


def _narrow(candidates: dict[str, set[int]], vertex: Vertex, ways: Sequence[Sequence[_Input]]) -> None:
    """Records that an input can have by this vertex, of those that it can have by others."""
    if not ways:
        return
    for number, above in enumerate(vertex.inputs):
        possible = {maker for inputs in ways for maker in inputs[number].makers}
        candidates[above] = candidates[above] & possible if above in candidates else possible


def _is_source(vertex: Vertex, places: Mapping[str, Place]) -> bool:
    place = places[vertex.digest][0]
    if vertex.inputs:
        return False
    return isinstance(place, str) or not place[2].startswith(_WITHOUT_INPUTS)


def _source_keys(source: Vertex, keys: Iterable[str]) -> tuple[str, ...]:
    """The keys of a source, sorted; of an image its manifest's alone, if that is to be found."""
    known = sorted(keys)
    manifest = _MANIFEST.search(source.name)
    by_manifest = {_manifest_key(manifest[1], platform) for platform in _PLATFORMS} if manifest else set()
    return tuple(key for key in known if key in by_manifest) or tuple(known)


@functools.cache
def _manifest_key(digest: str, platform: str) -> str:
    """The key of an image (mainManifestKey in source/containerimage/pull.go, and solver/llbsolver/ops/source.go)."""
    system, architecture, *variant = platform.split("/")
    identity = {"Digest": digest, "OS": system, "Arch": architecture, **({"Variant": variant[0]} if variant else {})}
    operation = _sha256("buildkit.source.v0:" + _sha256(json.dumps(identity, separators=(",", ":"))))
    return _sha256(f"{operation}@0")


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _found_input(one: _Input, above: Vertex, places: Mapping[str, Place], records: Sequence[Record]) -> FoundInput:
    contents = tuple(sorted(records[at].digest for at in one.contents))
    if _is_source(above, places):
        return FoundInput(None, contents or _source_keys(above, (records[at].digest for at in one.makers)))
    return FoundInput(places[above.digest], contents)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value
