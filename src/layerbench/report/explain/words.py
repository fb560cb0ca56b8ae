"""Explanations as rows and sentences; the same for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.explain.lost import cause_text
from layerbench.analysis.explain.models import ExplainedStep, Explanation
from layerbench.report.explain.rows import StepRow
from layerbench.report.step_rows import instruction_text

_SHOWN_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Group:
    """A variant in a scenario, in all rounds that have the same explanation."""

    variant: str
    scenario: str
    rounds: tuple[int, ...]
    is_only: bool
    """Whether no other round of these has another explanation."""
    steps: tuple[ExplainedStep, ...]
    """All of one round, in the order of the build's steps."""

    @property
    def title(self) -> str:
        """What stands above the rows."""
        return self.scenario if self.is_only else f"{self.scenario}, {_rounds(self.rounds)}"


def groups(explanation: Explanation) -> tuple[Group, ...]:
    """The explained steps by variant and scenario; rounds that say the same are one."""
    by_round: dict[tuple[str, str], dict[int, list[ExplainedStep]]] = {}
    for step in explanation.steps:
        by_round.setdefault((step.variant, step.scenario), {}).setdefault(step.round, []).append(step)
    found: list[Group] = []
    for (variant, scenario), rounds in by_round.items():
        alike: dict[tuple[object, ...], tuple[list[int], list[ExplainedStep]]] = {}
        for number, steps in rounds.items():
            alike.setdefault(tuple(map(_said, steps)), ([], steps))[0].append(number)
        found += [
            Group(variant, scenario, tuple(numbers), len(alike) == 1, tuple(steps)) for numbers, steps in alike.values()
        ]
    return tuple(found)


def by_variant(found: Sequence[Group]) -> Iterator[tuple[str, list[Group]]]:
    """The groups of each variant."""
    for variant in dict.fromkeys(group.variant for group in found):
        yield variant, [group for group in found if group.variant == variant]


def shown_steps(group: Group, *, everything: bool) -> tuple[ExplainedStep, ...]:
    """The steps that ran, and the hits that need a reason; all where that is asked for.

    None where all ran for one and the same cause: that is said in a line.
    """
    if not everything and _common_cause(group) is not None:
        return ()
    return tuple(step for step in group.steps if everything or step.outcome == "ran" or step.reason is not None)


def why_row(step: ExplainedStep, usual: str) -> StepRow:
    """A step's cells.

    Args:
        step: the step.
        usual: the certainty that is not said, as most steps have it.
    """
    name = step.step
    told = why(step)
    if told and _is_worth_saying(step, usual):
        told += f" ({step.certainty if step.certainty != 'unknown' else 'not certain'})"
    return StepRow(
        line=str(name.line) if name.line is not None else "",
        stage=name.stage or "",
        step=instruction_text(name.instruction),
        outcome=step.outcome,
        text=told,
    )


def _is_worth_saying(step: ExplainedStep, usual: str) -> bool:
    """Whether a step's certainty is another than one would think; that of a hit is its being a hit."""
    if step.certainty == "unknown":
        return step.cause is None or step.cause.kind != "unknown"
    return step.outcome == "ran" and step.certainty != usual


def why(step: ExplainedStep) -> str:
    """Why a step ran, back to the first cause, or why it could be a hit; empty for a hit with nothing to say."""
    if step.cause is None:
        return step.reason or ""
    return cause_text(step)


def usual_certainty(steps: Sequence[ExplainedStep]) -> str:
    """What most steps have, and need not say each: `proven`, or `derived` where no step is proven."""
    return "proven" if any(step.certainty == "proven" for step in steps) else "derived"


def how_known(explanation: Explanation) -> str:
    """How sure the causes are, as a sentence."""
    ran = [step for step in explanation.steps if step.outcome == "ran"]
    if not ran:
        return ""
    if usual_certainty(ran) == "proven":
        told = "Causes are proven by BuildKit's own cache keys, but for those that say otherwise."
    else:
        told = "Causes are derived from the Dockerfile, the context's files and the options of the build."
    unknown = explanation.unknown_count
    if unknown:
        told += f" {unknown} of {len(ran)} steps that ran did so for a cause that is not known."
    return told


def in_a_line(group: Group) -> str:
    """What is said of a scenario without a row."""
    cause = _common_cause(group)
    if cause is not None:
        return f"every step ran: {cause}"
    return "every step was a hit" if group.steps else "no step is known"


def _common_cause(group: Group) -> str | None:
    """The cause of all steps where it was a lost cache, and the same for all."""
    causes = {step.cause.text if step.cause and step.cause.kind == "cache-missing" else None for step in group.steps}
    return causes.pop() if len(causes) == 1 else None


def _said(step: ExplainedStep) -> tuple[object, ...]:
    return (step.step.stage, step.step.instruction, step.outcome, step.certainty, why(step), step.reason)


def _rounds(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"round {numbers[0]}"
    shown = ", ".join(map(str, numbers[:_SHOWN_ROUNDS]))
    return f"rounds {shown}{', …' if len(numbers) > _SHOWN_ROUNDS else ''}"
