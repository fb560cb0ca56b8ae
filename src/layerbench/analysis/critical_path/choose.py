"""Which build of several rounds is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from layerbench.analysis.figures import failure_reason
from layerbench.analysis.steps import is_valid
from layerbench.results.models import Build, Result
from layerbench.units import format_seconds


@dataclass(frozen=True, slots=True)
class ChosenBuild:
    """One build of a variant in a scenario, and why this one."""

    build: Build
    reason: str
    """`the median of 5 rounds`, without the round's number."""


def chosen_builds(result: Result) -> tuple[ChosenBuild, ...]:
    """One build for each variant in each scenario, in the order of the bench file."""
    variants = dict.fromkeys((*(one.name for one in result.bench.variants), *(one.variant for one in result.builds)))
    scenarios = dict.fromkeys((*(one.name for one in result.bench.scenarios), *(one.scenario for one in result.builds)))
    builds: defaultdict[tuple[str, str], list[Build]] = defaultdict(list)
    for build in result.builds:
        builds[build.variant, build.scenario].append(build)
    found = (choose(builds[variant, scenario]) for variant in variants for scenario in scenarios)
    return tuple(chosen for chosen in found if chosen is not None)


def choose(builds: Sequence[Build]) -> ChosenBuild | None:
    """The build with the median wall time of those that count, the quicker of the middle two; else one that failed."""
    valid = [build for build in builds if is_valid(build)]
    timed = sorted(
        (build for build in valid if build.wall_seconds is not None), key=lambda build: build.wall_seconds or 0
    )
    if timed:
        middle = timed[(len(timed) - 1) // 2]
        return ChosenBuild(middle, _median_reason(len(timed), middle.wall_seconds or 0.0))
    if valid:
        return ChosenBuild(valid[0], "its wall time is not known")
    if not builds:
        return None
    # The one that got furthest tells the most.
    failed = max(builds, key=lambda build: build.wall_seconds or 0.0)
    if failed.outcome == "built":
        return ChosenBuild(failed, f"no round counts: {failed.invalid}")
    return ChosenBuild(failed, f"{failed.outcome}: {failure_reason(failed)}")


def _median_reason(count: int, wall_seconds: float) -> str:
    if count == 1:
        return f"the only one that counts, {format_seconds(wall_seconds)}"
    which = "the median" if count % 2 else "the quicker of the middle two"
    return f"{which} of {count} rounds, {format_seconds(wall_seconds)}"
