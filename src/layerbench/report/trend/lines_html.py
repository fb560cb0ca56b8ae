"""Lines as one self-contained page."""

from __future__ import annotations

from layerbench.analysis.trend.models import Line, is_worse
from layerbench.report.trend.apart import told_apart
from layerbench.report.trend.chart import HEIGHT, WIDTH, draw
from layerbench.report.trend.words import (
    METRIC_NAMES,
    bench_names,
    change_text,
    figure_text,
    place_text,
    summary,
)
from layerbench.report.web_pages import asset, content_policy, environment, markup

_PACKAGE = "layerbench.report.trend"
_MOST_ROWS = 200
"""Of each line's table; the page says so, and the CSV has them all."""


def render(lines: tuple[Line, ...]) -> str:
    """The page: a picture and a table a line, those that moved first."""
    benches, apart = bench_names(lines), told_apart(lines)
    style = asset(_PACKAGE, "trend.css")
    template = environment(_PACKAGE).get_template("trend.html.j2")
    return template.render(
        style=markup(style),
        policy=content_policy(style),
        title=", ".join(benches),
        summary=summary(lines),
        lines=[
            _line(number, line, f"{line.key.bench}: " if len(benches) > 1 else "", apart.get(line.key, ""))
            for number, line in enumerate(lines, start=1)
        ],
        width=WIDTH,
        height=HEIGHT,
    )


def _line(number: int, line: Line, bench: str, apart: str) -> dict[str, object]:
    key, metric = line.key, line.key.metric
    chart = draw(line)
    return {
        "id": f"line-{number}",
        "name": f"{bench}{key.variant}, {key.scenario}: {METRIC_NAMES[metric]}",
        "apart": apart,
        "conditions": key.conditions,
        "chart": chart,
        "first": figure_text(line.points[0].value, metric),
        "last": figure_text(line.points[-1].value, metric),
        "count": len(line.points),
        "changes": [
            {
                "place": place_text(line.points[change.position].entry),
                "before": figure_text(change.before, metric),
                "after": figure_text(change.after, metric),
                "change": change_text(change, metric),
                "cause": change.cause or "",
                "is_worse": is_worse(metric, change),
            }
            for change in line.changes
        ],
        "rows": [_row(line, at) for at in range(max(0, len(line.points) - _MOST_ROWS), len(line.points))],
        "left_out": max(0, len(line.points) - _MOST_ROWS),
        "titles": {at: _title(line, at) for _, _, at in chart.dots},
    }


def _row(line: Line, at: int) -> dict[str, str]:
    point = line.points[at]
    metric = line.key.metric
    return {
        "commit": place_text(point.entry),
        "branch": point.entry.branch or "",
        "value": figure_text(point.value, metric),
        "low": figure_text(point.low, metric),
        "high": figure_text(point.high, metric),
        "builds": str(point.count),
    }


def _title(line: Line, at: int) -> str:
    """What a dot says when it is pointed at."""
    point = line.points[at]
    return f"{place_text(point.entry)}: {figure_text(point.value, line.key.metric)}"
