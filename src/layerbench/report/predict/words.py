"""Predictions as rows and sentences; the same for the terminal and for Markdown."""

from __future__ import annotations

from layerbench.analysis.explain.lost import place
from layerbench.analysis.explain.models import Cause
from layerbench.analysis.predict.models import PredictedStep, Prediction
from layerbench.report.explain.rows import StepRow
from layerbench.report.step_rows import instruction_text
from layerbench.units import format_bytes, format_seconds

READING_HELP = "Nothing was built: steps are derived from cache keys, seconds and bytes are medians of earlier builds."


def step_cells(step: PredictedStep, causes: dict[int, Cause], dash: str = "–") -> StepRow:
    """A step's cells.

    Args:
        step: the step.
        causes: the cause of each step that will run, by its position.
        dash: stands for seconds that are not known.
    """
    name = step.step
    return StepRow(
        line=str(name.line) if name.line is not None else "",
        stage=name.stage or "",
        step=instruction_text(name.instruction),
        outcome=step.outcome,
        seconds="" if step.outcome == "hit" else seconds_text(step.seconds, dash),
        text=_why(step, causes),
    )


def causes_of(prediction: Prediction) -> dict[int, Cause]:
    """The cause of each step that will run, by its position."""
    return {one.step.position: one.cause for one in prediction.steps if one.cause is not None}


def shown_steps(prediction: Prediction, *, everything: bool) -> tuple[PredictedStep, ...]:
    """The steps that will run; all where that is asked for."""
    return tuple(step for step in prediction.steps if everything or step.outcome == "ran")


def summary(prediction: Prediction, dash: str = "–") -> str:
    """What the whole build will be: `2 of 5 steps run again, 3.1 s, 19.2 MB to redeploy`."""
    ran = sum(step.outcome == "ran" for step in prediction.steps)
    total = len(prediction.steps)
    steps = f"{ran} of {total} steps run again" if ran else f"all {total} steps hit"
    if total == 1:
        steps = "its only step runs again" if ran else "its only step hits"
    told = [
        steps,
        f"{seconds_text(prediction.total_seconds, dash)} for the whole build",
        f"{bytes_text(prediction.redeploy_bytes, dash)} to redeploy",
    ]
    return ", ".join(told)


def seconds_text(seconds: float | None, dash: str = "–") -> str:
    """Seconds, or a dash where they are not known."""
    return dash if seconds is None else format_seconds(seconds)


def bytes_text(count: float | None, dash: str = "–") -> str:
    """Bytes, or a dash where they are not known."""
    return dash if count is None else format_bytes(count)


def _why(step: PredictedStep, causes: dict[int, Cause]) -> str:
    cause = step.cause
    if cause is None:
        return ""
    told = cause.text
    first = cause.first
    if first is not None and first.position != step.step.position and first.position in causes:
        began = f"{place(first, step.step.stage)} runs: {causes[first.position].text}"
        told = f"{cause.text} ({began})" if cause.kind == "stage-output" else began
    return f"{told} (not certain)" if step.certainty == "unknown" else told
