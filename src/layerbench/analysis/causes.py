"""Which steps make one variant's builds take longer than another's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from layerbench.analysis.stats import spread
from layerbench.analysis.steps import StepCell, StepKey, is_valid, scenario_cells
from layerbench.analysis.wording import join_words, step_label
from layerbench.results.models import Build
from layerbench.units import format_seconds

_TELLING_SHARE = 0.25
"""A cause explains at least this share of the difference that it is named for."""
_MOST_CAUSES = 2

CauseKind = Literal["missed", "only", "longer", "export"]


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason for a difference in time.

    `missed`: the slow variant ran the step and the fast one had it cached. `only`: the fast one has no such step.
    `longer`: both ran it. `export`: not a step, the writing of the image.
    """

    kind: CauseKind
    label: str
    slow_seconds: float
    fast_seconds: float

    @property
    def gain_seconds(self) -> float:
        """How much of the difference it explains."""
        return self.slow_seconds - self.fast_seconds


@dataclass(frozen=True, slots=True)
class _Work:
    """What the steps of one label cost a variant."""

    seconds: float
    all_cached: bool


def find_causes(slow: Sequence[Build], fast: Sequence[Build], difference_seconds: float) -> tuple[Cause, ...]:
    """The steps that explain most of a difference between two variants in one scenario, the most expensive first.

    Steps of different Dockerfiles are matched on their label (`layerbench.analysis.wording.step_label`).
    """
    slow_work, fast_work = _work(slow), _work(fast)
    causes = [
        _cause(label, work, fast_work.get(label))
        for label, work in slow_work.items()
        if work.seconds > 0 and not work.all_cached
    ]
    export = Cause("export", "", _export_seconds(slow), _export_seconds(fast))
    telling = [cause for cause in (*causes, export) if cause.gain_seconds >= _TELLING_SHARE * difference_seconds]
    telling.sort(key=lambda cause: cause.gain_seconds, reverse=True)
    return tuple(telling[:_MOST_CAUSES])


def steps_that_ran(builds: Sequence[Build], least_seconds: float) -> tuple[Cause, ...]:
    """The steps that ran in all builds of a variant and scenario, and took so long; the most expensive first."""
    ran = [
        Cause("missed", label, work.seconds, 0.0)
        for label, work in _work(builds).items()
        if work.seconds >= least_seconds
    ]
    ran.sort(key=lambda cause: cause.slow_seconds, reverse=True)
    return tuple(ran[:_MOST_CAUSES])


def explain(causes: Sequence[Cause], slow: str, fast: str, *, again: bool, past: bool) -> str:
    """The causes as the end of a sentence that has named the two variants: `: naive runs pip install again (5.9 s)`."""
    missed = [cause for cause in causes if cause.kind == "missed" or (again and cause.kind == "only")]
    parts = []
    if missed:
        named = join_words([f"{cause.label} ({format_seconds(cause.slow_seconds)})" for cause in missed])
        if again and len(missed) == 1:
            named = f"{missed[0].label} again ({format_seconds(missed[0].slow_seconds)})"
        elif again:
            named = f"{named} again"
        parts.append(f"{slow} {'ran' if past else 'runs'} {named}")
    for cause in causes:
        if cause in missed:
            continue
        slow_seconds, fast_seconds = format_seconds(cause.slow_seconds), format_seconds(cause.fast_seconds)
        if cause.kind == "only":
            parts.append(
                f"{slow} {'ran' if past else 'runs'} {cause.label} ({slow_seconds}), which {fast} does not have"
            )
        else:
            what = f"{slow}'s {cause.label}" if cause.kind == "longer" else f"writing the image of {slow}"
            parts.append(f"{what} {'took' if past else 'takes'} {slow_seconds} against {fast_seconds}")
    return f": {', and '.join(parts)}" if parts else ""


def _cause(label: str, slow: _Work, fast: _Work | None) -> Cause:
    if fast is None:
        return Cause("only", label, slow.seconds, 0.0)
    return Cause("missed" if fast.all_cached else "longer", label, slow.seconds, fast.seconds)


def _work(builds: Sequence[Build]) -> dict[str, _Work]:
    cells: defaultdict[str, list[StepCell]] = defaultdict(list)
    for key, cell in scenario_cells(builds).items():
        if cell.state in {"cached", "ran", "varies"}:
            cells[_label(key)].append(cell)
    return {
        label: _Work(
            seconds=sum(cell.seconds.median for cell in some if cell.state == "ran" and cell.seconds),
            all_cached=all(cell.state == "cached" for cell in some),
        )
        for label, some in cells.items()
    }


def _label(key: StepKey) -> str:
    return step_label(key.instruction)


def _export_seconds(builds: Sequence[Build]) -> float:
    found = spread(build.export_seconds for build in builds if is_valid(build))
    return found.median if found else 0.0
