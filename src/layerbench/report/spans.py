"""Builds as spans of time: what the formats of tracing tools are made from."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from layerbench.analysis.critical_path.network import Activity, Network, network
from layerbench.analysis.critical_path.overlap import stage_name
from layerbench.analysis.critical_path.path import critical_path
from layerbench.report.critical_path.words import NO_TIMES
from layerbench.results.models import Build, Step

SpanKind = Literal["step", "transfer", "export"]
Fact = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Span:
    """A time of work in a build; times are nanoseconds from the start of the docker client."""

    kind: SpanKind
    name: str
    track: str
    """What it is shown beside: the stage; empty where there is only one, and for what is no step."""
    start_nanoseconds: int
    end_nanoseconds: int
    after: tuple[int, ...]
    """Positions in `BuildSpans.spans` of those that it waits for."""
    step: Step | None
    slack_seconds: float | None
    is_on_path: bool

    @property
    def facts(self) -> dict[str, Fact]:
        """What is known of it beside its times; what is not known is left out."""
        step = self.step
        known: dict[str, Fact | None] = {"on_critical_path": self.is_on_path, "slack_seconds": self.slack_seconds}
        if step is not None:
            known |= {
                "instruction": step.instruction,
                "stage": step.stage,
                "platform": step.platform,
                "line_start": step.line_start,
                "line_end": step.line_end,
                "cached": step.cached,
                "error": step.error,
            }
        return {name: fact for name, fact in known.items() if fact is not None}


@dataclass(frozen=True, slots=True)
class BuildSpans:
    """A build as a whole, and what was at work in it, in the order in which each can be begun."""

    build: Build
    nanoseconds: int
    spans: tuple[Span, ...]
    path: tuple[tuple[str, int, int], ...]
    """The critical path: what, start and end in nanoseconds from the start of the docker client."""

    @property
    def name(self) -> str:
        """Variant, scenario and round."""
        return f"{self.build.variant}, {self.build.scenario}, round {self.build.round}"

    @property
    def facts(self) -> dict[str, Fact]:
        """What is known of the build beside its time."""
        build = self.build
        known: dict[str, Fact | None] = {
            "variant": build.variant,
            "scenario": build.scenario,
            "round": build.round,
            "outcome": build.outcome,
            "invalid": build.invalid,
            "error": build.error.message if build.error else None,
            "context_bytes": build.context_bytes,
            "compressed_bytes": build.image.compressed_bytes if build.image else None,
            "uncompressed_bytes": build.image.uncompressed_bytes if build.image else None,
            "note": None if self.spans else NO_TIMES,
        }
        return {name: fact for name, fact in known.items() if fact is not None}


def build_spans(build: Build) -> BuildSpans | None:
    """The spans of a build; None where the record does not say when anything was at work, nor how long it took."""
    found, path = network(build), critical_path(build)
    if found is None or path is None:
        seconds = build.wall_seconds
        is_known = seconds is not None and math.isfinite(seconds) and seconds >= 0
        return BuildSpans(build, _nanoseconds(seconds or 0.0), (), ()) if is_known else None
    on_path = {(one.kind, one.step) for one in path.segments}
    spans = tuple(
        _span(build, found, activity, path.slack_seconds, (activity.kind, activity.step) in on_path)
        for activity in found.activities[:-1]
    )
    segments = tuple(
        (
            one.gap or (build.steps[one.step].instruction if one.step is not None else one.kind),
            _nanoseconds(one.start_seconds - found.begin),
            _nanoseconds(one.end_seconds - found.begin),
        )
        for one in path.segments
    )
    return BuildSpans(build, _nanoseconds(found.elapsed_seconds), spans, segments)


def _span(
    build: Build, found: Network, activity: Activity, slack_seconds: Mapping[int, float], is_on_path: bool
) -> Span:
    assert activity.kind != "end"  # noqa: S101 - the last one, which is left out
    step = None if activity.step is None else build.steps[activity.step]
    names = {"transfer": "transfer of the context", "export": "export of the image"}
    return Span(
        kind=activity.kind,
        name=step.instruction if step else names[activity.kind],
        track=stage_name(step) if step else "",
        start_nanoseconds=_nanoseconds(activity.start - found.begin),
        end_nanoseconds=_nanoseconds(activity.end - found.begin),
        after=_nearest(found, activity),
        step=step,
        slack_seconds=None if activity.step is None else slack_seconds.get(activity.step),
        is_on_path=is_on_path,
    )


def _nearest(found: Network, activity: Activity) -> tuple[int, ...]:
    """What it waits for, without that which another of those waits for already."""
    reached = {above for at in activity.after for above in found.activities[at].after}
    return tuple(at for at in activity.after if at not in reached)


def lanes(spans: tuple[Span, ...]) -> dict[int, int]:
    """A lane for each span of one track, by position: spans that overlap in time are in different ones."""
    ends: list[int] = []
    found: dict[int, int] = {}
    for at in sorted(range(len(spans)), key=lambda at: (spans[at].start_nanoseconds, spans[at].end_nanoseconds)):
        span = spans[at]
        lane = next((lane for lane, end in enumerate(ends) if end <= span.start_nanoseconds), len(ends))
        if lane == len(ends):
            ends.append(0)
        ends[lane] = span.end_nanoseconds
        found[at] = lane
    return found


def by_track(spans: tuple[Span, ...]) -> dict[tuple[SpanKind, str], tuple[int, ...]]:
    """Positions of the spans of each track: the transfer, each stage, the export."""
    found: defaultdict[tuple[SpanKind, str], list[int]] = defaultdict(list)
    for at, span in enumerate(spans):
        found[span.kind, span.track].append(at)
    order = {"transfer": 0, "step": 1, "export": 2}
    return {track: tuple(found[track]) for track in sorted(found, key=lambda track: order[track[0]])}


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
