"""Why a level changed, out of a comparison of the runs on both sides."""

from __future__ import annotations

from layerbench.analysis.comparison.comparable import base_image_differences
from layerbench.analysis.comparison.findings import size_causes
from layerbench.analysis.comparison.models import Comparison, ScenarioPair, StepChange
from layerbench.analysis.trend.models import LevelChange, LineKey
from layerbench.analysis.wording import join_words, step_label
from layerbench.units import format_seconds

_MOST_STEPS = 2


def cause_of(comparison: Comparison, key: LineKey, change: LevelChange) -> str | None:
    """The packages, files, steps or base that made the change, in a few words; None where nothing tells."""
    pair = next((one for one in comparison.pairs if one.scenario == key.scenario), None)
    if pair is None:
        return None
    parts = []
    if key.metric in ("seconds", "cached_steps"):
        parts += _steps(pair, change)
    elif pair.diff is not None and pair.diff.uncompressed_bytes_delta * (change.after - change.before) > 0:
        parts += size_causes(pair.diff)
    parts += [text.rstrip(".") for text in base_image_differences(comparison.base.result, comparison.head.result)]
    return join_words(parts) if parts else None


def _steps(pair: ScenarioPair, change: LevelChange) -> list[str]:
    got_worse = change.after > change.before
    steps, verb = (pair.steps_lost, "runs") if got_worse else (pair.steps_won, "is cached")
    strongest = sorted(steps, key=lambda step: -(step.seconds or 0))[:_MOST_STEPS]
    return [_step(step, verb) for step in strongest]


def _step(step: StepChange, verb: str) -> str:
    seconds = f" ({format_seconds(step.seconds)})" if step.seconds else ""
    return f"{step_label(step.instruction)} {verb}{seconds}"
