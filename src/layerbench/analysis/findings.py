"""The strongest differences in a run, as sentences that a person can quote.

A difference in time is stated only where the ranges of the two variants do not touch, with both figures. Below five
rounds the sentence says what was measured (past tense, number of rounds) and claims nothing beyond it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from layerbench.analysis.causes import Cause, explain, find_causes, steps_that_ran
from layerbench.analysis.figures import ScenarioTable, VariantFigures, scenario_tables
from layerbench.analysis.size_findings import size_finding
from layerbench.analysis.stats import Spread
from layerbench.analysis.wording import join_words, scenario_phrase
from layerbench.results.models import Build, Result
from layerbench.units import format_percent, format_ratio, format_seconds

MOST_FINDINGS = 3
ROUNDS_TO_CLAIM = 5
"""Below this number of rounds nothing is claimed beyond what was measured."""

_LEAST_RATIO = 1.1
_LEAST_RATIO_OF_ONE_ROUND = 1.25
_LEAST_SECONDS = 0.05
_WHOLE_WEIGHT_SECONDS = 1.0
_KIND_WEIGHT = {"edit": 1.0, "cold": 0.7, "warm": 0.5}
_SAME_RATIO, _SAME_RATIO_IN_SPREAD = 1.05, 1.1

Builds = Mapping[tuple[str, str], Sequence[Build]]


@dataclass(frozen=True, slots=True)
class _Timed:
    """A variant whose time is known."""

    variant: str
    seconds: Spread


@dataclass(frozen=True, slots=True)
class _Finding:
    strength: float
    topic: tuple[str, ...]
    """Of several findings on one topic, only the strongest is told."""
    sentence: str


def findings(result: Result, tables: Sequence[ScenarioTable] | None = None) -> tuple[str, ...]:
    """At most three sentences, the strongest difference in time first, that in size last; none where none was seen.

    `tables` are the result's scenario tables, for a caller that has them at hand.
    """
    tables = scenario_tables(result) if tables is None else tables
    builds: defaultdict[tuple[str, str], list[Build]] = defaultdict(list)
    for build in result.builds:
        builds[build.scenario, build.variant].append(build)
    measured = {row.variant for table in tables for row in table.rows if row.wall_seconds}
    if len(measured) == 1:
        return _of_one_variant(tables, builds)
    size = size_finding(tables, builds)
    found = [finding for table in tables if (finding := _time_finding(table, builds)) is not None]
    times = _strongest(found, MOST_FINDINGS - (size is not None))
    if not times and (level := _no_difference(tables)):
        times = (level,)
    return (*times, size) if size else times


def _strongest(found: Sequence[_Finding], most: int) -> tuple[str, ...]:
    by_topic: dict[tuple[str, ...], _Finding] = {}
    for finding in sorted(found, key=lambda one: one.strength, reverse=True):
        by_topic.setdefault(finding.topic, finding)
    return tuple(finding.sentence for finding in list(by_topic.values())[:most])


def _timed(table: ScenarioTable) -> list[_Timed]:
    """Variants to compare: an image that does not work is no feat, however quickly it was built."""
    return [_Timed(row.variant, row.wall_seconds) for row in table.rows if row.wall_seconds and row.works is not False]


def _time_finding(table: ScenarioTable, builds: Builds) -> _Finding | None:
    pair = _pair(_timed(table))
    if pair is None:
        return None
    fast, slow = pair
    difference = slow.seconds.median - fast.seconds.median
    slow_builds, fast_builds = builds[table.scenario, slow.variant], builds[table.scenario, fast.variant]
    causes = find_causes(slow_builds, fast_builds, difference)
    if not causes and min(fast.seconds.count, slow.seconds.count) < 2:
        return None  # one measurement a side, and no step that would account for it: the machine's noise, like as not
    weight = min(1.0, difference / _WHOLE_WEIGHT_SECONDS) * _KIND_WEIGHT[table.kind]
    return _Finding(
        strength=math.log2(slow.seconds.median / fast.seconds.median) * weight,
        topic=(slow.variant, *(cause.label for cause in causes)),
        sentence=_comparison(table, fast, slow, causes),
    )


def _pair(rows: Sequence[_Timed]) -> tuple[_Timed, _Timed] | None:
    """The fastest and the slowest variant that differ; of those as fast or slow as it, the first in the bench file."""
    if len(rows) < 2:
        return None
    best = min(rows, key=lambda row: row.seconds.median)
    apart = [row for row in rows if _differ(best.seconds, row.seconds)]
    if not apart:
        return None
    worst = max(apart, key=lambda row: row.seconds.median)
    slow = next(row for row in apart if _is_level(row.seconds, worst.seconds))
    fast = next(row for row in rows if _is_level(row.seconds, best.seconds) and row not in apart)
    return (fast, slow) if _differ(fast.seconds, slow.seconds) else (best, worst)


def _differ(low: Spread, high: Spread) -> bool:
    if low.median <= 0 or low.overlaps(high):
        return False
    rounds = min(low.count, high.count)
    least_ratio = _LEAST_RATIO if rounds > 1 else _LEAST_RATIO_OF_ONE_ROUND
    return high.median >= low.median * least_ratio and high.median - low.median >= _LEAST_SECONDS


def _is_level(one: Spread, other: Spread) -> bool:
    low, high = sorted((one.median, other.median))
    return high <= low * (_SAME_RATIO_IN_SPREAD if one.overlaps(other) else _SAME_RATIO)


def _comparison(table: ScenarioTable, fast: _Timed, slow: _Timed, causes: Sequence[Cause]) -> str:
    rounds = min(fast.seconds.count, slow.seconds.count)
    past = rounds < ROUNDS_TO_CLAIM
    fast_text, slow_text = format_seconds(fast.seconds.median), format_seconds(slow.seconds.median)
    cause = explain(causes, slow.variant, fast.variant, again=table.kind != "cold", past=past)
    phrase = scenario_phrase(table)
    if rounds < 2:
        return (
            f"{phrase}, {fast.variant} took {fast_text} and {slow.variant} {slow_text}"
            f" in the one round that was measured{cause}."
        )
    verb = "build" if table.kind == "cold" else "rebuild"
    verb = (f"{verb}ed" if past else f"{verb}s").replace("builded", "built")
    ratio = _short_ratio(slow.seconds.median / fast.seconds.median)
    return (
        f"{phrase}, {fast.variant} {verb} {ratio} faster than {slow.variant}"
        f" ({fast_text} against {slow_text}, {'medians of ' if past else 'over '}{rounds} rounds){cause}."
    )


def _short_ratio(ratio: float) -> str:
    return f"{ratio:.1f}x" if 2 <= ratio < 10 else format_ratio(ratio)


def _no_difference(tables: Sequence[ScenarioTable]) -> str | None:
    compared = [rows for table in tables if len(rows := _timed(table)) > 1]
    if not compared:
        return None
    rounds = min(row.seconds.count for rows in compared for row in rows)
    if rounds < 2:
        return "In one round, no difference in time was large enough to be told from chance."
    return f"In no scenario did the variants' times differ by more than their spread over {rounds} rounds."


def _of_one_variant(tables: Sequence[ScenarioTable], builds: Builds) -> tuple[str, ...]:
    """How long rebuilds take against a cold build: the cheapest edit and the dearest one."""
    cold = next((row for table in tables if table.kind == "cold" for row in table.rows if row.wall_seconds), None)
    if cold is None or cold.wall_seconds is None or cold.wall_seconds.median <= 0:
        return ()
    edits = [(table, row) for table in tables if table.kind != "cold" for row in table.rows if row.wall_seconds]
    # An edit after which nothing runs says no more than that the cache works.
    edits = [edit for edit in edits if _runs_something(edit[1])] or edits
    if not edits:
        return ()
    slowest = max(edits, key=lambda edit: _seconds(edit[1]))
    least = min(_seconds(row) for _, row in edits)
    quickest = next(edit for edit in edits if _seconds(edit[1]) <= least * _SAME_RATIO_IN_SPREAD)
    chosen = [quickest, slowest] if _differ_much(quickest[1], slowest[1]) else [slowest]
    return tuple(
        _share_sentence(table, row, _seconds(cold), builds[table.scenario, row.variant]) for table, row in chosen
    )


def _runs_something(row: VariantFigures) -> bool:
    return row.steps is not None and row.steps.cached_least < row.steps.all_least


def _seconds(row: VariantFigures) -> float:
    return row.wall_seconds.median if row.wall_seconds else 0.0


def _differ_much(low: VariantFigures, high: VariantFigures) -> bool:
    return bool(low.wall_seconds and high.wall_seconds and _differ(low.wall_seconds, high.wall_seconds))


def _share_sentence(table: ScenarioTable, row: VariantFigures, cold_seconds: float, builds: Sequence[Build]) -> str:
    seconds = _seconds(row)
    rounds = row.wall_seconds.count if row.wall_seconds else 0
    past = rounds < ROUNDS_TO_CLAIM
    ran = steps_that_ran(builds, seconds / 4)
    again = join_words([f"{cause.label} ({format_seconds(cause.slow_seconds)})" for cause in ran])
    cause = f": it {'ran' if past else 'runs'} {again} again" if ran else ""
    return (
        f"{scenario_phrase(table)} the rebuild {'took' if past else 'takes'} {format_seconds(seconds)},"
        f" {format_percent(seconds / cold_seconds)} of a cold build ({format_seconds(cold_seconds)}){cause}."
    )
