"""Why a level changed, out of a comparison of the runs on both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from layerbench.analysis.comparison.findings import size_causes
from layerbench.analysis.comparison.models import Comparison, ScenarioPair, StepChange
from layerbench.analysis.trend.models import Entry, LevelChange, Line, LineKey, is_worse
from layerbench.analysis.wording import join_words, step_label
from layerbench.units import format_seconds

_MOST_STEPS = 2

Comparing = Callable[[Entry, Entry, str], Comparison | None]
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
    pair = next((one for one in comparison.pairs if one.scenario == key.scenario), None)
    if pair is None:
        return None
    parts = []
    if key.metric in ("seconds", "cached_steps"):
        parts += _steps(pair, has_got_worse=is_worse(key.metric, change))
    elif pair.diff is not None and pair.diff.uncompressed_bytes_delta * (change.after - change.before) > 0:
        parts += size_causes(pair.diff)
    parts += _bases(comparison)
    return join_words(parts) if parts else None


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
    seconds = f" ({format_seconds(step.seconds)})" if step.seconds else ""
    return f"{step_label(step.instruction)} {verb}{seconds}"
