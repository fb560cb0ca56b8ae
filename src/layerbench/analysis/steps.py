"""Steps of builds laid side by side: which Dockerfile step was cached, or how long it took, in which scenario."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from layerbench.analysis.stats import Spread, spread
from layerbench.results.models import Build, Result, Step

CellState = Literal["cached", "ran", "varies", "source", "failed", "not-run"]


class StepKey(NamedTuple):
    """What a step is matched by between builds. Positions and digests shift with edits; stage and text do not."""

    platform: str | None
    stage: str | None
    instruction: str
    occurrence: int
    """0 for the first step of that text in its stage, 1 for the second."""


@dataclass(frozen=True, slots=True)
class StepCell:
    """One step in one scenario, over all valid builds.

    `varies`: cached in some rounds only. `failed`: no build counts, and this step is where one failed. `not-run`: no
    build that counts had the step.
    """

    state: CellState
    rounds: int = 0
    """Builds that had the step."""
    cached_rounds: int = 0
    seconds: Spread | None = None
    """Over the rounds in which it ran."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One Dockerfile step; `cells` has one entry a scenario, in the order of the table's `scenarios`."""

    key: StepKey
    line_start: int | None
    line_end: int | None
    cells: tuple[StepCell, ...]


@dataclass(frozen=True, slots=True)
class StepTable:
    """The steps of one variant, in the order of its Dockerfile."""

    variant: str
    scenarios: tuple[str, ...]
    rows: tuple[StepRow, ...]
    export_seconds: tuple[Spread | None, ...]
    """Export of the image, a scenario."""
    wall_seconds: tuple[Spread | None, ...]
    """The whole build, a scenario."""


def is_valid(build: Build) -> bool:
    """Whether a build enters figures: it was built, from the cache that its scenario says."""
    return build.outcome == "built" and build.invalid is None


def line_of_layer(build: Build, layer: int) -> int | None:
    """The line of the step that made a layer, by the layer's position; None for the base's."""
    layers = build.image.layers if build.image else ()
    step = layers[layer].step if 0 <= layer < len(layers) else None
    return build.steps[step].line_start if step is not None and 0 <= step < len(build.steps) else None


def keyed_steps(build: Build) -> tuple[tuple[StepKey, Step], ...]:
    """A build's steps with the keys that they have in every build of the variant."""
    keyed: dict[StepKey, Step] = {}
    for step in build.steps:
        key = StepKey(step.platform, step.stage, step.instruction, 0)
        while key in keyed:
            key = key._replace(occurrence=key.occurrence + 1)
        keyed[key] = step
    return tuple(keyed.items())


def step_table(result: Result, variant: str) -> StepTable:
    """The steps of a variant by scenario, for the scenarios in which it was built."""
    by_scenario: dict[str, list[Build]] = {scenario.name: [] for scenario in result.bench.scenarios}
    for build in result.builds:
        if build.variant == variant:
            by_scenario.setdefault(build.scenario, []).append(build)
    by_scenario = {name: builds for name, builds in by_scenario.items() if builds}
    columns = [scenario_cells(builds) for builds in by_scenario.values()]
    keys = _merge_orders(keyed_steps(build) for builds in by_scenario.values() for build in builds)
    valid = [[build for build in builds if is_valid(build)] for builds in by_scenario.values()]
    return StepTable(
        variant=variant,
        scenarios=tuple(by_scenario),
        rows=tuple(
            StepRow(
                key, step.line_start, step.line_end, tuple(column.get(key, StepCell("not-run")) for column in columns)
            )
            for key, step in keys.items()
        ),
        export_seconds=tuple(spread(build.export_seconds for build in builds) for builds in valid),
        wall_seconds=tuple(spread(build.wall_seconds for build in builds) for builds in valid),
    )


def scenario_cells(builds: Sequence[Build]) -> dict[StepKey, StepCell]:
    """What each step of some builds of one variant in one scenario did; failed and invalid builds are left out."""
    found: defaultdict[StepKey, list[Step]] = defaultdict(list)
    for build in builds:
        if is_valid(build):
            for key, step in keyed_steps(build):
                found[key].append(step)
    if not found:
        return {key: StepCell("failed") for build in builds for key in _failed_steps(build)}
    return {key: _cell(steps) for key, steps in found.items()}


def _cell(steps: Sequence[Step]) -> StepCell:
    cached = sum(step.cached is True for step in steps)
    ran = [step for step in steps if step.cached is False]
    state: CellState
    if not cached and not ran:
        state = "source"
        seconds = spread(step.seconds for step in steps)
    else:
        state = "varies" if cached and ran else "ran" if ran else "cached"
        seconds = spread(step.seconds for step in ran)
    return StepCell(state, len(steps), cached, seconds)


def _failed_steps(build: Build) -> tuple[StepKey, ...]:
    at = build.error.step if build.error else None
    if build.outcome != "failed" or at is None or not 0 <= at < len(build.steps):
        return ()
    return (keyed_steps(build)[at][0],)


def _merge_orders(builds: Iterable[tuple[tuple[StepKey, Step], ...]]) -> dict[StepKey, Step]:
    """All steps of some builds in one order: a step that one build has in addition stands behind its predecessor."""
    order: list[StepKey] = []
    steps: dict[StepKey, Step] = {}
    for keyed in builds:
        at = 0
        for key, step in keyed:
            if key not in steps:
                order.insert(at, key)
                steps[key] = step
                at += 1
            elif at < len(order) and order[at] == key:
                at += 1
            else:
                at = order.index(key) + 1
    return {key: steps[key] for key in order}
