"""Single pictures that stand alone, such as in a README."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from layerbench.analysis.figures import scenario_tables
from layerbench.analysis.selection import select
from layerbench.errors import UsageError
from layerbench.report.html.image_views import layer_bars, representative_builds
from layerbench.report.html.round_views import rounds_charts
from layerbench.report.html.timeline_views import median_build
from layerbench.report.step_rows import titled_step_tables
from layerbench.report.svg.bars import draw_bars
from layerbench.report.svg.chart import Chart
from layerbench.report.svg.elements import element, escaped, text
from layerbench.report.svg.steps import draw_steps
from layerbench.report.svg.styles import STYLES
from layerbench.report.svg.timeline import draw_legend, draw_timeline
from layerbench.report.svg.timeline_spans import lay_out
from layerbench.results.models import Build, Result

if TYPE_CHECKING:
    from layerbench.report.interface import ChartName, Options

_WIDTH = 860
_MARGIN = 20
_TITLE_HEIGHT = 46
_BETWEEN = 34


def render(result: Result, options: Options) -> str:
    """The picture that `options.chart` names; see `layerbench.report.interface.Reporter`.

    Raises:
        UsageError: the result has nothing to draw there.
    """
    return stand_alone(*_charts(result, options.chart))


def stand_alone(title: str, charts: list[Chart]) -> str:
    """Charts below each other as a file of their own: white, with fonts that every machine has one of."""
    placed = []
    has_several = sum(bool(chart.title) for chart in charts) > 1
    top = float(_TITLE_HEIGHT)
    for chart in charts:
        if has_several and chart.title:
            placed.append(text(chart.title, _MARGIN, top + 4, "sub"))
            top += 14
        placed.append(
            element(
                "svg",
                chart.content,
                x=_MARGIN,
                y=top,
                width=_WIDTH - 2 * _MARGIN,
                height=chart.height,
                class_="chart",
                overflow="visible",
            )
        )
        top += chart.height + _BETWEEN
    height = top - _BETWEEN + _MARGIN
    said = " ".join(
        f"{chart.title}: {chart.description}." if chart.title else f"{chart.description}." for chart in charts
    )
    body = element(
        "svg",
        element("title", escaped(title), id="title"),
        element("desc", escaped(said), id="desc"),
        f"<style>{STYLES}</style>",
        _patterns(),
        element("rect", width="100%", height="100%", class_="paper"),
        text(title, _MARGIN, 28, "title"),
        *placed,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {height:g}",
        width=_WIDTH,
        height=height,
        role="img",
        aria_labelledby="title desc",
    )
    return f"{body}\n"


def _charts(result: Result, name: ChartName) -> tuple[str, list[Chart]]:
    drawing: dict[ChartName, Callable[[Result], tuple[str, list[Chart]]]] = {
        "sizes": _sizes,
        "times": _times,
        "steps": _steps,
        "timeline": _timeline,
    }
    title, charts = drawing[name](result)
    if not charts:
        raise UsageError(f"the result has nothing to draw as {name}: no build that counts has such figures")
    return title, charts


def _sizes(result: Result) -> tuple[str, list[Chart]]:
    rows = layer_bars(result, representative_builds(result))
    title = f"{result.bench.name}: compressed bytes by layer"
    return title, [draw_bars(rows, title)] if rows else []


def _times(result: Result) -> tuple[str, list[Chart]]:
    charts = [one.chart for one in rounds_charts(result, scenario_tables(result))]
    return f"{result.bench.name}: wall time of every build", charts


def _steps(result: Result) -> tuple[str, list[Chart]]:
    tables = list(titled_step_tables(result))
    longest = max(
        (cell.seconds.median for _, table in tables for row in table.rows for cell in row.cells if cell.seconds),
        default=0.0,
    )
    charts = [draw_steps(table, title, longest) for title, table in tables if table.rows]
    return f"{result.bench.name}: steps, cached or seconds", charts


def _timeline(result: Result) -> tuple[str, list[Chart]]:
    """The first build that there is: of one variant and scenario the median one."""
    if not result.builds:
        return "", []
    first = result.builds[0]
    builds: list[Build] = list(select(result, [first.variant], [first.scenario]).builds)
    build = median_build(builds)
    title = f"{build.variant}, {build.scenario}, round {build.round}"
    timeline = lay_out(build)
    return f"{result.bench.name}: {title}", [draw_timeline(timeline, title), draw_legend(timeline)]


def _patterns() -> str:
    return (
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#c9cdd2"/><line x1="0" y1="0" x2="0" y2="6" stroke="#8d959e"'
        ' stroke-width="2"/></pattern></defs>'
    )
