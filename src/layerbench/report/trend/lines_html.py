"""Lines as one self-contained page."""

from __future__ import annotations

from layerbench.analysis.trend.models import Line, is_worse
from layerbench.report.printable import printable
from layerbench.report.trend.chart import HEIGHT, WIDTH, draw
from layerbench.report.trend.words import (
    METRIC_NAMES,
    change_text,
    figure_text,
    place_text,
    summary,
)

_MOST_ROWS = 200
"""Of each line's table; the page says so, and the CSV has them all."""


def render(lines: tuple[Line, ...]) -> str:
    """The page: a picture and a table a line, those that moved first."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("layerbench.report.trend"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = printable
    template = environment.get_template("trend.html.j2")
    return template.render(
        title=", ".join(dict.fromkeys(line.key.bench for line in lines)),
        summary=summary(lines),
        lines=[_line(number, line) for number, line in enumerate(lines, start=1)],
        width=WIDTH,
        height=HEIGHT,
    )


def _line(number: int, line: Line) -> dict[str, object]:
    key, metric = line.key, line.key.metric
    return {
        "id": f"line-{number}",
        "name": f"{key.variant}, {key.scenario}: {METRIC_NAMES[metric]}",
        "conditions": key.conditions,
        "chart": draw(line),
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
        "titles": _titles(line),
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


def _titles(line: Line) -> dict[int, str]:
    """What a dot says when it is pointed at."""
    return {
        at: f"{place_text(point.entry)}: {figure_text(point.value, line.key.metric)}"
        for at, point in enumerate(line.points)
    }
