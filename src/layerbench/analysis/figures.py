"""The figures of a run: what each variant cost in each scenario."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from layerbench.analysis.stats import ByteSpread, Spread, byte_spread, ratio_to, spread
from layerbench.analysis.steps import StepKey, is_valid, keyed_steps
from layerbench.results.models import Build, CompressedBytesSource, Result, ScenarioRecord

ProblemKind = Literal["failed", "cancelled", "invalid"]


@dataclass(frozen=True, slots=True)
class BuildCounts:
    """What became of the builds of one variant in one scenario."""

    planned: int
    valid: int
    failed: int
    cancelled: int
    invalid: int

    @property
    def missing(self) -> int:
        """Planned, but not in the result."""
        return max(0, self.planned - self.valid - self.failed - self.cancelled - self.invalid)


@dataclass(frozen=True, slots=True)
class StepCount:
    """Cached steps of all steps; sources (FROM) are no steps here. Over several builds each has a least and a most."""

    cached_least: int
    cached_most: int
    all_least: int
    all_most: int
    varying: tuple[StepKey, ...]
    """Steps that were cached in some rounds and ran in others."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Builds that enter no figure, for one reason."""

    kind: ProblemKind
    rounds: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class VariantFigures:
    """One variant in one scenario. Ratios are to the best variant there that works; None is unknown."""

    variant: str
    works: bool | None
    """Whether the image passed its smoke test; None where there was none."""
    counts: BuildCounts
    problems: tuple[Problem, ...]
    wall_seconds: Spread | None
    export_seconds: Spread | None
    context_bytes: ByteSpread | None
    steps: StepCount | None
    compressed_bytes: ByteSpread | None
    uncompressed_bytes: ByteSpread | None
    compressed_bytes_source: CompressedBytesSource | None
    """None where builds differ in it: then there is no compressed figure to compare."""
    wall_ratio: float | None = None
    compressed_ratio: float | None = None
    uncompressed_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class ScenarioTable:
    """One scenario with a row a variant, in the order of the bench file."""

    scenario: str
    kind: Literal["cold", "warm", "edit"]
    description: str | None
    rows: tuple[VariantFigures, ...]


def scenario_tables(result: Result) -> tuple[ScenarioTable, ...]:
    """All figures of a run. Scenarios in which nothing was planned or built are left out."""
    builds: defaultdict[tuple[str, str], list[Build]] = defaultdict(list)
    for build in result.builds:
        builds[build.scenario, build.variant].append(build)
    works = {test.variant: test.outcome == "passed" for test in result.smoke_tests}
    names = _in_order((variant.name for variant in result.bench.variants), (build.variant for build in result.builds))
    tables = []
    for scenario in _scenarios(result):
        planned = {name: _planned(result.bench.rounds, scenario, name) for name in names}
        rows = [
            _figures(name, works.get(name), planned[name], builds.get((scenario.name, name), ()))
            for name in names
            if planned[name] or (scenario.name, name) in builds
        ]
        if rows:
            tables.append(ScenarioTable(scenario.name, scenario.kind, scenario.description, _with_ratios(rows)))
    return tuple(tables)


def failure_reason(build: Build) -> str:
    """Why a build failed, in one line: the step, its exit code and the last that it said."""
    error = build.error
    if error is None:
        return "no reason was recorded"
    where = ""
    if error.step is not None and 0 <= error.step < len(build.steps):
        where = build.steps[error.step].instruction
    if error.exit_code is not None:
        what = f"{where} ended with exit code {error.exit_code}".strip()
    else:
        what = f"{where}: {error.message}" if where else error.message
    last = next((line.strip() for line in reversed(error.log_tail) if line.strip()), None)
    return f"{what}: {last}" if last and last not in what else what


def _scenarios(result: Result) -> tuple[ScenarioRecord, ...]:
    known = {scenario.name: scenario for scenario in result.bench.scenarios}
    for build in result.builds:
        known.setdefault(build.scenario, ScenarioRecord(build.scenario, "edit"))
    return tuple(known.values())


