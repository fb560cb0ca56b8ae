"""One row a point (RFC 4180), with a header line; values in seconds, bytes or a count, as `metric` says."""

from __future__ import annotations

import csv
import io

from layerbench.analysis.trend.models import Line
from layerbench.report.printable import printable

COLUMNS = (
    "bench",
    "variant",
    "scenario",
    "metric",
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
        names = [printable(name) for name in (key.bench, key.variant, key.scenario, key.metric, key.conditions)]
        changed = {change.position for change in line.changes}
        for at, point in enumerate(line.points):
            entry = point.entry
            writer.writerow(
                [
                    *names,
                    entry.commit or "",
                    printable(entry.branch or ""),
                    "" if entry.is_dirty is None else str(entry.is_dirty).lower(),
                    entry.committed_at or "",
                    entry.started_at,
                    f"{point.value:g}" if key.metric == "seconds" else round(point.value),
                    f"{point.low:g}" if key.metric == "seconds" else round(point.low),
                    f"{point.high:g}" if key.metric == "seconds" else round(point.high),
                    point.count,
                    str(at in changed).lower(),
                ]
            )
    return text.getvalue()
