"""One row a point (RFC 4180), with a header line; values in seconds, bytes or a count, as `metric` says."""

from __future__ import annotations

import csv
import io

from layerbench.analysis.trend.models import Entry, Line, TrendMetric
from layerbench.report.printable import printable

COLUMNS = (
    "bench",
    "variant",
    "scenario",
    "metric",
    "definition",
    "conditions",
    "commit",
    "branch",
    "is_dirty",
    "committed_at",
    "started_at",
    "value",
    "low",
    "high",
    "builds",
    "level_changed",
)


def render(lines: tuple[Line, ...]) -> str:
    """The points of all lines."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        key = line.key
        names = (key.bench, key.variant, key.scenario, key.metric, key.definition, key.conditions)
        shown = [printable(name) for name in names]
        changed = {change.position for change in line.changes}
        for at, point in enumerate(line.points):
            writer.writerow(
                [
                    *shown,
                    *map(printable, _words(point.entry)),
                    *(_number(value, key.metric) for value in (point.value, point.low, point.high)),
                    point.count,
                    str(at in changed).lower(),
                ]
            )
    return text.getvalue()


def _words(entry: Entry) -> tuple[str, ...]:
    return (
        entry.commit or "",
        entry.branch or "",
        "" if entry.is_dirty is None else str(entry.is_dirty).lower(),
        entry.committed_at or "",
        entry.started_at,
    )


def _number(value: float, metric: TrendMetric) -> str:
    return f"{value:g}" if metric == "seconds" else str(round(value))
