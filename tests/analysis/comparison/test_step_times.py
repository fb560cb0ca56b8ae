"""Times compared step by step: which steps, what is claimed of them, and how often that is wrong."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest

from layerbench.analysis.comparison.step_times import MOST_STEPS, compare_build_times
from layerbench.results.models import Build
from tests.analysis.comparison.factory import compare, pair_of, result
from tests.analysis.simulation import (
    RECORDED,
    RECORDED_UNDER_LOAD,
    Draw,
    Times,
    claims,
    compared,
    count_claims,
    count_claims_while_looking,
    from_formula,
    from_recorded,
    recorded_rounds,
)

STEPS = {"install": 3.0, "make": 0.8, "copy": 0.3}


def drawn(count: int = 10, scatter: float = 0.01, seed: int = 1, **steps: float) -> tuple[list[Times], list[Times]]:
    return from_formula(steps or STEPS, count, scatter=scatter)(random.Random(seed))


def slower(sides: tuple[list[Times], list[Times]], step: str, factor: float) -> tuple[list[Times], list[Times]]:
    return sides[0], [times.with_slower(step, factor) for times in sides[1]]


def builds(times: list[Times]) -> list[Build]:
    return [one.as_build(number) for number, one in enumerate(times, 1)]


def without(build: Build, text: str, **changes: object) -> Build:
    """The build with a step changed."""
    steps = tuple(
        dataclasses.replace(step, **changes) if text in step.instruction else step  # type: ignore[arg-type]
        for step in build.steps
    )
    return dataclasses.replace(build, steps=steps)


def test_a_slower_step_in_a_longer_build_is_found_where_the_total_is_not() -> None:
    found = compared(*slower(drawn(), "make", 1.1))
    assert found.total.verdict in {"undecided", "no-difference"}
    assert claims(found) == {"make": 1}
    [step] = [step for step in found.steps if step.time.verdict == "slower"]
    assert step.time.ratio == pytest.approx(1.1, rel=0.02)
    assert step.seconds_head - step.seconds_base == pytest.approx(0.08, abs=0.02)
    assert step.time.interval_low is not None
    assert 1 < step.time.interval_low < step.time.ratio


def test_sides_swapped_the_same_steps_are_compared_and_it_is_faster() -> None:
    base, head = slower(drawn(), "make", 1.3)
    there, back = compared(base, head), compared(head, base)
    assert [step.instruction for step in there.steps] == [step.instruction for step in back.steps]
    assert {step.instruction: step.time.verdict for step in back.steps}["RUN make"] == "faster"


def test_short_steps_are_not_compared_and_the_longest_come_first() -> None:
    steps = {"tiny": 0.04, "five": 0.5, "of-a-percent": 0.12, "long": 3.0}
    found = compared(*drawn(10, 0.001, 1, **steps))
    assert [step.instruction for step in found.steps] == ["RUN long", "RUN five"]


def test_of_many_steps_the_longest_are_compared() -> None:
    found = compared(*drawn(11, 0.001, 1, **{f"s{at}": 1 + at / 10 for at in range(8)}))
    assert [step.instruction for step in found.steps] == [f"RUN s{at}" for at in (7, 6, 5, 4, 3)]
    assert len(found.steps) == MOST_STEPS


@pytest.mark.parametrize("changes", [{"cached": True}, {"cached": None}, {"seconds": None}, {"seconds": 0.0}])
def test_a_step_that_did_not_run_in_every_round_on_both_sides_is_left_out(changes: dict[str, object]) -> None:
    base, head = map(builds, slower(drawn(), "make", 1.5))
    head[3] = without(head[3], "make", **changes)
    found = compare_build_times(base, head)
    assert found is not None
    assert [step.instruction for step in found.steps] == ["RUN install", "RUN copy"]


def test_only_rounds_that_both_sides_have_count() -> None:
    base, head = map(builds, slower(drawn(14), "make", 1.5))
    head = [dataclasses.replace(one, outcome="failed") if one.round in (2, 3) else one for one in head]
    head[5] = dataclasses.replace(head[5], invalid="the cache was warm")
    base[0] = without(base[0], "make", cached=True)
    found = compare_build_times(base[:13], head[1:])
    assert found is not None
    assert {step.time.rounds for step in found.steps} == {found.total.rounds} == {9}


def test_without_a_common_round_there_is_nothing() -> None:
    base, head = map(builds, drawn())
    assert compare_build_times(base[:5], head[5:]) is None


def test_steps_are_matched_across_stages() -> None:
    base, head = map(builds, slower(drawn(), "make", 1.5))
    head = [without(one, "make", stage="builder", line_start=9) for one in head]
    found = compare_build_times(base, head)
    assert found is not None
    [step] = [step for step in found.steps if step.time.verdict == "slower"]
    assert (step.stage, step.line_base, step.line_head) == ("builder", 4, 9)


def test_a_certain_difference_of_some_milliseconds_is_within_the_noise_floor() -> None:
    base, head = drawn(10, 0.0001, 1, short=0.2, long=1.0)
    found = compared(base, [times.with_slower("short", 1.02) for times in head])
    assert claims(found) == {}
    [short] = [step.time for step in found.steps if step.instruction == "RUN short"]
    assert short.p_value == 2 / 1024
    assert short.noise_floor == pytest.approx(0.025, rel=0.05)


def test_where_times_do_not_compare_no_step_is_compared() -> None:
    base, head = result(), result()
    machine = dataclasses.replace(head.machine, cpu_count=head.machine.cpu_count + 1)
    assert pair_of(compare(base, head), "cold").step_times
    assert pair_of(compare(base, dataclasses.replace(head, machine=machine)), "cold").step_times == ()


def test_a_finding_names_the_step_that_is_slower_in_a_build_that_is_not() -> None:
    base = result()

    def change(build: Build) -> Build:
        return without(build, "pip install", seconds=3.6) if build.scenario == "cold" else build

    head = dataclasses.replace(base, builds=tuple(change(build) for build in base.builds))
    pair = pair_of(compare(base, head), "cold")
    assert [step.stage for step in pair.steps_slower] == [None]
    assert pair.steps_faster == ()
    from layerbench.analysis.comparison.findings import findings

    [told] = [text for text in findings(compare(base, head)) if "pip install takes" in text]
    assert "as long in head as in base (3.60 s against 2." in told


# Simulation. One comparison takes some milliseconds. Were the true share one in a hundred, more than seven of 300 would
# come in one of a hundred such tests.

COMPARISONS, MOST_WRONG = 300, 7

USUAL = from_formula(STEPS, 10, scatter=0.03, outliers=0.03, load=0.05)
MANY = from_formula({f"s{at}": 1.0 for at in range(5)}, 12, scatter=0.05)


@pytest.mark.parametrize("draw", [USUAL, MANY], ids=["usual", "five equal steps"])
def test_of_equal_builds_at_most_one_of_a_hundred_is_claimed_of(draw: Draw) -> None:
    found = count_claims(draw, COMPARISONS)
    assert found.any <= MOST_WRONG, found


def test_looking_twice_keeps_to_one_in_a_hundred_too() -> None:
    found = count_claims_while_looking(from_formula(STEPS, 20, scatter=0.1, outliers=0.05), COMPARISONS, 20)
    assert found.any <= MOST_WRONG, found


def test_without_splitting_the_limit_more_would_be_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the limit is split for: five steps with the whole limit each are wrong more often."""
    from layerbench.analysis.comparison import step_times
    from layerbench.analysis.paired_claims import Limits

    monkeypatch.setattr(step_times, "claim_limits", lambda _, __, steps: Limits(0.01, (0.01,) * steps))
    found = count_claims(MANY, COMPARISONS)
    assert found.any > MOST_WRONG, found


@pytest.mark.parametrize("recorded", [RECORDED, RECORDED_UNDER_LOAD], ids=["idle", "loaded"])
def test_recorded_equal_builds_are_hardly_ever_told_apart(recorded: Path) -> None:
    found = count_claims(from_recorded(recorded_rounds(recorded), 10), COMPARISONS)
    assert found.any <= MOST_WRONG, found


def test_of_builds_recorded_on_an_idle_machine_a_step_that_is_a_fifth_slower_is_found_in_ten_rounds() -> None:
    found = count_claims(from_recorded(recorded_rounds(), 10), 100, step="sleep", factor=1.2)
    assert found.by_name["sleep"] >= 60


def test_of_builds_recorded_under_load_a_step_twice_as_slow_is_found_in_ten_rounds() -> None:
    """25 % scatter."""
    found = count_claims(from_recorded(recorded_rounds(RECORDED_UNDER_LOAD), 10), 100, step="sleep", factor=2.0)
    assert found.by_name["sleep"] >= 60
    assert found.by_name.get("copy", 0) + found.by_name.get("write", 0) <= 4