def _in_order(*names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))


def _planned(rounds: int, scenario: ScenarioRecord, variant: str) -> int:
    return rounds if scenario.variants is None or variant in scenario.variants else 0


def _figures(variant: str, works: bool | None, planned: int, builds: Sequence[Build]) -> VariantFigures:
    valid = [build for build in builds if is_valid(build)]
    images = [build.image for build in valid if build.image is not None]
    sources = {image.compressed_bytes_source for image in images}
    outcomes = [build.outcome for build in builds]
    return VariantFigures(
        variant=variant,
        works=works,
        counts=BuildCounts(
            planned=planned,
            valid=len(valid),
            failed=outcomes.count("failed"),
            cancelled=outcomes.count("cancelled"),
            invalid=outcomes.count("built") - len(valid),
        ),
        problems=_problems(builds),
        wall_seconds=spread(build.wall_seconds for build in valid),
        export_seconds=spread(build.export_seconds for build in valid),
        context_bytes=byte_spread(build.context_bytes for build in valid),
        steps=_step_count(valid),
        compressed_bytes=byte_spread(image.compressed_bytes for image in images) if len(sources) == 1 else None,
        uncompressed_bytes=byte_spread(image.uncompressed_bytes for image in images),
        compressed_bytes_source=sources.pop() if len(sources) == 1 else None,
    )


def _problems(builds: Sequence[Build]) -> tuple[Problem, ...]:
    grouped: dict[tuple[ProblemKind, str], list[int]] = {}
    for build in builds:
        kind: ProblemKind
        if build.outcome == "built":
            if build.invalid is None:
                continue
            kind, reason = "invalid", build.invalid
        elif build.outcome == "cancelled":
            kind, reason = "cancelled", failure_reason(build) if build.error else "the run was cut short"
        else:
            kind, reason = "failed", failure_reason(build)
        grouped.setdefault((kind, reason), []).append(build.round)
    return tuple(Problem(kind, tuple(rounds), reason) for (kind, reason), rounds in grouped.items())


def _step_count(builds: Sequence[Build]) -> StepCount | None:
    counted = [{key: step.cached for key, step in keyed_steps(build) if step.cached is not None} for build in builds]
    if not any(counted):
        return None
    cached = [sum(steps.values()) for steps in counted]
    every = [len(steps) for steps in counted]
    states: defaultdict[StepKey, set[bool]] = defaultdict(set)
    for steps in counted:
        for key, state in steps.items():
            states[key].add(state)
    varying = tuple(key for key, seen in states.items() if len(seen) == 2)
    return StepCount(min(cached), max(cached), min(every), max(every), varying)


def _with_ratios(rows: Sequence[VariantFigures]) -> tuple[VariantFigures, ...]:
    """The rows with their ratios. What does not work is never the best: a build that leaves things out is no feat."""
    candidates = [row for row in rows if row.works is not False] or rows
    seconds = min((row.wall_seconds.median for row in candidates if row.wall_seconds), default=None)
    uncompressed = min((row.uncompressed_bytes.median for row in candidates if row.uncompressed_bytes), default=None)
    compressed: Mapping[CompressedBytesSource, int | None] = {
        source: min(
            (
                row.compressed_bytes.median
                for row in candidates
                if row.compressed_bytes and row.compressed_bytes_source == source
            ),
            default=None,
        )
        for source in ("manifest", "gzip")
    }
    return tuple(
        replace(
            row,
            wall_ratio=ratio_to(_median(row.wall_seconds), seconds),
            uncompressed_ratio=ratio_to(_median(row.uncompressed_bytes), uncompressed),
            compressed_ratio=ratio_to(
                _median(row.compressed_bytes),
                compressed[row.compressed_bytes_source] if row.compressed_bytes_source else None,
            ),
        )
        for row in rows
    )


def _median(found: Spread | ByteSpread | None) -> float | None:
    return found.median if found else None
