"""From vertices to Dockerfile steps: which instruction, on which lines, cached or run, and for how long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from layerbench.buildx.places import Place, find_places, read_name
from layerbench.buildx.trace import Trace, Vertex, disjoint_intervals, union_nanoseconds
from layerbench.instructions import Dockerfile

_EXIT_CODE = re.compile(r"exit code: (\d+)")
_CONTEXT_TRANSFER = re.compile(r"\[internal\] load build context|\[context .*\] load from client", re.DOTALL)
_PAUSE_NANOSECONDS = 10_000_000
_CANCELLATIONS = ("context canceled", "context cancelled")


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One Dockerfile instruction as it was carried out; the fields are those of the result file's step."""

    stage: str | None
    """As docker prints it: in lower case, `stage-N` where it has no name; None where the Dockerfile has one stage."""
    index: int
    count: int
    instruction: str
    """As docker prints it, variables filled in; of a FROM, the reference without a digest."""
    line_start: int | None
    line_end: int | None
    cached: bool | None
    seconds: float | None
    started_seconds: float | None
    inputs: tuple[int, ...]
    error: str | None
    platform: str | None
    vertices: tuple[str, ...]
    """Digests of the vertices that carried it out: several for `ADD url` and `COPY --link`."""
    intervals_seconds: tuple[tuple[float, float], ...] = ()
    reads_context: bool = False


def trace_steps(trace: Trace, dockerfile: Dockerfile | None) -> tuple[StepTrace, ...]:
    """The steps of a build, by stage as the Dockerfile has them and by position within it.

    Equal instructions of two stages are carried out once, and are one step: that of the earlier stage.
    Steps that a failed build never reached have neither hit nor miss: `cached` is None.
    """
    groups = _group(trace, dockerfile)
    places = sorted(groups, key=lambda place: (place.order, place.platform or "", place.stage or "", place.index))
    position = {vertex.digest: at for at, place in enumerate(places) for vertex in groups[place]}
    begin = trace.started_nanoseconds()
    return tuple(_step(place, groups[place], begin, position, trace) for place in places)


def exit_code(error: str) -> int | None:
    """The exit code that BuildKit's error of a failed RUN names, behind the command."""
    found = _EXIT_CODE.findall(error)
    return int(found[-1]) if found else None


def is_context_transfer(vertex: Vertex) -> bool:
    """Whether it sends a context from this machine to the builder."""
    return _CONTEXT_TRANSFER.fullmatch(vertex.name) is not None


def is_cancellation(error: str) -> bool:
    """Whether a vertex's error says that it was stopped, because another one failed or the build was interrupted."""
    return error.endswith(_CANCELLATIONS)


def _group(trace: Trace, dockerfile: Dockerfile | None) -> dict[Place, list[Vertex]]:
    """The vertices of each step."""
    printed: dict[Place, list[Vertex]] = {}
    for vertex in trace.vertices.values():
        place = read_name(vertex.name)
        if place is not None:
            printed.setdefault(place, []).append(vertex)
    groups: dict[Place, list[Vertex]] = {}
    for old, place in find_places(printed, dockerfile).items():
        groups.setdefault(place, []).extend(printed[old])
    return groups


def _step(
    place: Place, vertices: Sequence[Vertex], begin: int | None, position: dict[str, int], trace: Trace
) -> StepTrace:
    intervals = [interval for vertex in vertices for interval in vertex.intervals]
    above = {found for vertex in vertices for found in _above(vertex, trace, position)}
    inputs = {position[found] for found in above if found in position} - {
        position[vertex.digest] for vertex in vertices
    }
    return StepTrace(
        stage=place.stage,
        index=place.index,
        count=place.count,
        instruction=place.text,
        line_start=place.instruction.line_start if place.instruction else None,
        line_end=place.instruction.line_end if place.instruction else None,
        cached=_cached(place, vertices),
        seconds=union_nanoseconds(intervals) / 1e9 if intervals else None,
        started_seconds=(min(intervals)[0] - begin) / 1e9 if intervals and begin is not None else None,
        inputs=tuple(sorted(inputs)),
        error=next((vertex.error for vertex in vertices if vertex.error), None),
        platform=place.platform,
        vertices=tuple(vertex.digest for vertex in vertices),
        intervals_seconds=_intervals_seconds(intervals, begin),
        reads_context=any(is_context_transfer(trace.vertices[found]) for found in above),
    )


def _intervals_seconds(intervals: Sequence[tuple[int, int]], begin: int | None) -> tuple[tuple[float, float], ...]:
    """Begin and end of each time of work, from the build's start; nothing where there was only one."""
    found = disjoint_intervals(intervals, _PAUSE_NANOSECONDS)
    if begin is None or len(found) < 2:
        return ()
    return tuple(((start - begin) / 1e9, (end - begin) / 1e9) for start, end in found)


def _above(vertex: Vertex, trace: Trace, position: dict[str, int]) -> set[str]:
    """The nearest steps above a vertex, and the vertices between, which are no steps of their own."""
    found: set[str] = set()
    pending, seen = list(vertex.inputs), set(vertex.inputs)
    while pending:
        digest = pending.pop()
        if digest in position:
            found.add(digest)
        elif digest in trace.vertices:
            found.add(digest)
            fresh = [above for above in trace.vertices[digest].inputs if above not in seen]
            seen.update(fresh)
            pending += fresh
    return found


def _cached(place: Place, vertices: Sequence[Vertex]) -> bool | None:
    if place.is_source:
        return None
    states = [vertex.cached for vertex in vertices]
    if not any(vertex.inputs for vertex in vertices):
        states = [_cached_without_inputs(vertex) for vertex in vertices]
    if False in states:
        return False
    return True if True in states else None


def _cached_without_inputs(vertex: Vertex) -> bool | None:
    """Whether a WORKDIR on scratch, which is an operation without inputs, was a hit.

    Its key is looked up as if it were carried out. When it is then carried out, that is its second interval; when it is
    not even announced as cached, what builds on it was a hit.
    """
    if vertex.announced_cached:
        return True
    return len(vertex.intervals) < 2 if vertex.intervals else None
