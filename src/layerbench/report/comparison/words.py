"""Figures of a comparison as words; the same for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from layerbench.analysis.comparison.models import Comparison, ScenarioPair, SideFigures, StepChange, StepTime
from layerbench.analysis.comparison.words import titles
from layerbench.analysis.paired import LEAST_ROUNDS_TO_DIFFER, PairedTimes
from layerbench.report.anatomy.words import count, layer_mark, layer_text, package_change, package_places, path_change
from layerbench.units import format_bytes, format_bytes_delta, format_ratio, format_seconds

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageDiff

_VERDICTS = {"faster": "faster", "slower": "slower", "no-difference": "none seen", "undecided": "undecided"}
_LEAST_SHOWN_BYTES = 100_000
"""What an edit itself brings is not told of again in each scenario."""


@dataclass(frozen=True, slots=True)
class PairCells:
    """A scenario of two variants; an empty cell was not measured."""

    scenario: str
    time: str
    ratio: str
    interval: str
    verdict: str
    steps: str
    """Cached steps that were lost and won: `-1 +2`."""
    compressed: str
    uncompressed: str
    redeploy: str


def pair_cells(pair: ScenarioPair, dash: str = "–", arrow: str = "->") -> PairCells:
    """The cells of a row. `dash` stands between the ends of an interval."""
    time = pair.time
    return PairCells(
        scenario=pair.scenario,
        time=_times(pair.base, pair.head, arrow),
        ratio=format_ratio(time.ratio) if time else "",
        interval=_interval(time, dash),
        verdict=_VERDICTS[time.verdict] if time else "",
        steps=_steps(pair),
        compressed=_delta(pair.compressed_bytes_delta),
        uncompressed=_delta(pair.uncompressed_bytes_delta),
        redeploy=_redeploy(pair, arrow),
    )


def variant_groups(comparison: Comparison) -> Iterator[tuple[str, tuple[ScenarioPair, ...]]]:
    """The pairs of each two variants, with how those are called."""
    for (base, head), pairs in groupby(comparison.pairs, lambda pair: (pair.variant_base, pair.variant_head)):
        yield titles(base, head), tuple(pairs)


def title(comparison: Comparison, arrow: str = "->") -> str:
    """Both sides by name."""
    return f"{comparison.base.name} {arrow} {comparison.head.name}"


def pair_remarks(pair: ScenarioPair) -> Iterator[tuple[str, str]]:
    """What has to be said of a row beside its cells, each with a style: lost steps, slower ones, what did not work."""
    for step in pair.steps_lost:
        yield "red", f"{pair.scenario}: no longer cached: {_step(step)}"
    for step in pair.steps_won:
        yield "green", f"{pair.scenario}: now cached: {_step(step)}"
    for timed in pair.steps_slower:
        yield "red", f"{pair.scenario}: slower: {_step_time(timed)}"
    for timed in pair.steps_faster:
        yield "green", f"{pair.scenario}: faster: {_step_time(timed)}"
    for note in pair.notes:
        yield "yellow", f"{pair.scenario}: {note}"
    if pair.time is not None:
        yield from (("dim", f"{pair.scenario}: {text}") for text in _time_remarks(pair.time))


def _time_remarks(time: PairedTimes) -> Iterator[str]:
    if time.verdict == "undecided" and time.rounds_needed:
        yield f"about {count(time.rounds_needed, 'round')} in all would show a difference of 5% in time"
    for outlier in time.outliers:
        yield f"{outlier.side} took {format_seconds(outlier.seconds)} in round {outlier.round}, far from the others"
    if time.first_round_is_slow:
        yield "the first round was slower than the others"


@dataclass(frozen=True, slots=True)
class Part:
    """A row that says where bytes come from."""

    kind: str
    """`package`, `file`, `folder` or `line`."""
    text: str
    delta: str


def attributed(pairs: Sequence[ScenarioPair], most: int) -> Iterator[tuple[str, tuple[Part, ...], int]]:
    """Where bytes come from: scenarios, the largest parts, and how many parts there are beside them.

    Scenarios whose images differ in the same are told of once.
    """
    groups: dict[tuple[Part, ...], list[str]] = {}
    for pair in pairs:
        if pair.diff is not None and (parts := tuple(_parts(pair.diff))):
            groups.setdefault(parts, []).append(pair.scenario)
    for parts, scenarios in groups.items():
        yield ", ".join(scenarios), parts[:most], max(0, len(parts) - most)


def _parts(diff: ImageDiff) -> Iterator[Part]:
    """Lines, packages and what belongs to none, each the largest first, as far as they stand out."""
    for layer in sorted(diff.layers, key=lambda one: -abs(one.uncompressed_bytes_delta)):
        if not layer.is_same and abs(layer.uncompressed_bytes_delta) >= _LEAST_SHOWN_BYTES:
            text = f"{layer_mark(layer)} {layer_text(layer.instruction)}"
            yield Part("line", text, format_bytes_delta(layer.uncompressed_bytes_delta))
    for package in diff.packages:
        is_other = package.before != package.after
        if is_other or abs(package.uncompressed_bytes_delta) >= _LEAST_SHOWN_BYTES:
            text = f"{package_change(package)} ({package_places(package)})"
            yield Part("package", text, format_bytes_delta(package.uncompressed_bytes_delta))
    for file in diff.files:
        if file.package is None and abs(file.uncompressed_bytes_delta) >= _LEAST_SHOWN_BYTES:
            yield Part("file", path_change(file), format_bytes_delta(file.uncompressed_bytes_delta))


def reading_help(comparison: Comparison) -> str:
    """How to read the table, for who has never seen one."""
    rounds = [pair.time.rounds for pair in comparison.pairs if pair.time]
    fewest, most = min(rounds, default=0), max(rounds, default=0)
    over = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    told = (
        "How to read it: each row is a scenario, base -> head; + is what head has more. Time: median of the builds."
        f" Ratio: median of head/base over {over} {'round' if most == 1 else 'rounds'}, with its 95% interval."
        " Steps: cached ones that head lost (-) and won (+)."
    )
    if any(pair.base.redeploy_bytes or pair.head.redeploy_bytes for pair in comparison.pairs):
        told += " Redeploy: compressed bytes of the layers that are new after the edit, which a deploy transfers."
    if most >= LEAST_ROUNDS_TO_DIFFER and any(pair.step_times for pair in comparison.pairs):
        told += " The longest steps that ran on both sides are compared likewise, each on its own."
    if fewest < LEAST_ROUNDS_TO_DIFFER:
        told += f" With fewer than {LEAST_ROUNDS_TO_DIFFER} rounds neither faster nor slower is claimed."
    return told


def _times(base: SideFigures, head: SideFigures, arrow: str) -> str:
    before, after = (format_seconds(side.wall_seconds.median) if side.wall_seconds else "none" for side in (base, head))
    if before.endswith(" s") and after.endswith(" s") and "min" not in before + after:
        before = before.removesuffix(" s")
    return f"{before} {arrow} {after}"


def _interval(time: PairedTimes | None, dash: str) -> str:
    if time is None or time.interval_low is None or time.interval_high is None:
        return ""
    return f"{format_ratio(time.interval_low)[:-1]}{dash}{format_ratio(time.interval_high)[:-1]}"


def _steps(pair: ScenarioPair) -> str:
    lost, won = len(pair.steps_lost), len(pair.steps_won)
    if not (pair.base.wall_seconds and pair.head.wall_seconds):
        return ""
    return " ".join(text for text, number in ((f"-{lost}", lost), (f"+{won}", won)) if number) or "same"


def _delta(delta: int | None) -> str:
    return "" if delta is None else format_bytes_delta(delta)


def _redeploy(pair: ScenarioPair, arrow: str) -> str:
    if not pair.base.redeploy_bytes and not pair.head.redeploy_bytes:
        return ""
    before, after = (
        format_bytes(side.redeploy_bytes.median) if side.redeploy_bytes else "none" for side in (pair.base, pair.head)
    )
    return f"{before} {arrow} {after}"


def _step(step: StepChange) -> str:
    text = " ".join(step.instruction.split())
    facts = [_line(step)]
    if step.seconds is not None:
        facts.append(format_seconds(step.seconds))
    if step.rounds_ran != step.rounds:
        facts.append(f"ran in {step.rounds_ran} of {step.rounds} rounds")
    cause = f": {step.cause}" if step.cause else ""
    return f"{text} ({', '.join(fact for fact in facts if fact)}){cause}"


def _step_time(step: StepTime) -> str:
    """`RUN make (line 3, 1.00 s -> 1.10 s, 1.10x, interval 1.08 to 1.12)`."""
    time = step.time
    facts = [
        _line(step),
        f"{format_seconds(step.seconds_base)} -> {format_seconds(step.seconds_head)}",
        format_ratio(time.ratio),
        f"interval {_interval(time, ' to ')}",
    ]
    return f"{' '.join(step.instruction.split())} ({', '.join(fact for fact in facts if fact)})"


def _line(step: StepChange | StepTime) -> str:
    if step.line_base == step.line_head:
        return f"line {step.line_head}" if step.line_head is not None else ""
    before, after = ("?" if line is None else str(line) for line in (step.line_base, step.line_head))
    return f"line {before} -> {after}"
