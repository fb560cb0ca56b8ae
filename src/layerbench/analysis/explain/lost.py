"""The first cause of each step that ran, in a clause: to be put beside a lost cache hit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from layerbench.analysis.explain.models import ExplainedStep, Explanation, StepName
from layerbench.analysis.wording import step_label


class LostStep(NamedTuple):
    """What a step is found by; of two equal instructions in one stage, the first one stands for both."""

    variant: str
    scenario: str
    stage: str | None
    instruction: str


def first_causes(explanation: Explanation) -> Mapping[LostStep, str]:
    """Why each step ran, in the first round in which it did: `line 4 ran: requirements.txt changed (content)`.

    Steps whose cause is not known are left out: beside a lost hit nothing is better than a guess.
    """
    found: dict[LostStep, str] = {}
    for step in explanation.steps:
        if step.outcome == "ran" and step.cause is not None and step.cause.kind != "unknown":
            key = LostStep(step.variant, step.scenario, step.step.stage, step.step.instruction)
            found.setdefault(key, cause_text(step))
    return found


def cause_text(step: ExplainedStep) -> str:
    """Why a step ran, back to the first cause; empty for a hit."""
    cause = step.cause
    if cause is None:
        return ""
    first = cause.first
    if first is None or first.position == step.step.position or step.first_cause is None:
        return cause.text
    began = f"{place(first, step.step.stage)} ran: {step.first_cause.text}"
    return f"{cause.text} ({began})" if cause.kind == "stage-output" else began


def place(step: StepName, seen_from: str | None) -> str:
    """A step by its line, with its stage where that is another one than that of who speaks."""
    stage = f"{step.stage} " if step.stage and step.stage != seen_from else ""
    return f"{stage}line {step.line}" if step.line is not None else f'"{step_label(step.instruction)}"'
