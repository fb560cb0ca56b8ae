"""The strongest differences of a comparison, as sentences that a person can quote."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerbench.analysis.comparison.models import Comparison, ScenarioPair, StepTime
from layerbench.analysis.figures import ScenarioTable
from layerbench.analysis.steps import is_valid
from layerbench.analysis.wording import join_words, scenario_phrase, step_label
from layerbench.units import format_bytes, format_bytes_delta, format_percent, format_ratio, format_seconds

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageDiff, PackageDelta, PathDelta

MOST_FINDINGS = 3

_LEAST_SHARE = 0.001
_LEAST_BYTES = 10_000
"""The time stamps in a layer make compressed bytes differ by less, with nothing changed."""
_LEAST_REDEPLOY_BYTES = 100_000
_REDEPLOY_WEIGHT = 0.3
"""Layers of a few bytes against an install are a factor of thousands, which should not hide everything else."""
_LEAST_SECONDS = 0.05
_WHOLE_WEIGHT_SECONDS = 1.0
_KIND_WEIGHT = {"edit": 1.0, "cold": 0.7, "warm": 0.5}
_TELLING_SHARE = 0.1
_MOST_CAUSES = 2
_WHOLE_FOLDER_SHARE = 0.8
_LONGEST_PATH = 50


@dataclass(frozen=True, slots=True)
class _Finding:
    strength: float
    topic: tuple[str, ...]
    """Of several findings on one topic, only the strongest is told."""
    sentence: str


def findings(comparison: Comparison) -> tuple[str, ...]:
    """At most three sentences, the strongest difference first; one that says so where none stands out."""
    found = [finding for pair in comparison.pairs for finding in _of_pair(comparison, pair)]
    by_topic: dict[tuple[str, ...], _Finding] = {}
    for finding in sorted(found, key=lambda one: one.strength, reverse=True):
        by_topic.setdefault(finding.topic, finding)
    told = tuple(finding.sentence for finding in _of_all_kinds(tuple(by_topic.values())))
    return (*_unbuilt(comparison), *told) or _nothing_found(comparison)


def _unbuilt(comparison: Comparison) -> Iterator[str]:
    """The variants that a side tried to build and has no build of that counts: nothing is known of them."""
    named = {("base", pair.variant_base): comparison.base for pair in comparison.pairs}
    named |= {("head", pair.variant_head): comparison.head for pair in comparison.pairs}
    for (where, variant), side in named.items():
        builds = [build for build in side.result.builds if build.variant == variant]
        if builds and not any(map(is_valid, builds)):
            count = "the only build" if len(builds) == 1 else f"all {len(builds)} builds"
            yield f"Nothing is known of {where}'s {variant}: {count} failed or did not count."


def _of_all_kinds(found: Sequence[_Finding]) -> Sequence[_Finding]:
    """The strongest ones, of each kind one before a second of another: one step in ten variants hides no megabytes."""
    first = {finding.topic[0]: finding for finding in reversed(found)}.values()
    chosen = [*(one for one in found if one in first), *(one for one in found if one not in first)][:MOST_FINDINGS]
    return [one for one in found if one in chosen]


def _nothing_found(comparison: Comparison) -> tuple[str, ...]:
    if not comparison.pairs:
        return ()
    if all(pair.time is not None and pair.time.verdict == "no-difference" for pair in comparison.pairs):
        return ("No difference was seen: neither in time, nor in bytes, nor in cached steps.",)
    return ("No difference stands out in bytes or cached steps; the times leave it open.",)


def _of_pair(comparison: Comparison, pair: ScenarioPair) -> Iterator[_Finding]:
    base, head = _names(comparison, pair)
    variants = pair.variant_base, pair.variant_head
    if pair.time is not None and pair.time.verdict in ("faster", "slower"):
        yield _time(pair, base, head)
    else:
        yield from _steps(pair, base, head)
        yield from (_step_time(pair, step, base, head) for step in (*pair.steps_slower, *pair.steps_faster))
    if (size := _size(pair, base, head)) is not None:
        yield _Finding(size[0], ("size", *variants), size[1])
    if pair.base.redeploy_bytes and pair.head.redeploy_bytes:
        before, after = pair.base.redeploy_bytes.median, pair.head.redeploy_bytes.median
        if abs(after - before) >= max(_LEAST_REDEPLOY_BYTES, before * _LEAST_SHARE):
            floor = _LEAST_REDEPLOY_BYTES
            yield _Finding(
                abs(math.log2((after + floor) / (before + floor))) * _REDEPLOY_WEIGHT,
                ("redeploy", *variants),
                f"{_phrase(pair)}, a deploy of {head} transfers {format_bytes(after)}, one of {base}"
                f" {format_bytes(before)}.",
            )


def _names(comparison: Comparison, pair: ScenarioPair) -> tuple[str, str]:
    """How a sentence calls the two sides."""
    if pair.variant_base != pair.variant_head:
        return pair.variant_base, pair.variant_head
    if len({one.variant_base for one in comparison.pairs}) == 1:
        return "base", "head"
    return f"base's {pair.variant_base}", f"head's {pair.variant_head}"


def _time(pair: ScenarioPair, base: str, head: str) -> _Finding:
    time = pair.time
    assert time is not None  # noqa: S101 - only pairs with a verdict come here
    verb = "build" if pair.kind == "cold" else "rebuild"
    if time.verdict == "slower":
        told = f"{head} takes {format_ratio(time.ratio)} as long to {verb} as {base}"
    else:
        told = f"{head} {verb}s {format_ratio(1 / time.ratio)} faster than {base}"
    figures = ""
    if pair.base.wall_seconds and pair.head.wall_seconds:
        before, after = pair.base.wall_seconds.median, pair.head.wall_seconds.median
        figures = f" ({format_seconds(after)} against {format_seconds(before)})"
    labels = [step_label(step.instruction) for step in (*pair.steps_lost, *pair.steps_won)]
    return _Finding(
        abs(math.log2(time.ratio)) * _weight(pair, abs(time.difference_seconds)),
        ("time", pair.variant_base, pair.variant_head, *labels),
        f"{_phrase(pair)}, {told}{figures}{pair.time_causes}.",
    )


def _steps(pair: ScenarioPair, base: str, head: str) -> Iterator[_Finding]:
    """Steps that are cached on one side only, where the times alone claim nothing."""
    for steps, ran, cached in ((pair.steps_lost, head, base), (pair.steps_won, base, head)):
        telling = sorted(
            (step for step in steps if (step.seconds or 0) >= _LEAST_SECONDS), key=lambda step: -(step.seconds or 0)
        )
        if not telling:
            continue
        seconds = sum(step.seconds or 0 for step in telling)
        whole = (pair.base if steps is pair.steps_lost else pair.head).wall_seconds
        named = join_words(
            [f"{step_label(step.instruction)} ({format_seconds(step.seconds or 0)})" for step in telling[:_MOST_CAUSES]]
        )
        strength = math.log2(1 + seconds / max(whole.median if whole else seconds, _LEAST_SECONDS))
        yield _Finding(
            strength * _weight(pair, seconds),
            ("time", pair.variant_base, pair.variant_head, *(step_label(step.instruction) for step in steps)),
            f"{_phrase(pair)}, {ran} ran {named}, which {cached} had cached.",
        )


def _step_time(pair: ScenarioPair, step: StepTime, base: str, head: str) -> _Finding:
    """A step that ran on both sides and takes longer on one, where the whole builds' times claim nothing."""
    label, time = step_label(step.instruction), step.time
    if time.verdict == "slower":
        told = f"{label} takes {format_ratio(time.ratio)} as long in {head} as in {base}"
    else:
        told = f"{label} is {format_ratio(1 / time.ratio)} faster in {head} than in {base}"
    whole = pair.base.wall_seconds.median if pair.base.wall_seconds else step.seconds_base
    seconds = abs(time.difference_seconds)
    return _Finding(
        math.log2(1 + seconds / max(whole, _LEAST_SECONDS)) * _weight(pair, seconds),
        ("time", pair.variant_base, pair.variant_head, label),
        f"{_phrase(pair)}, {told} ({format_seconds(step.seconds_head)} against {format_seconds(step.seconds_base)}).",
    )


