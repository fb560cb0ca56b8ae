from __future__ import annotations

import dataclasses
import random

import pytest

from layerbench.analysis.trend.time_causes import time_causes
from layerbench.results.models import Build, Result, Step
from tests.analysis.comparison.factory import each, result, uncached

ROUNDS = 8


def builds(whole: Result, scenario: str = "cold") -> list[Build]:
    return [build for build in whole.builds if build.scenario == scenario]


def with_step(whole: Result, instruction: str, seconds: float) -> Result:
    """The result with one more step at the end of each build."""

    def change(build: Build) -> Build:
        step = dataclasses.replace(build.steps[-1], instruction=instruction, cached=False, seconds=seconds)
        return dataclasses.replace(build, steps=(*build.steps, step))

    return each(whole, change)


def timed(whole: Result, text: str, seconds: float) -> Result:
    """The result with the steps of that text taking so long."""

    def step(one: Step) -> Step:
        return dataclasses.replace(one, seconds=seconds) if text in one.instruction else one

    return each(whole, lambda build: dataclasses.replace(build, steps=tuple(map(step, build.steps))))


BASE = result("single", rounds=ROUNDS)


def test_a_step_that_came_in_and_one_that_went_are_named_by_their_text() -> None:
    docs = builds(with_step(BASE, "RUN make docs", 15.0))
    assert time_causes(builds(BASE), docs, 15.1) == ("RUN make docs (15.0 s) is new",)
    assert time_causes(docs, builds(BASE), -15.1) == ("RUN make docs (15.0 s) is gone",)


def test_a_step_that_took_another_ones_place_is_held_against_it() -> None:
    before, after = with_step(BASE, "RUN ./build.sh", 10.0), with_step(BASE, "RUN ./compile.sh", 15.0)
    assert time_causes(builds(before), builds(after), 5.0) == (
        "RUN ./compile.sh (15.0 s) is new",
        "RUN ./build.sh (10.0 s) is gone",
    )


def test_a_step_that_takes_longer_is_named_with_both_medians() -> None:
    before, after = builds(timed(BASE, "pip install", 3.0)), builds(timed(BASE, "pip install", 9.0))
    assert time_causes(before, after, 6.2) == ("pip install takes 9.00 s instead of 3.00 s",)
    assert time_causes(after, before, -6.2) == ("pip install takes 3.00 s instead of 9.00 s",)
    assert time_causes(before, after, -6.2) == ()


def test_a_hit_that_was_lost_in_most_rounds_and_one_that_was_won() -> None:
    lost = uncached(BASE, "pip install", "touch", rounds=range(1, 6))
    assert time_causes(builds(BASE, "touch"), builds(lost, "touch"), 2.5) == ("pip install runs (2.50 s)",)
    assert time_causes(builds(lost, "touch"), builds(BASE, "touch"), -2.5) == ("pip install is cached (2.50 s)",)


def test_the_writing_of_the_image_is_a_cause_too() -> None:
    slow = each(BASE, lambda build: dataclasses.replace(build, export_seconds=4.0))
    [told] = time_causes(builds(BASE), builds(slow), 3.9)
    assert told.startswith("writing the image takes 4.00 s instead of ")


def test_many_small_differences_are_counted_and_nothing_is_nothing() -> None:
    before = after = BASE
    for number in range(6):
        before = with_step(before, f"RUN ./part-{number}.sh", 1.0)
        after = with_step(after, f"RUN ./part-{number}.sh", 1.2)
    [told] = time_causes(builds(before), builds(after), 1.2)
    assert told.startswith("no single step: 6 of ")
    assert told.endswith(" take longer, 1.20 s in all")
    assert time_causes(builds(BASE), builds(BASE), 1.2) == ()
    assert time_causes((), (), 1.2) == ()


@pytest.mark.parametrize("seed", range(20))
def test_a_planted_step_is_named_in_noise_of_a_few_per_cent(seed: int) -> None:
    """Where a comparison of eight rounds leaves it open, the medians still tell which step it is."""
    chance = random.Random(seed)

    def scattered(build: Build) -> Build:
        steps = tuple(
            dataclasses.replace(step, seconds=(step.seconds or 0) * chance.lognormvariate(0, 0.04))
            for step in build.steps
        )
        return dataclasses.replace(build, steps=steps)

    before, after = each(BASE, scattered), each(timed(BASE, "pip install", 3.4), scattered)
    told = time_causes(builds(before), builds(after), 0.56)
    assert told
    assert told[0].startswith("pip install takes")
    assert len(told) == 1
