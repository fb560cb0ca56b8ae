"""Why a level changed, out of a comparison of the runs on both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from layerbench.analysis.trend.models import Entry, LevelChange, Line, LineKey, is_worse
from layerbench.units import format_seconds

if TYPE_CHECKING:
    from layerbench.analysis.comparison.models import Comparison, ScenarioPair, Side, StepChange
    from layerbench.results.models import Build

_MOST_STEPS = 2

Comparing: TypeAlias = "Callable[[Entry, Entry, str], Comparison | None]"
"""Compares the runs of two entries in one variant; None where a result file is not there any more."""


def with_causes(lines: tuple[Line, ...], compare: Comparing, most: int) -> tuple[Line, ...]:
    """The lines with the causes of their newest changes.

    Args:
        lines: in the order in which they are shown.
        compare: reads two result files, which takes its time.
        most: changes that are looked into, those of the first lines first.
    """
    places = ((number, at) for number, line in enumerate(lines) for at in reversed(range(len(line.changes))))
    chosen = set(islice(places, most))
    return tuple(
        replace(
            line,
            changes=tuple(
                replace(change, cause=_cause(line, change, compare)) if (number, at) in chosen else change
                for at, change in enumerate(line.changes)
            ),
        )
        for number, line in enumerate(lines)
    )


def _cause(line: Line, change: LevelChange, compare: Comparing) -> str | None:
    before, after = line.points[change.position - 1].entry, line.points[change.position].entry
    comparison = compare(before, after, line.key.variant)
    return cause_of(comparison, line.key, change) if comparison else None


def cause_of(comparison: Comparison, key: LineKey, change: LevelChange) -> str | None:
    """The packages, files, steps or base that made the change, in a few words; None where nothing tells."""
    # Most lines have no change that is looked into: what takes long to import is imported for those that have.
    from layerbench.analysis.wording import join_words

    parts = [*_parts(comparison, key, change), *_bases(comparison)]
    return join_words(parts) if parts else None


def _parts(comparison: Comparison, key: LineKey, change: LevelChange) -> Sequence[str]:
    if key.metric == "seconds":
        from layerbench.analysis.trend.time_causes import time_causes

        # The line has claimed the change already, out of more runs than these two. So what the comparison says of
        # their times does not matter, only which steps differ.
        before, after = _builds(comparison.base, key), _builds(comparison.head, key)
        return time_causes(before, after, change.after - change.before)
    pair = next((one for one in comparison.pairs if one.scenario == key.scenario), None)
    if pair is None:
        return ()
    if key.metric == "cached_steps":
        return _steps(pair, has_got_worse=is_worse(key.metric, change))
    if pair.diff is not None and pair.diff.uncompressed_bytes_delta * (change.after - change.before) > 0:
        from layerbench.analysis.comparison.findings import size_causes

        return size_causes(pair.diff)
    return ()


def _builds(side: Side, key: LineKey) -> tuple[Build, ...]:
    return tuple(
        build for build in side.result.builds if (build.variant, build.scenario) == (key.variant, key.scenario)
    )


def _bases(comparison: Comparison) -> list[str]:
    before = {base.reference: base.digest for base in comparison.base.result.bases}
    return [
        f"the base image {base.reference} changed"
        for base in comparison.head.result.bases
        if base.digest and before.get(base.reference) not in (None, base.digest)
    ]


def _steps(pair: ScenarioPair, *, has_got_worse: bool) -> list[str]:
    steps, verb = (pair.steps_lost, "runs") if has_got_worse else (pair.steps_won, "is cached")
    strongest = sorted(steps, key=lambda step: -(step.seconds or 0))[:_MOST_STEPS]
    return [_step(step, verb) for step in strongest]


def _step(step: StepChange, verb: str) -> str:
    from layerbench.analysis.wording import step_label

    seconds = f" ({format_seconds(step.seconds)})" if step.seconds else ""
    return f"{step_label(step.instruction)} {verb}{seconds}"
