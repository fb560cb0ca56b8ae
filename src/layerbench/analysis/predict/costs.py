"""What the steps of a variant cost, out of a result file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, median_low

from layerbench.analysis.comparison.redeploy import redeploy_of
from layerbench.analysis.explain.models import StepName
from layerbench.analysis.predict.export import export_costs
from layerbench.analysis.predict.models import MeasuredCosts, SameBuilds
from layerbench.analysis.steps import StepKey, is_valid, keyed_steps
from layerbench.results.models import Build, Result


def measured_costs(
    result: Result, variant: str, steps: Sequence[StepName], without: Collection[str] = ()
) -> MeasuredCosts | None:
    """Medians over the builds of a variant that count, by the positions of other steps of the same names.

    Steps are matched by stage and text: what was measured under another text is not known.

    Args:
        result: the measured builds.
        variant: whose.
        steps: the steps of the build that is yet to come.
        without: scenarios that are left out of account, to hold a prediction against them.

    Returns:
        None where no build of the variant counts.
    """
    builds = [
        build
        for build in result.builds
        if build.variant == variant and is_valid(build) and build.scenario not in without
    ]
    runs = [run for build in builds if (run := _Run.of(build)) is not None]
    if not runs:
        return None
    positions = _positions(steps)
    exports = export_costs(result, builds)
    rebuilds = _rebuilds(result, runs)
    return MeasuredCosts(
        step_seconds=_preferred(runs, rebuilds, lambda run: run.step_seconds, positions),
        other_seconds=median(run.other_seconds for run in rebuilds or runs) + exports.base_seconds,
        export_seconds_by_step={
            positions[key]: seconds for key, seconds in exports.seconds_by_step.items() if key in positions
        },
        layer_bytes={positions[key]: count for key, count in _layer_bytes(builds).items() if key in positions},
        wait_seconds=_preferred(runs, rebuilds, lambda run: run.wait_seconds, positions),
        new_layer_seconds=exports.new_layer_seconds,
        inputs=_inputs(builds, positions),
        same_builds=_same_builds(result, variant, runs, positions),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One build as a time line."""

    build: Build
    wall_seconds: float
    step_seconds: Mapping[StepKey, float]
    """Of steps that ran."""
    wait_seconds: Mapping[StepKey, float]
    other_seconds: float
    """Wall time without export and without the time from the first step's start to the last one's end."""

    @classmethod
    def of(cls, build: Build) -> _Run | None:
        """The build's time line; None where times are missing."""
        keyed = keyed_steps(build)
        ran = [at for at, (_, step) in enumerate(keyed) if step.cached is False]
        if build.wall_seconds is None or any(
            keyed[at][1].seconds is None or keyed[at][1].started_seconds is None for at in ran
        ):
            return None
        starts = {at: keyed[at][1].started_seconds or 0.0 for at in ran}
        ends = {at: starts[at] + (keyed[at][1].seconds or 0.0) for at in ran}
        waits = {
            keyed[at][0]: max(0.0, starts[at] - ready)
            for at in ran
            if (ready := _ready_seconds(build, at, ends)) is not None
        }
        span = max(ends.values()) - min(starts.values()) if ran else 0.0
        return cls(
            build,
            build.wall_seconds,
            {keyed[at][0]: keyed[at][1].seconds or 0.0 for at in ran},
            waits,
            max(0.0, build.wall_seconds - (build.export_seconds or 0.0) - span),
        )


def _ready_seconds(build: Build, at: int, ends: Mapping[int, float]) -> float | None:
    """When the last of the steps that a step builds on had ended; None where none of them ran."""
    seen: set[int] = set()
    waiting = list(build.steps[at].inputs)
    found: list[float] = []
    while waiting:
        one = waiting.pop()
        if one in seen or not 0 <= one < len(build.steps):
            continue
        seen.add(one)
        if one in ends:
            found.append(ends[one])
        else:
            waiting += build.steps[one].inputs
    return max(found, default=None)


