"""Predicted seconds held against measured ones, on a result that has both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.predict.costs import measured_costs
from layerbench.analysis.predict.models import ForeseenStep
from layerbench.analysis.predict.predict import predict
from layerbench.analysis.steps import is_valid
from layerbench.results.models import Build, Result


@dataclass(frozen=True, slots=True)
class CheckedSeconds:
    """One variant in one scenario."""

    variant: str
    scenario: str
    measured_seconds: float
    """Median of the builds."""
    predicted_seconds: float | None
    """From all other scenarios of the variant; None where they do not tell."""

    @property
    def error(self) -> float | None:
        """Share of the measured seconds by which the prediction is off."""
        if self.predicted_seconds is None:
            return None
        return abs(self.predicted_seconds - self.measured_seconds) / self.measured_seconds


def check_seconds(result: Result, *, composed: bool = False) -> tuple[CheckedSeconds, ...]:
    """Predict each rebuild (every scenario but the cold ones) without having seen it.

    The steps that run are taken from the measured builds: this is about seconds, not about cache hits.

    Args:
        result: the measured builds.
        composed: leave out the other scenarios in which just the same steps ran as well, so that each prediction is
            put together from single steps; scenarios in which no step ran are not looked at.
    """
    return tuple(_checks(result, composed=composed))


def median_error(checked: tuple[CheckedSeconds, ...]) -> float | None:
    """The middle one of the errors; None where nothing could be predicted."""
    errors = [one.error for one in checked if one.error is not None]
    return median(errors) if errors else None


def _checks(result: Result, *, composed: bool) -> Iterator[CheckedSeconds]:
    rebuilds = [one.name for one in result.bench.scenarios if one.kind != "cold"]
    for variant in dict.fromkeys(build.variant for build in result.builds):
        by_scenario = {
            name: [
                build
                for build in result.builds
                if (build.variant, build.scenario) == (variant, name)
                and is_valid(build)
                and build.wall_seconds is not None
            ]
            for name in rebuilds
        }
        for scenario, builds in by_scenario.items():
            if not builds or (composed and not _ran(builds[0])):
                continue
            alike = (
                {name for name, some in by_scenario.items() if some and _ran(some[0]) == _ran(builds[0])}
                if composed
                else set()
            )
            foreseen = _foreseen(builds[0])
            costs = measured_costs(result, variant, [one.step for one in foreseen], {scenario, *alike})
            yield CheckedSeconds(
                variant,
                scenario,
                median(build.wall_seconds or 0.0 for build in builds),
                predict(variant, foreseen, costs).total_seconds,
            )


def _ran(build: Build) -> frozenset[tuple[str | None, str]]:
    return frozenset((step.stage, step.instruction) for step in build.steps if step.cached is False)


def _foreseen(build: Build) -> tuple[ForeseenStep, ...]:
    return tuple(
        ForeseenStep(
            StepName(at, step.stage, step.index, step.instruction, step.line_start),
            "hit" if step.cached else "ran",
            "derived",
        )
        for at, step in enumerate(build.steps)
        if step.cached is not None
    )
