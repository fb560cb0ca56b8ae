"""Impacts as rows and sentences; the same for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.impact.models import CommitCosts, Effect, Ignorable, Impact
from layerbench.analysis.wording import join_words, step_label
from layerbench.report.predict.words import bytes_text, seconds_text
from layerbench.units import format_bytes, format_seconds

_SHOWN_STEPS = 4
READING_HELP = (
    "How to read it: each row is a set of files whose edit runs the same steps again; seconds are of the whole rebuild,"
    " redeploy is what a machine with the image from before has to pull."
)


@dataclass(frozen=True, slots=True)
class EffectCells:
    """Files of equal effect as they are shown."""

    files: str
    count: str
    steps: str
    seconds: str
    redeploy: str


@dataclass(frozen=True, slots=True)
class CommitCells:
    """What a commit costs a variant."""

    variant: str
    seconds: str
    redeploy: str
    touching: str


def effect_cells(effect: Effect, top: int, dash: str = "–") -> EffectCells:
    """The cells of files of equal effect; at most `top` folders and files are named."""
    shown = [group.path if group.file_count == 1 else f"{group.path} ({group.file_count})" for group in effect.groups]
    named = shown[:top]
    hidden = sum(group.file_count for group in effect.groups[top:])
    if hidden:
        named.append(f"{hidden} more")
    return EffectCells(
        files=", ".join(named),
        count=str(effect.file_count),
        steps=_steps(effect),
        seconds=seconds_text(effect.total_seconds, dash),
        redeploy=bytes_text(effect.redeploy_bytes, dash),
    )


def commit_cells(impact: Impact, dash: str = "–") -> tuple[CommitCells, ...]:
    """What a commit costs each variant, in the order of the variants."""
    return tuple(
        CommitCells(
            one.variant,
            seconds_text(one.commits.seconds, dash),
            bytes_text(one.commits.redeploy_bytes, dash),
            f"{one.commits.touching}/{one.commits.commits}",
        )
        for one in impact.variants
        if one.commits is not None
    )


def commit_sentence(impact: Impact) -> str:
    """What the ranking says, to be quoted; empty where it says nothing."""
    counted = [(one.variant, one.commits) for one in impact.variants if one.commits is not None]
    known = [(variant, one, one.seconds) for variant, one in counted if one.seconds is not None]
    if not known or not known[0][1].commits:
        return ""
    best, costs, seconds = known[0]
    told = f"A commit costs {best} {format_seconds(seconds)} of rebuild on average"
    if costs.redeploy_bytes is not None:
        told += f" and {format_bytes(costs.redeploy_bytes)} of redeploy"
    others = [f"{variant} {format_seconds(their)}" for variant, _, their in known[1:]]
    over = f"over the last {costs.commits} commits" if costs.commits > 1 else "by the last commit"
    return f"{told} ({over}){f'; {join_words(others)}' if others else ''}."


def worst_files(costs: CommitCosts) -> str:
    """The files that cost most, each with how many commits changed it."""
    named = [f"{path} ({count} {'commit' if count == 1 else 'commits'})" for path, count in costs.worst_files]
    return f"most of it: {', '.join(named)}" if named else ""


def ignorable_lines(impact: Impact) -> tuple[tuple[Ignorable, tuple[str, ...]], ...]:
    """What could be left out, each once, with the variants that copy it."""
    found: dict[tuple[str, str], tuple[Ignorable, list[str]]] = {}
    for one in impact.variants:
        for ignorable in one.ignorable:
            found.setdefault((ignorable.ignore_file, ignorable.line), (ignorable, []))[1].append(one.variant)
    return tuple((ignorable, tuple(variants)) for ignorable, variants in found.values())


def ignorable_text(ignorable: Ignorable, variants: Sequence[str], all_variants: int) -> str:
    """What stands beside a line for `.dockerignore`."""
    files = "1 file" if ignorable.file_count == 1 else f"{ignorable.file_count} files"
    told = f"{ignorable.what}: {files}, {format_bytes(ignorable.file_bytes)}"
    return told if len(variants) == all_variants else f"{told} ({join_words(list(variants))})"


def ignore_files(impact: Impact) -> Iterator[str]:
    """The ignore files that lines would be added to."""
    yield from dict.fromkeys(ignorable.ignore_file for ignorable, _ in ignorable_lines(impact))


def _steps(effect: Effect) -> str:
    if not effect.steps:
        return "nothing"
    named = [step_label(step.instruction) for step in effect.steps[:_SHOWN_STEPS]]
    if len(effect.steps) > _SHOWN_STEPS:
        named.append(f"{len(effect.steps) - _SHOWN_STEPS} more")
    return ", ".join(named)