def _positions(steps: Sequence[StepName]) -> dict[StepKey, int]:
    """The positions of steps, by the keys that they have in a result."""
    found: dict[StepKey, int] = {}
    for step in steps:
        key = StepKey(None, step.stage, step.instruction, 0)
        while key in found:
            key = key._replace(occurrence=key.occurrence + 1)
        found[key] = step.position
    return found


def _medians(values: Mapping[StepKey, Sequence[float]], positions: Mapping[StepKey, int]) -> dict[int, float]:
    return {positions[_plain(key)]: median(some) for key, some in values.items() if _plain(key) in positions}


def _plain(key: StepKey) -> StepKey:
    """The key without its platform: a bench file builds a variant for one."""
    return key._replace(platform=None)


def _rebuilds(result: Result, runs: Sequence[_Run]) -> list[_Run]:
    """The builds on a filled cache."""
    kinds = {one.name: one.kind for one in result.bench.scenarios}
    return [run for run in runs if kinds.get(run.build.scenario) != "cold"]


def _preferred(
    runs: Sequence[_Run],
    rebuilds: Sequence[_Run],
    seconds_of: Callable[[_Run], Mapping[StepKey, float]],
    positions: Mapping[StepKey, int],
) -> dict[int, float]:
    """Medians over rebuilds; over all builds only of what ran in no rebuild.

    A cold build does more than a rebuild of the same steps: its cache mounts are empty, and more runs beside each step.
    """
    found: dict[int, float] = {}
    for some in (runs, rebuilds):
        values: defaultdict[StepKey, list[float]] = defaultdict(list)
        for run in some:
            for key, seconds in seconds_of(run).items():
                values[key].append(seconds)
        found |= _medians(values, positions)
    return found


def _inputs(builds: Sequence[Build], positions: Mapping[StepKey, int]) -> dict[int, tuple[int, ...]]:
    """What each step builds on, as the records say; those that are not among the steps are left out."""
    found: dict[int, tuple[int, ...]] = {}
    for build in builds:
        keys = [_plain(key) for key, _ in keyed_steps(build)]
        for key, step in zip(keys, build.steps, strict=True):
            before = (keys[at] for at in step.inputs if 0 <= at < len(keys))
            if key in positions:
                found[positions[key]] = tuple(positions[one] for one in before if one in positions)
    return found


def _layer_bytes(builds: Sequence[Build]) -> dict[StepKey, int]:
    found: defaultdict[StepKey, list[int]] = defaultdict(list)
    for build in builds:
        keys = [_plain(key) for key, _ in keyed_steps(build)]
        for layer in build.image.layers if build.image else ():
            if layer.step is not None and 0 <= layer.step < len(keys):
                found[keys[layer.step]].append(layer.compressed_bytes)
    return {key: median_low(counts) for key, counts in found.items()}


def _same_builds(
    result: Result, variant: str, runs: Sequence[_Run], positions: Mapping[StepKey, int]
) -> dict[frozenset[int], SameBuilds]:
    groups: defaultdict[frozenset[StepKey], list[_Run]] = defaultdict(list)
    for run in runs:
        groups[frozenset(map(_plain, run.step_seconds))].append(run)
    return {
        frozenset(positions[key] for key in keys): _same(result, variant, group, positions)
        for keys, group in groups.items()
        if keys <= positions.keys()
    }


def _same(result: Result, variant: str, runs: Sequence[_Run], positions: Mapping[StepKey, int]) -> SameBuilds:
    seconds: defaultdict[StepKey, list[float]] = defaultdict(list)
    for run in runs:
        for key, taken in run.step_seconds.items():
            seconds[_plain(key)].append(taken)
    scenarios = tuple(dict.fromkeys(run.build.scenario for run in runs))
    return SameBuilds(
        scenarios=scenarios,
        step_seconds=_medians(seconds, positions),
        wall_seconds=median(run.wall_seconds for run in runs),
        redeploy_bytes=median_low(counts) if (counts := list(_redeploys(result, variant, scenarios))) else None,
    )


def _redeploys(result: Result, variant: str, scenarios: Sequence[str]) -> Iterator[int]:
    for scenario in scenarios:
        found = redeploy_of(result, variant, scenario)
        if found is not None:
            yield found.median
