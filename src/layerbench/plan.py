"""From a bench file to the ordered list of builds that a run does; pure: nothing is read or started."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from layerbench.config.models import BenchFile, Scenario, Variant


@dataclass(frozen=True, slots=True)
class PlannedBuild:
    """One build that is measured."""

    variant: Variant
    scenario: Scenario
    round: int

    @property
    def key(self) -> tuple[str, str, int]:
        """What a build record of it is found by."""
        return (self.variant.name, self.scenario.name, self.round)


@dataclass(frozen=True, slots=True)
class PreparedBase:
    """The cold build that fills a variant's cache for a round whose `cold` is not measured."""

    variant: Variant
    round: int


@dataclass(frozen=True, slots=True)
class Round:
    """One pass: first the bases that no measured cold build makes, then the measured builds."""

    number: int
    bases: tuple[PreparedBase, ...]
    builds: tuple[PlannedBuild, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All rounds of a run."""

    rounds: tuple[Round, ...]

    @property
    def builds(self) -> tuple[PlannedBuild, ...]:
        """Every measured build, in order."""
        return tuple(build for a_round in self.rounds for build in a_round.builds)


def make_plan(bench: BenchFile, done: Collection[tuple[str, str, int]] = ()) -> Plan:
    """Order the builds: round by round, scenario by scenario, the variants taking turns.

    Variants alternate so that a drift of the machine hits all alike, and every round starts with another
    variant, so that none is always first. A round's warm and edited builds rest on the cold build of the same
    round and variant: an edit whose text is the same in every round would otherwise hit what the round before
    had built.

    Args:
        bench: what to measure.
        done: keys of builds that a resumed run has already.
    """
    once = _edits_nothing(bench.scenarios)
    prepared: set[str] = set()
    rounds: list[Round] = []
    for number in range(1, bench.rounds + 1):
        builds = tuple(build for build in _all_builds(bench, number) if build.key not in done)
        bases = tuple(base for base in _bases(builds, number) if base.variant.name not in prepared)
        if once:
            prepared.update(base.variant.name for base in bases)
        if builds:
            rounds.append(Round(number, bases, builds))
    return Plan(tuple(rounds))


def _all_builds(bench: BenchFile, number: int) -> Iterator[PlannedBuild]:
    variants = _rotate(bench.variants, number - 1)
    ordered = sorted(bench.scenarios, key=lambda scenario: ("cold", "warm", "edit").index(scenario.kind))
    for scenario in ordered:
        for variant in variants:
            if scenario.variants is None or variant.name in scenario.variants:
                yield PlannedBuild(variant, scenario, number)


def _bases(builds: Sequence[PlannedBuild], number: int) -> Iterator[PreparedBase]:
    cold = {build.variant.name for build in builds if build.scenario.kind == "cold"}
    wanted = {build.variant.name: build.variant for build in builds if build.scenario.kind != "cold"}
    for name, variant in wanted.items():
        if name not in cold:
            yield PreparedBase(variant, number)


def _edits_nothing(scenarios: Sequence[Scenario]) -> bool:
    """Whether one base can serve every round: nothing but `warm` is measured."""
    return all(scenario.kind == "warm" for scenario in scenarios)


def _rotate(variants: Sequence[Variant], by: int) -> tuple[Variant, ...]:
    by %= len(variants) or 1
    return (*variants[by:], *variants[:by])
