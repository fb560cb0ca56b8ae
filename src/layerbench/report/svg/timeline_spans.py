"""Where everything in a build's time goes: lanes by stage, and one for what belongs to no step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from layerbench.analysis.critical_path.network import Activity, network
from layerbench.analysis.critical_path.path import critical_path
from layerbench.analysis.wording import step_label
from layerbench.report.critical_path.words import NO_TIMES
from layerbench.report.step_rows import instruction_text, line_text
from layerbench.results.models import Build, Step
from layerbench.units import format_bytes, format_seconds

SpanKind = Literal["ran", "cached", "source", "failed", "transfer", "export", "start", "other"]
BUILD_LANE = "the build itself"
_LEAST_GAP_SECONDS = 0.005
_AT_ONCE_SECONDS = 0.001
"""Steps that overlap by less follow each other: clocks are read at different moments."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a build's time; seconds since the client was started, so that the wall time is the whole."""

    kind: SpanKind
    lane: int
    start_seconds: float
    end_seconds: float
    label: str
    tip: str
    """All that is known of it, in a line."""
    step: int | None = None
    """Position in the build's steps; None for what is no step."""


@dataclass(frozen=True, slots=True)
class PathPart:
    """A stretch of the critical path, in the same seconds."""

    start_seconds: float
    end_seconds: float
    step: int | None
    """Position in the build's steps; None for a stretch in which no step was at work."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A build, laid out."""

    lanes: tuple[str, ...]
    """What each lane is: a stage, or `BUILD_LANE`, which is the last one."""
    spans: tuple[Span, ...]
    duration_seconds: float
    path: tuple[PathPart, ...]
    """The critical path; empty where times are not known."""
    slack_seconds: dict[int, float]
    """By position in the build's steps: how much longer it could take without the build taking longer."""


def lay_out(build: Build) -> Timeline:
    """A build's steps in lanes by stage; two steps of one stage that overlap get two lanes.

    What the build itself does, and time that belongs to nothing, is in a lane below all stages.
    """
    found = network(build)
    if found is None:
        wall = build.wall_seconds or 0.0
        spans: tuple[Span, ...] = (Span("other", 0, 0.0, wall, "no times known", NO_TIMES),) if wall else ()
        return Timeline((BUILD_LANE,), spans, wall, (), {})
    lanes, spans = _stages(build, found.activities[:-1], found.begin)
    own = tuple(_own(build, found.activities[:-1], found.begin, found.end.end, len(lanes)))
    way = critical_path(build)
    path = tuple(
        PathPart(one.start_seconds - found.begin, one.end_seconds - found.begin, one.step)
        for one in (way.segments if way else ())
    )
    slack = dict(way.slack_seconds) if way else {}
    return Timeline((*lanes, BUILD_LANE), (*spans, *own), found.elapsed_seconds, path, slack)


def _stages(build: Build, activities: Sequence[Activity], begin: float) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    lanes: list[str] = []
    spans: list[Span] = []
    steps = sorted((one for one in activities if one.step is not None), key=lambda one: (one.start, one.step or 0))
    for stage in dict.fromkeys(_stage(step) for step in build.steps):
        first = len(lanes)
        ends: list[float] = []
        for activity in steps:
            position = activity.step or 0
            if _stage(build.steps[position]) != stage:
                continue
            free = (lane for lane, end in enumerate(ends) if end <= activity.start + _AT_ONCE_SECONDS)
            at = next(free, len(ends))
            if at == len(ends):
                ends.append(0.0)
                lanes.append(stage if at == 0 else f"{stage}, at the same time")
            ends[at] = activity.end
            spans.append(_step_span(build, activity, position, first + at, begin))
    return tuple(lanes), tuple(spans)


def _stage(step: Step) -> str:
    return " ".join(part for part in (step.platform, step.stage) if part) or "steps"


def step_kind(build: Build, position: int) -> SpanKind:
    """What a step did."""
    if build.error is not None and build.error.step == position:
        return "failed"
    cached = build.steps[position].cached
    return "source" if cached is None else "cached" if cached else "ran"


def _step_span(build: Build, activity: Activity, position: int, lane: int, begin: float) -> Span:
    step = build.steps[position]
    kind = step_kind(build, position)
    seconds = format_seconds(activity.end - activity.start)
    what = "cached" if kind == "cached" else f"FAILED after {seconds}" if kind == "failed" else seconds
    place = line_text(step.line_start, step.line_end)
    facts = (f"line {place}" if place else "", what, f"begins at {format_seconds(activity.start - begin)}")
    tip = f"{instruction_text(step.instruction)} — {', '.join(fact for fact in facts if fact)}"
    label = step_label(step.instruction)
    return Span(kind, lane, activity.start - begin, activity.end - begin, label, tip, position)


def _own(build: Build, activities: Sequence[Activity], begin: float, end: float, lane: int) -> Iterator[Span]:
    """Transfer and export, and the time in which nothing was at work."""
    for activity in activities:
        if activity.step is None:
            yield _own_span(build, activity, lane, begin)
    clock = begin
    for activity in sorted(activities, key=lambda one: one.start):
        # What BuildKit takes from its cache takes no time of its own: a gap goes on past it.
        if activity.end - activity.start < _AT_ONCE_SECONDS:
            continue
        if activity.start - clock >= _LEAST_GAP_SECONDS:
            yield _gap(clock, activity.start, lane, begin)
        clock = max(clock, activity.end)
    if end - clock >= _LEAST_GAP_SECONDS:
        yield _gap(clock, end, lane, begin)


def _own_span(build: Build, activity: Activity, lane: int, begin: float) -> Span:
    seconds = format_seconds(activity.seconds)
    start, end = activity.start - begin, activity.end - begin
    if activity.kind == "export":
        tip = f"writing the image (compression, manifests, unpacking) — {seconds}"
        return Span("export", lane, start, end, "writing the image", tip)
    sent = f"{format_bytes(build.context_bytes)}, " if build.context_bytes is not None else ""
    return Span("transfer", lane, start, end, "transfer", f"transfer of the build context — {sent}{seconds}")


def _gap(start: float, end: float, lane: int, begin: float) -> Span:
    seconds = format_seconds(end - start)
    if start > begin:
        tip = f"time that belongs to no step — {seconds}"
        return Span("other", lane, start - begin, end - begin, "no step", tip)
    tip = f"before the first step: starting docker buildx, reading the Dockerfile — {seconds}"
    return Span("start", lane, 0.0, end - begin, "start", tip)