def _size(pair: ScenarioPair, base: str, head: str) -> tuple[float, str] | None:
    kind, before, delta = "compressed", pair.base.compressed_bytes, pair.compressed_bytes_delta
    if delta is None:
        kind, before, delta = "uncompressed", pair.base.uncompressed_bytes, pair.uncompressed_bytes_delta
    if delta is None or not before or abs(delta) < max(_LEAST_BYTES, before * _LEAST_SHARE):
        return None
    more = "larger" if delta > 0 else "smaller"
    sentence = (
        f"The image of {head} is {format_bytes(abs(delta))} {more} {kind} than that of {base}"
        f" ({format_bytes(before)} -> {format_bytes(before + delta)}, {'+' if delta > 0 else ''}"
        f"{format_percent(delta / before)}){_size_causes(pair.diff, delta)}."
    )
    # Of scenarios alike, the first one is told of: an edit's own bytes are no news.
    return round(abs(math.log2(max(1, before + delta) / before)), 2), sentence


def _size_causes(diff: ImageDiff | None, delta: int) -> str:
    # What makes an image larger unpacked does not explain why it is smaller compressed.
    is_one_way = diff is not None and diff.uncompressed_bytes_delta * delta > 0
    causes = size_causes(diff) if is_one_way else ()
    return f": {join_words(causes)}" if causes else ""


