"""Rows of a critical path, in words and figures; what follows is the same for every format that is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from layerbench.analysis.critical_path.choose import ChosenBuild
from layerbench.analysis.critical_path.models import CriticalPath, GapKind, Segment
from layerbench.analysis.critical_path.overlap import stage_name
from layerbench.report.step_rows import instruction_text, line_text
from layerbench.results.models import Build, Step
from layerbench.units import format_percent, format_seconds

GAPS: dict[GapKind, str] = {
    "client-start": "(the docker client starts)",
    "before-steps": "(Dockerfile and bases are looked up)",
    "between": "(no step: hashing of content, scheduling)",
    "after": "(the client ends)",
}
TRANSFER = "(transfer of the context)"
EXPORT = "(export of the image)"
NO_TIMES = "its record does not say when its steps were at work, so there is no path through it"
READING_HELP = (
    "How to read it: the path is what the build waited for, from top to bottom; only what is on it makes the build "
    "shorter. In brackets is what belongs to no step. Slack: how much longer a step could take before the build does. "
    "What a build takes without a step is reckoned from this one build, not measured."
)
_LEAST_GAP_SECONDS = 0.05
_LEAST_GAP_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class PathRow:
    """A piece of the path."""

    start: str
    seconds: str
    share: str
    line: str
    text: str
    is_step: bool


@dataclass(frozen=True, slots=True)
class SlackRow:
    """A step beside the path."""

    slack: str
    seconds: str
    line: str
    text: str


def title(chosen: ChosenBuild) -> str:
    """Which build it is."""
    build = chosen.build
    return f"{build.variant}, {build.scenario}: round {build.round}, {chosen.reason}"


def path_rows(build: Build, path: CriticalPath) -> Iterator[PathRow]:
    """The path from top to bottom; gaps that are too short to matter are summed up in one row at its end."""
    least = max(_LEAST_GAP_SECONDS, _LEAST_GAP_SHARE * path.elapsed_seconds)
    begin = path.segments[0].start_seconds if path.segments else 0.0
    short = [one for one in path.segments if one.gap == "between" and one.seconds < least]
    for segment in _joined(one for one in path.segments if one not in short):
        yield _row(build, path, segment, format_seconds(segment.start_seconds - begin))
    if total := sum(segment.seconds for segment in short):
        share = _share(path, total)
        yield PathRow("", format_seconds(total), share, "", f"(gaps between these, {len(short)} in all)", False)


def slack_rows(build: Build, path: CriticalPath) -> Iterator[SlackRow]:
    """The steps that ran beside the path, those with the least slack first."""
    on_path = {segment.step for segment in path.segments}
    beside = ((slack, at) for at, slack in path.slack_seconds.items() if at not in on_path)
    for slack, at in sorted(beside):
        step = build.steps[at]
        if step.cached is False:
            yield SlackRow(
                format_seconds(slack),
                format_seconds(step.seconds or 0.0),
                line_text(step.line_start, step.line_end),
                step_text(step),
            )


def step_text(step: Step) -> str:
    """Stage and instruction."""
    stage = stage_name(step)
    hit = " (cached)" if step.cached else ""
    return (f"[{stage}] " if stage else "") + instruction_text(step.instruction) + hit


def _row(build: Build, path: CriticalPath, segment: Segment, start: str) -> PathRow:
    step = None if segment.step is None else build.steps[segment.step]
    return PathRow(
        start=start,
        seconds=format_seconds(segment.seconds),
        share=_share(path, segment.seconds),
        line=line_text(step.line_start, step.line_end) if step else "",
        text=step_text(step) if step else _no_step_text(segment),
        is_step=step is not None,
    )


def _no_step_text(segment: Segment) -> str:
    if segment.gap is not None:
        return GAPS[segment.gap]
    return TRANSFER if segment.kind == "transfer" else EXPORT


def _joined(segments: Iterator[Segment]) -> Iterator[Segment]:
    """The segments, neighbours of one step in one."""
    last: Segment | None = None
    for segment in segments:
        if last is not None and last.step is not None and last.step == segment.step:
            last = replace(last, end_seconds=segment.end_seconds)
            continue
        if last is not None:
            yield last
        last = segment
    if last is not None:
        yield last


def _share(path: CriticalPath, seconds: float) -> str:
    return format_percent(seconds / path.elapsed_seconds) if path.elapsed_seconds > 0 else ""
