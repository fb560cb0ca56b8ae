"""Lines as JSON: `lines[]` with `points[]` and `changes[]`; values in seconds, bytes or a count, as `metric` says."""

from __future__ import annotations

import json

from layerbench.analysis.trend.models import LevelChange, Line, Point
from layerbench.report.trend.apart import told_apart


def render(lines: tuple[Line, ...]) -> str:
    """All lines as one object."""
    apart = told_apart(lines)
    return json.dumps({"lines": [_line(line, apart.get(line.key)) for line in lines]}, indent=2) + "\n"


def _line(line: Line, apart: str | None) -> dict[str, object]:
    key = line.key
    return {
        "bench": key.bench,
        "variant": key.variant,
        "scenario": key.scenario,
        "metric": key.metric,
        "definition": key.definition,
        "conditions": key.conditions,
        "told_apart_by": apart,
        "points": [_point(point) for point in line.points],
        "changes": [_change(line, change) for change in line.changes],
    }


def _point(point: Point) -> dict[str, object]:
    entry = point.entry
    return {
        "commit": entry.commit,
        "branch": entry.branch,
        "is_dirty": entry.is_dirty,
        "committed_at": entry.committed_at,
        "started_at": entry.started_at,
        "value": point.value,
        "low": point.low,
        "high": point.high,
        "builds": point.count,
    }


def _change(line: Line, change: LevelChange) -> dict[str, object]:
    entry = line.points[change.position].entry
    return {
        "position": change.position,
        "commit": entry.commit,
        "started_at": entry.started_at,
        "before": change.before,
        "after": change.after,
        "ratio": change.ratio,
        "cause": change.cause,
    }
