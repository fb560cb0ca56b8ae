"""Figures, moments and level changes in words, the same in every format."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from layerbench.analysis.trend.models import Entry, LevelChange, Line, TrendMetric
from layerbench.units import format_bytes, format_bytes_delta, format_percent, format_seconds

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=+*#@"
METRIC_NAMES: dict[str, str] = {
    "seconds": "time",
    "compressed_bytes": "compressed",
    "uncompressed_bytes": "uncompressed",
    "redeploy_bytes": "redeploy",
    "waste_bytes": "waste",
    "layers": "layers",
    "cached_steps": "cached steps",
}


def figure_text(value: float, metric: TrendMetric) -> str:
    """A figure with its unit."""
    if metric == "seconds":
        return format_seconds(value)
    if metric in ("layers", "cached_steps"):
        return f"{value:g}"
    return format_bytes(value)


def change_text(change: LevelChange, metric: TrendMetric) -> str:
    """How far a level moved: `+2.2 MB (+21%)`."""
    delta = change.after - change.before
    if metric == "seconds":
        amount = f"{'+' if delta > 0 else '-'}{format_seconds(abs(delta))}"
    elif metric in ("layers", "cached_steps"):
        amount = f"{delta:+g}"
    else:
        amount = format_bytes_delta(round(delta))
    if change.ratio is None:
        return amount
    share = change.ratio - 1
    return f"{amount} ({'+' if share > 0 else ''}{format_percent(share)})"


def moment_text(entry: Entry) -> str:
    """The day that a run belongs to."""
    return (entry.committed_at or entry.started_at)[:10]


def place_text(entry: Entry) -> str:
    """Commit and day: `1a2b3c4d5e (2026-11-20)`; a run of no commit is told by its time."""
    return entry.label if entry.commit is None else f"{entry.label} ({moment_text(entry)})"


def bench_names(lines: Sequence[Line]) -> list[str]:
    """The benches of some lines, each once."""
    return list(dict.fromkeys(line.key.bench for line in lines))


def sentence(line: Line, change: LevelChange) -> str:
    """A level change as a clause: `1a2b3c4d5e (2026-11-20): 10.2 MB -> 12.4 MB, +2.2 MB (+21%): numpy added`."""
    metric = line.key.metric
    text = (
        f"{place_text(line.points[change.position].entry)}: {figure_text(change.before, metric)} -> "
        f"{figure_text(change.after, metric)}, {change_text(change, metric)}"
    )
    return f"{text}: {change.cause}" if change.cause else text


def spark_text(line: Line, width: int, *, ascii_only: bool) -> str:
    """The line as a row of bars between its lowest and its highest value, the newest at the right."""
    bars = _ASCII_BARS if ascii_only else _BARS
    values = [point.value for point in line.points]
    low, high = min(values), max(values)
    count = min(width, len(values))
    if high == low:
        return bars[0] * count
    buckets = [values[len(values) * at // count : len(values) * (at + 1) // count] for at in range(count)]
    return "".join(bars[round((median(bucket) - low) / (high - low) * (len(bars) - 1))] for bucket in buckets)


def summary(lines: tuple[Line, ...]) -> str:
    """How many lines there are, and how many moved."""
    moved = sum(bool(line.changes) for line in lines)
    entries = {point.entry.digest for line in lines for point in line.points}
    runs = f"{len(entries)} run{'' if len(entries) == 1 else 's'}"
    if not moved:
        return f"{runs}: no level changed in {len(lines)} line{'' if len(lines) == 1 else 's'}."
    return f"{runs}: the level changed in {moved} of {len(lines)} line{'' if len(lines) == 1 else 's'}."
