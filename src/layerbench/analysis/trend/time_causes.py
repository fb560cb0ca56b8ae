"""Which steps make the builds of one run take longer than those of another, by the medians of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from layerbench.analysis.comparison.steps import match_steps
from layerbench.analysis.steps import StepKey, is_valid, keyed_steps, scenario_cells
from layerbench.analysis.wording import LABEL_LENGTH, step_label
from layerbench.results.models import Build
from layerbench.units import format_seconds

_TELLING_SHARE = 0.25
"""A step that is named explains at least this share of the difference."""
_WHOLE_SHARE = 0.5
"""Many small differences are told of where together they explain at least this share."""
_MOST_STEPS = 2

_Kind = Literal["longer", "new", "gone"]


@dataclass(frozen=True, slots=True)
class _Work:
    """A step, or the writing of the image, on both sides: medians over the builds, of which a cached one took none."""

    kind: _Kind
    label: str
    before_seconds: float
    after_seconds: float

    @property
    def gain_seconds(self) -> float:
        return self.after_seconds - self.before_seconds


def time_causes(before: Sequence[Build], after: Sequence[Build], difference_seconds: float) -> tuple[str, ...]:
    """The steps that explain most of a difference in time, each a clause; none where nothing explains it.

    Args:
        before: builds of one variant in one scenario, of one run.
        after: the same of a later run.
        difference_seconds: what later builds take more, or, negative, less.
    """
    works = sorted(_works(before, after), key=lambda work: -abs(work.gain_seconds))
    along = [work for work in works if work.gain_seconds * difference_seconds > 0]
    least = _TELLING_SHARE * abs(difference_seconds)
    if along and abs(along[0].gain_seconds) >= least:
        # Where a step took another one's place, the difference of the two is the cause.
        telling = [work for work in works if work in along or work.kind != "longer"]
        return tuple(_clause(work) for work in telling if abs(work.gain_seconds) >= least)[:_MOST_STEPS]
    if sum(abs(work.gain_seconds) for work in along) >= _WHOLE_SHARE * abs(difference_seconds) > 0:
        return (_many(along, len(works), is_slower=difference_seconds > 0),)
    return ()


def _works(before: Sequence[Build], after: Sequence[Build]) -> Iterator[_Work]:
    first, second = _medians(before), _medians(after)
    pairs = dict(match_steps(scenario_cells(before), scenario_cells(after)))
    for old, new in pairs.items():
        yield _Work("longer", step_label(new.instruction), first.get(old, 0.0), second.get(new, 0.0))
    for key, seconds in first.items():
        if key not in pairs:
            yield _Work("gone", _name(key), seconds, 0.0)
    matched = set(pairs.values())
    for key, seconds in second.items():
        if key not in matched:
            yield _Work("new", _name(key), 0.0, seconds)
    yield _Work("longer", "", _export_seconds(before), _export_seconds(after))


def _name(key: StepKey) -> str:
    """What a step of one side is called: its own text where that is short, for others may have the same label."""
    text = " ".join(key.instruction.split())
    return text if len(text) <= LABEL_LENGTH else step_label(key.instruction)


def _medians(builds: Sequence[Build]) -> dict[StepKey, float]:
    """What each step took; sources (FROM) are left out, as they are where steps are matched."""
    seconds: dict[StepKey, list[float]] = {}
    for build in builds:
        if is_valid(build):
            for key, step in keyed_steps(build):
                if step.cached is not None:
                    seconds.setdefault(key, []).append(0.0 if step.cached else step.seconds or 0.0)
    return {key: median(its) for key, its in seconds.items()}


def _export_seconds(builds: Sequence[Build]) -> float:
    seconds = [build.export_seconds for build in builds if is_valid(build) and build.export_seconds is not None]
    return median(seconds) if seconds else 0.0


def _clause(work: _Work) -> str:
    before, after = format_seconds(work.before_seconds), format_seconds(work.after_seconds)
    match work.kind:
        case "new":
            return f"{work.label} ({after}) is new"
        case "gone":
            return f"{work.label} ({before}) is gone"
    if not work.label:
        return f"writing the image takes {after} instead of {before}"
    if not work.before_seconds:
        return f"{work.label} runs ({after})"
    if not work.after_seconds:
        return f"{work.label} is cached ({before})"
    return f"{work.label} takes {after} instead of {before}"


def _many(works: Sequence[_Work], count: int, *, is_slower: bool) -> str:
    """Many small differences, as a slower machine makes them."""
    seconds = sum(abs(work.gain_seconds) for work in works)
    return (
        f"no single step: {len(works)} of {count} take {'longer' if is_slower else 'less'}, "
        f"{format_seconds(seconds)} in all"
    )
