"""Pairs of builds for simulations: drawn from formulas, and from times that were recorded of real builds."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from layerbench.analysis.comparison.step_times import BuildTimes, compare_build_times
from layerbench.analysis.paired_claims import LOOK_EVERY_ROUNDS, looks_of
from layerbench.results.models import Build, Step

RECORDED = Path(__file__).parent / "data" / "build_times.json"
"""Made by `python -m benchmarks.support.record_build_times` on a machine that did nothing else."""
RECORDED_UNDER_LOAD = RECORDED.with_name("build_times_loaded.json")
"""Made likewise, while some ten processes waited for two processors."""


@dataclass(frozen=True)
class Times:
    """What one build took, in seconds."""

    wall: float
    steps: Mapping[str, float]

    def with_slower(self, step: str, factor: float) -> Times:
        """The same build with one step that takes so many times as long; the whole grows by as many seconds."""
        more = self.steps[step] * (factor - 1)
        return replace(self, wall=self.wall + more, steps={**self.steps, step: self.steps[step] + more})

    def as_build(self, number: int) -> Build:
        steps = tuple(
            Step(None, at, len(self.steps) + 1, f"RUN {name}", at + 1, at + 1, False, seconds, 0.0)
            for at, (name, seconds) in enumerate(self.steps.items(), 2)
        )
        return Build("one", "cold", number, "built", self.wall, None, None, steps)


Draw = Callable[[random.Random], tuple[list[Times], list[Times]]]
"""Draws the rounds of one comparison of equal code: base and head."""


def recorded_rounds(path: Path = RECORDED) -> list[list[tuple[str, Times]]]:
    """The equal builds of each round, in the order in which they were made, with the names of their variants."""
    return [
        [
            (
                build["variant"],
                Times(build["wall"], {name: value for name, value in build.items() if name not in ("variant", "wall")}),
            )
            for build in builds
        ]
        for builds in json.loads(path.read_text())["rounds"]
    ]


def from_recorded(rounds: Sequence[Sequence[tuple[str, Times]]], count: int) -> Draw:
    """Draw rounds that followed each other, from a place at random, and of each round two different builds.

    So what the machine did to both builds of a round, and its drift over the rounds, stay as they were.
    """

    def draw(source: random.Random) -> tuple[list[Times], list[Times]]:
        start = source.randrange(len(rounds))
        pairs = [source.sample(rounds[(start + at) % len(rounds)], 2) for at in range(count)]
        return [pair[0][1] for pair in pairs], [pair[1][1] for pair in pairs]

    return draw


def from_formula(
    steps: Mapping[str, float],
    count: int,
    *,
    scatter: float,
    rest_seconds: float = 0.4,
    outliers: float = 0.0,
    drift: float = 0.0,
    load: float = 0.0,
) -> Draw:
    """Draw log-normal times of each step and of what the build does beside them.

    `scatter` is of each, `drift` a round; `load` is what a round does to both sides; `outliers` is the share of builds
    that take 10 to 50 % longer.
    """

    def one(source: random.Random, both: float) -> Times:
        factor = both * (source.uniform(1.1, 1.5) if source.random() < outliers else 1.0)
        drawn = {name: seconds * factor * source.lognormvariate(0, scatter) for name, seconds in steps.items()}
        return Times(sum(drawn.values()) + rest_seconds * factor * source.lognormvariate(0, scatter), drawn)

    def draw(source: random.Random) -> tuple[list[Times], list[Times]]:
        loads = [math.exp(source.gauss(0, load) + drift * at) for at in range(count)]
        return [one(source, both) for both in loads], [one(source, both) for both in loads]

    return draw


def compared(base: Iterable[Times], head: Iterable[Times], looks: int = 1) -> BuildTimes:
    """The comparison of some rounds."""
    sides = [[times.as_build(at) for at, times in enumerate(side, 1)] for side in (base, head)]
    found = compare_build_times(sides[0], sides[1], looks=looks)
    assert found is not None
    return found


def claims(found: BuildTimes) -> Counter[str]:
    """What is said to differ: `total`, and steps by name; each counts 1."""
    named = {"total": found.total.verdict} | {
        step.instruction.removeprefix("RUN "): step.time.verdict for step in found.steps
    }
    return Counter({name: 1 for name, verdict in named.items() if verdict in ("slower", "faster")})


@dataclass(frozen=True)
class Share:
    """How many of some comparisons claimed something."""

    comparisons: int
    any: int
    """Of the total, or of some step."""
    by_name: Mapping[str, int]


def count_claims(draw: Draw, comparisons: int, *, step: str | None = None, factor: float = 1.0, seed: int = 1) -> Share:
    """Compare again and again, with one of head's steps made slower where one is named."""
    source = random.Random(seed)
    some, names = 0, Counter[str]()
    for _ in range(comparisons):
        base, head = draw(source)
        if step is not None:
            head = [times.with_slower(step, factor) for times in head]
        found = claims(compared(base, head))
        some += bool(found)
        names += found
    return Share(comparisons, some, dict(names))


def count_claims_while_looking(draw: Draw, comparisons: int, most_rounds: int, seed: int = 1) -> Share:
    """Likewise of runs that look after every tenth round and stop at the first claim; equal code."""
    source = random.Random(seed)
    some, names = 0, Counter[str]()
    looks = [*range(LOOK_EVERY_ROUNDS, most_rounds, LOOK_EVERY_ROUNDS), most_rounds]
    for _ in range(comparisons):
        base, head = draw(source)
        for count in looks:
            found = claims(compared(base[:count], head[:count], looks_of(most_rounds)))
            if found:
                some += 1
                names += found
                break
    return Share(comparisons, some, dict(names))
