"""What tells lines of one figure apart: their definition in the bench file, or what they were measured with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from layerbench.analysis.trend.models import Line, LineKey
from layerbench.report.trend.words import moment_text

_BETWEEN = "; "
"""Stands between the parts of a line's conditions."""


def told_apart(lines: Sequence[Line]) -> dict[LineKey, str]:
    """A clause for each line that has the same names as another one, with what differs; the others are left out."""
    alike: defaultdict[tuple[str, ...], list[Line]] = defaultdict(list)
    for line in lines:
        key = line.key
        alike[key.bench, key.variant, key.scenario, key.metric].append(line)
    return {key: text for group in alike.values() if len(group) > 1 for key, text in _clauses(group)}


def _clauses(group: Sequence[Line]) -> Iterator[tuple[LineKey, str]]:
    latest = max(group, key=_newest).key.definition
    has_definitions = len({line.key.definition for line in group}) > 1
    parts = [set(_parts(line)) for line in group]
    shared = set.intersection(*parts)
    has_conditions = any(one != shared for one in parts)
    for line in group:
        told = []
        if has_definitions:
            told.append(_definition(line, is_latest=line.key.definition == latest))
        if has_conditions:
            own = [part for part in _parts(line) if part not in shared]
            told.append(_BETWEEN.join(own) or line.key.conditions)
        yield line.key, _BETWEEN.join(told)


def _parts(line: Line) -> list[str]:
    return line.key.conditions.split(_BETWEEN)


def _definition(line: Line, *, is_latest: bool) -> str:
    if is_latest:
        return f"since {moment_text(line.points[0].entry)}, the newest definition in the bench file"
    return f"until {moment_text(line.points[-1].entry)}, an earlier definition in the bench file"


def _newest(line: Line) -> str:
    # As the history orders them, to the day; of one day, by when they were measured.
    entry = line.points[-1].entry
    return f"{moment_text(entry)} {entry.started_at}"
