"""Every single build: as dots, and in a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from layerbench.analysis.figures import ScenarioTable, failure_reason
from layerbench.analysis.stats import Spread
from layerbench.analysis.steps import is_valid
from layerbench.report.cells import status
from layerbench.report.html.overview import anchors
from layerbench.report.html.timeline_views import build_key
from layerbench.report.svg.chart import Chart
from layerbench.report.svg.dots import Dot, DotRow, draw_dots
from layerbench.results.models import Build, Result
from layerbench.units import format_bytes, format_seconds

_LEAST_ROUNDS = 5
"""Quartiles of fewer rounds say nothing about what lies far out."""
_FENCE = 1.5
"""Interquartile ranges beyond the quartiles from which on a measurement is an outlier (Tukey, "Exploratory Data
Analysis", 1977)."""
_LEAST_SHARE = 0.05
"""Nearer to the median than that, nobody needs to hear of it: quartiles of steady rounds lie close together."""


@dataclass(frozen=True, slots=True)
class RoundsChart:
    """A scenario."""

    scenario: str
    description: str
    chart: Chart
    outliers: tuple[str, ...]
    """Each named in a sentence."""


@dataclass(frozen=True, slots=True)
class BuildRow:
    """A build in the table."""

    key: str
    anchor: str
    """Of its variant and scenario, on the first of their builds; else empty."""
    variant: str
    scenario: str
    round: int
    outcome: str
    time: str
    seconds: float | None
    export: str
    context: str
    steps: str
    note: str
    is_bad: bool


def rounds_charts(result: Result, tables: Sequence[ScenarioTable]) -> tuple[RoundsChart, ...]:
    """A chart a scenario, on a scale of its own."""
    builds: defaultdict[tuple[str, str], list[Build]] = defaultdict(list)
    for build in result.builds:
        if is_valid(build) and build.wall_seconds is not None:
            builds[build.variant, build.scenario].append(build)
    charts = []
    for table in tables:
        rows, outliers = [], []
        for row in table.rows:
            dots = tuple(
                Dot(build.wall_seconds or 0.0, build.round, is_outlier(build.wall_seconds or 0.0, row.wall_seconds))
                for build in builds[row.variant, table.scenario]
            )
            median = row.wall_seconds.median if row.wall_seconds else None
            rows.append(DotRow(row.variant, dots, median, "" if dots else status(row)))
            outliers += [
                f"{row.variant}: round {dot.round} took {format_seconds(dot.seconds)}, far from the others"
                f" (median {format_seconds(median or 0.0)})"
                for dot in dots
                if dot.is_outlier
            ]
        chart = draw_dots(rows, f"Rounds in {table.scenario}")
        charts.append(RoundsChart(table.scenario, table.description or "", chart, tuple(outliers)))
    return tuple(charts)


def is_outlier(seconds: float, spread: Spread | None) -> bool:
    """Whether a measurement lies far out among its like."""
    if spread is None or spread.count < _LEAST_ROUNDS or abs(seconds - spread.median) < _LEAST_SHARE * spread.median:
        return False
    reach = _FENCE * spread.interquartile_range
    return seconds < spread.quartile_low - reach or seconds > spread.quartile_high + reach


def build_rows(result: Result) -> tuple[BuildRow, ...]:
    """All builds, by variant and scenario in the bench file's order."""
    places = anchors(result)
    order = {place: at for at, place in enumerate(places.values())}
    seen: set[str] = set()
    rows = []
    for build in sorted(result.builds, key=lambda one: (order[places[one.variant, one.scenario]], one.round)):
        place = places[build.variant, build.scenario]
        rows.append(_row(build, build_key(build, places), "" if place in seen else place))
        seen.add(place)
    return tuple(rows)


def _row(build: Build, key: str, anchor: str) -> BuildRow:
    counted = [step.cached for step in build.steps if step.cached is not None]
    note = failure_reason(build) if build.outcome == "failed" else build.invalid or ""
    return BuildRow(
        key=key,
        anchor=anchor,
        variant=build.variant,
        scenario=build.scenario,
        round=build.round,
        outcome="invalid"
        if build.invalid
        else {"failed": "FAILED", "cancelled": "cut off"}.get(build.outcome, "built"),
        time=format_seconds(build.wall_seconds) if build.wall_seconds is not None else "",
        seconds=build.wall_seconds,
        export=format_seconds(build.export_seconds) if build.export_seconds is not None else "",
        context=format_bytes(build.context_bytes) if build.context_bytes is not None else "",
        steps=f"{sum(counted)}/{len(counted)}" if counted and is_valid(build) else "",
        note=note,
        is_bad=build.outcome == "failed" or bool(build.invalid),
    )