def size_causes(diff: ImageDiff | None, most: int = _MOST_CAUSES) -> tuple[str, ...]:
    """What makes most of a difference in uncompressed bytes: `numpy 2.1.0 -> 2.2.1 (+3.1 MB)`, the largest first."""
    if diff is None or not diff.uncompressed_bytes_delta:
        return ()
    whole = diff.uncompressed_bytes_delta
    parts: Sequence[PackageDelta | PathDelta] = sorted(
        (*diff.packages, *diff.unowned), key=lambda part: -abs(part.uncompressed_bytes_delta)
    )
    return tuple(
        f"{_part(part, diff)} ({format_bytes_delta(part.uncompressed_bytes_delta)})"
        for part in parts
        if part.uncompressed_bytes_delta * whole > 0
        and abs(part.uncompressed_bytes_delta) >= _TELLING_SHARE * abs(whole)
    )[:most]


def _part(part: PackageDelta | PathDelta, diff: ImageDiff) -> str:
    from layerbench.analysis.anatomy.models import PathDelta

    if not isinstance(part, PathDelta):
        if part.before is None:
            return f"{part.name} {part.after} added"
        if part.after is None:
            return f"{part.name} {part.before} removed"
        return (
            f"{part.name} {part.before} -> {part.after}" if part.before != part.after else f"{part.name} {part.after}"
        )
    prefix = f"{part.path}/" if part.path else ""
    for file in diff.files:
        if file.package is None and file.path.startswith(prefix):
            share = file.uncompressed_bytes_delta / part.uncompressed_bytes_delta
            return _path(file.path if share >= _WHOLE_FOLDER_SHARE else part.path)
    return _path(part.path)


def _path(path: str) -> str:
    """A path as it is in a container, without its middle where it is long."""
    shown = f"/{path}"
    return shown if len(shown) <= _LONGEST_PATH else f"{shown[: _LONGEST_PATH // 2]}...{shown[-_LONGEST_PATH // 3 :]}"


def _weight(pair: ScenarioPair, seconds: float) -> float:
    return min(1.0, seconds / _WHOLE_WEIGHT_SECONDS) * _KIND_WEIGHT[pair.kind]


def _phrase(pair: ScenarioPair) -> str:
    return scenario_phrase(ScenarioTable(pair.scenario, pair.kind, pair.description, ()))
