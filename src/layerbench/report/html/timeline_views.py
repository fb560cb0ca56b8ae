"""A timeline of each build with its table, one of which is looked at first."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layerbench.analysis.critical_path.choose import choose
from layerbench.analysis.figures import failure_reason
from layerbench.report.critical_path.words import NO_TIMES
from layerbench.report.html.overview import anchors
from layerbench.report.step_rows import instruction_text, line_text
from layerbench.report.svg.chart import Chart
from layerbench.report.svg.timeline import draw_timeline
from layerbench.report.svg.timeline_spans import BUILD_LANE, Timeline, lay_out, step_kind
from layerbench.results.models import Build, Result
from layerbench.units import format_seconds

_MOST_BUILDS = 1000
"""Of a result with more, each variant and scenario has the timeline of its median build only."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A step, or a stretch that is none."""

    what: str
    whole: str
    stage: str
    line: str
    state: str
    start: str
    seconds: str
    slack: str
    """`critical` on the critical path."""
    class_: str


@dataclass(frozen=True, slots=True)
class TimelineView:
    """A build."""

    key: str
    name: str
    chart: Chart
    seconds: float
    rows: tuple[TimelineRow, ...]
    problem: str
    note: str
    """Why there is no critical path; empty where there is one."""
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildChoice:
    """A build among those to choose from: its round, and how it ended."""

    round: int
    text: str


@dataclass(frozen=True, slots=True)
class TimelineSection:
    """The section: what stands in it, and all builds to choose from by variant and scenario."""

    shown: tuple[str, ...]
    """Keys of the builds that are looked at first."""
    choices: tuple[tuple[str, tuple[tuple[str, str, tuple[BuildChoice, ...], int], ...]], ...]
    """By variant: scenario, anchor, builds, and the round of the median one, which a link leads to."""
    is_cut: bool
    """Whether not every build has one."""


def build_key(build: Build, places: dict[tuple[str, str], str]) -> str:
    """What a build is called in the page."""
    return f"{places[build.variant, build.scenario]}-{build.round}"


def timeline_section(result: Result, looked_at: Sequence[tuple[str, str]]) -> tuple[TimelineSection, tuple[Build, ...]]:
    """The section, and the builds that have a timeline."""
    places = anchors(result)
    grouped: defaultdict[str, defaultdict[str, list[Build]]] = defaultdict(lambda: defaultdict(list))
    for build in result.builds:
        if build.steps or build.wall_seconds is not None:
            grouped[build.variant][build.scenario].append(build)
    is_cut = len(result.builds) > _MOST_BUILDS
    choices, kept = [], []
    variants = dict.fromkeys((*(one.name for one in result.bench.variants), *grouped))
    scenarios = [one.name for one in result.bench.scenarios]
    for variant in variants:
        of_variant = []
        names = dict.fromkeys((*(name for name in scenarios if name in grouped[variant]), *grouped[variant]))
        for scenario in names:
            builds = sorted(grouped[variant][scenario], key=lambda one: one.round)
            builds = [median_build(builds)] if is_cut else builds
            kept += builds
            rounds = tuple(BuildChoice(one.round, _outcome(one)) for one in builds)
            of_variant.append((scenario, places[variant, scenario], rounds, median_build(builds).round))
        if of_variant:
            choices.append((variant, tuple(of_variant)))
    first = [
        build_key(median_build(grouped[variant][scenario]), places)
        for variant, scenario in looked_at
        if variant in grouped and grouped[variant].get(scenario)
    ]
    if not first and choices:
        candidates = [median_build(grouped[variant][of_variant[0][0]]) for variant, of_variant in choices]
        # The one with the most stages has the most to show.
        telling = max(candidates, key=lambda one: len({(step.platform, step.stage) for step in one.steps}))
        first = [build_key(telling, places)]
    return TimelineSection(tuple(dict.fromkeys(first)), tuple(choices), is_cut), tuple(kept)


def median_build(builds: Sequence[Build]) -> Build:
    """The build that stands for several; see `layerbench.analysis.critical_path.choose`."""
    chosen = choose(builds)
    assert chosen is not None  # noqa: S101 - there is a build
    return chosen.build


def timeline_views(builds: Iterable[Build], places: dict[tuple[str, str], str]) -> Iterable[TimelineView]:
    """The builds, drawn one after the other."""
    for build in builds:
        timeline = lay_out(build)
        name = f"{build.variant}, {build.scenario}, round {build.round}"
        yield TimelineView(
            key=build_key(build, places),
            name=f"{name}: {_outcome(build)}",
            chart=draw_timeline(timeline, f"Timeline of {name}"),
            seconds=timeline.duration_seconds,
            rows=_rows(build, timeline),
            problem=_problem(build),
            note="" if timeline.path else f"{NO_TIMES[:1].upper()}{NO_TIMES[1:]}.",
            log=build.error.log_tail if build.error else (),
        )


def _outcome(build: Build) -> str:
    if build.outcome != "built":
        return "FAILED" if build.outcome == "failed" else "cut off"
    seconds = format_seconds(build.wall_seconds) if build.wall_seconds is not None else "no time"
    return f"{seconds}, invalid" if build.invalid else seconds


def _problem(build: Build) -> str:
    if build.outcome == "failed":
        return f"This build failed: {failure_reason(build)}"
    if build.outcome == "cancelled":
        return "This build was cut off."
    return f"This build enters no figure: {build.invalid}" if build.invalid else ""


def _rows(build: Build, timeline: Timeline) -> tuple[TimelineRow, ...]:
    critical = {part.step for part in timeline.path if part.end_seconds - part.start_seconds > 0}
    rows: list[tuple[float, TimelineRow]] = []
    for span in timeline.spans:
        seconds = format_seconds(span.end_seconds - span.start_seconds)
        if span.step is None:
            row = TimelineRow(
                span.label, "", BUILD_LANE, "", "", format_seconds(span.start_seconds), seconds, "", f"s-{span.kind}"
            )
        else:
            row = _step_row(build, timeline, span.step, format_seconds(span.start_seconds), seconds, critical)
        rows.append((span.start_seconds, row))
    drawn = {span.step for span in timeline.spans}
    for position, step in enumerate(build.steps):
        # A step that is in no lane, because nobody knows when it began, may still have taken a known time.
        if position not in drawn and step.seconds is not None:
            seconds = format_seconds(step.seconds)
            rows.append((math.inf, _step_row(build, timeline, position, "", seconds, critical)))
    return tuple(row for _, row in sorted(rows, key=lambda pair: pair[0]))


def _step_row(
    build: Build, timeline: Timeline, position: int, start: str, seconds: str, critical: set[int | None]
) -> TimelineRow:
    step = build.steps[position]
    kind = step_kind(build, position)
    state = {"ran": "ran", "cached": "cached", "source": "base image", "failed": "FAILED"}[kind]
    text = instruction_text(step.instruction)
    slack = timeline.slack_seconds.get(position)
    if position in critical:
        slack_text = "critical"
    else:
        slack_text = format_seconds(slack) if slack is not None and slack > 0 and kind != "cached" else ""
    return TimelineRow(
        what=text,
        whole=step.instruction if text != step.instruction else "",
        stage=" ".join(part for part in (step.platform, step.stage) if part),
        line=line_text(step.line_start, step.line_end),
        state=state,
        start=start,
        seconds="" if kind == "cached" else seconds,
        slack=slack_text,
        class_=f"s-{kind}",
    )
