"""How long builds will take, from how long they took."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from layerbench.config.models import COLD, WARM
from layerbench.errors import UsageError
from layerbench.plan import Plan
from layerbench.results.location import default_result_path
from layerbench.results.models import Build

Durations = Mapping[tuple[str, str], float]
"""Median wall seconds of a variant in a scenario."""


def known_durations(builds: Iterable[Build]) -> Durations:
    """What builds of each variant and scenario took."""
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for build in builds:
        if build.outcome == "built" and build.wall_seconds is not None:
            seconds[build.variant, build.scenario].append(build.wall_seconds)
    return {key: statistics.median(values) for key, values in seconds.items()}


def last_durations(bench_name: str, folder: Path) -> Durations:
    """What builds took in the last run of a bench file; nothing where none is known.

    An unreadable file of an earlier run is no reason to fail: these are estimates.
    """
    from layerbench.results.file import read_result

    path = default_result_path(bench_name, folder)
    try:
        return known_durations(read_result(path).builds) if path.is_file() else {}
    except UsageError:
        return {}


def plan_seconds(plan: Plan, durations: Durations) -> float | None:
    """What the builds of a plan will take together; None where one of them was never timed."""
    wanted = [(build.variant.name, build.scenario.name) for build in plan.builds]
    wanted += [(base.variant.name, "cold") for a_round in plan.rounds for base in a_round.bases]
    known = [durations.get(key) for key in wanted]
    return None if None in known else sum(seconds for seconds in known if seconds is not None)


class RestEstimate:
    """What is left of a run, from earlier runs at first and from this one as it goes on."""

    def __init__(self, earlier: Durations, keys: Iterable[tuple[str, str]]) -> None:
        self._earlier = earlier
        self._left = list(keys)
        self._done: list[Build] = []

    def add(self, build: Build) -> None:
        """A build has ended."""
        if (build.variant, build.scenario) in self._left:
            self._left.remove((build.variant, build.scenario))
        self._done.append(build)

    def seconds(self) -> float | None:
        """Seconds until the last build ends; None where too little is known.

        An edit that was never timed is taken to cost what a cold build does. Before each edit its variant is built
        warm once more, which is no build of its own in the plan.
        """
        known = {**self._earlier, **known_durations(self._done)}
        rest = 0.0
        for variant, scenario in self._left:
            seconds = known.get((variant, scenario), known.get((variant, COLD.name)))
            if seconds is None:
                return None
            is_edit = scenario not in (COLD.name, WARM.name)
            rest += seconds + (known.get((variant, WARM.name), 0.0) if is_edit else 0.0)
        return rest
