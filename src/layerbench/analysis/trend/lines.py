"""From points to lines with their level changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from layerbench.analysis.trend.levels import exact_changes, level_bounds, noisy_changes
from layerbench.analysis.trend.models import LevelChange, Line, LineKey, Point

_COLD = "cold"
_IMAGE_METRICS = ("compressed_bytes", "uncompressed_bytes", "waste_bytes", "layers")
_TOLERANCE_BYTES = {"compressed_bytes": 10_000.0, "redeploy_bytes": 10_000.0}
"""The time stamps in a layer, which differ from run to run, make compressed bytes differ by less, with nothing changed.
The uncompressed bytes beside them are exact."""


def make_lines(points: Mapping[LineKey, Sequence[Point]]) -> tuple[Line, ...]:
    """A line for each key; points are taken as they come, oldest first."""
    return tuple(Line(key, tuple(its), level_changes(key, its)) for key, its in points.items() if its)


def level_changes(key: LineKey, points: Sequence[Point]) -> tuple[LevelChange, ...]:
    """Where a line's level changed: bytes, steps and layers at any other number, times where noise is no reason."""
    values = [point.value for point in points]
    if key.metric == "seconds":
        changes = noisy_changes(values)
    else:
        changes = exact_changes(values, _TOLERANCE_BYTES.get(key.metric, 0))
    levels = [median(values[begin:end]) for begin, end in level_bounds(changes, len(values))]
    return tuple(
        LevelChange(at, before, after) for at, before, after in zip(changes, levels[:-1], levels[1:], strict=True)
    )


def once_an_image(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines without those that say the same again: of an image's own figures, one scenario's stand for a variant.

    That is the scenario that was measured last, and of several the cold one: the images of the others differ from it by
    their edits only.
    """
    found = list(lines)
    chosen: dict[tuple[str, str], str] = {}
    for line in sorted(found, key=lambda one: (_newest(one), one.key.scenario == _COLD)):
        if line.key.metric in _IMAGE_METRICS:
            chosen[line.key.bench, line.key.variant] = line.key.scenario
    return tuple(
        line
        for line in found
        if line.key.metric not in _IMAGE_METRICS or line.key.scenario == chosen[line.key.bench, line.key.variant]
    )


def most_telling_first(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines whose level changed come first, those that moved by most before the others; the rest as they were."""
    return tuple(sorted(lines, key=lambda line: -_move(line)))


def _move(line: Line) -> float:
    """The largest change of a line as a factor; from or to nothing is more than any."""
    factors = (
        max(change.after / change.before, change.before / change.after)
        if change.before > 0 and change.after > 0
        else math.inf
        for change in line.changes
    )
    return max(factors, default=0.0)


def _newest(line: Line) -> str:
    entry = line.points[-1].entry
    return entry.committed_at or entry.started_at
