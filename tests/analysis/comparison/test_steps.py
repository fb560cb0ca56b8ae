from __future__ import annotations

import dataclasses

from layerbench.analysis.comparison.steps import step_changes
from layerbench.results.models import Build, Result, Step
from tests.analysis.comparison.factory import result, uncached
from tests.results import factory


def builds(whole: Result, scenario: str = "edit-source", variant: str = "single") -> list[Build]:
    return [one for one in whole.builds if (one.variant, one.scenario) == (variant, scenario)]


def texts(base: list[Build], head: list[Build]) -> tuple[list[str], list[str]]:
    lost, won = step_changes(base, head)
    return [one.instruction for one in lost], [one.instruction for one in won]


def test_a_step_that_runs_again_is_lost_and_the_other_way_round_won() -> None:
    base = result("single")
    head = uncached(base, "pip install", "edit-source")
    [lost], won = step_changes(builds(base), builds(head))
    assert won == ()
    assert lost.instruction == "RUN pip install --no-cache-dir -r requirements.txt"
    assert (lost.line_base, lost.line_head, lost.seconds) == (5, 5, 2.5)
    assert (lost.rounds_ran, lost.rounds) == (10, 10)
    assert texts(builds(head), builds(base)) == ([], [lost.instruction])
    assert texts(builds(base), builds(base)) == ([], [])


def test_one_round_without_the_cache_is_enough_to_lose_it() -> None:
    base = result("single", rounds=5)
    head = uncached(base, "pip install", "edit-source", rounds=[3])
    [lost], _ = step_changes(builds(base), builds(head))
    assert (lost.rounds_ran, lost.rounds) == (1, 5)
    # What was not cached in all rounds of base cannot be lost.
    assert texts(builds(head), builds(uncached(base, "pip install", "edit-source"))) == ([], [])


def test_rounds_that_do_not_count_lose_nothing() -> None:
    base = result("single", rounds=3)
    head = uncached(base, "pip install", "edit-source", rounds=[3])
    assert texts(builds(base), builds(factory.change(head, "single", "edit-source", (3,), invalid="x"))) == ([], [])
    assert texts(builds(base), builds(factory.fail(base, "single", "edit-source"))) == ([], [])


def test_steps_of_other_dockerfiles_are_matched_by_what_they_do() -> None:
    whole = result("naive", "single", "multi")
    lost, won = texts(builds(whole, variant="naive"), builds(whole, variant="single"))
    assert (lost, won) == ([], ["RUN pip install -r requirements.txt"])
    lost, won = texts(builds(whole, variant="multi"), builds(whole, variant="naive"))
    assert (lost, won) == (["RUN pip install -r requirements.txt"], [])


def test_a_step_of_one_side_only_is_neither_lost_nor_won() -> None:
    base = builds(result("single", rounds=1))
    more = Step(None, 6, 6, "RUN make docs", 7, 7, cached=False, seconds=3.0, started_seconds=0.0)
    head = [dataclasses.replace(one, steps=(*one.steps, more)) for one in base]
    assert texts(base, head) == ([], [])
    assert texts(head, base) == ([], [])


def test_the_same_text_twice_is_matched_in_order_and_across_stages() -> None:
    def build(*steps: tuple[str | None, str, bool]) -> Build:
        made = tuple(
            Step(stage, at, len(steps), text, at, at, cached, 1.0, 0.0)
            for at, (stage, text, cached) in enumerate(steps, start=1)
        )
        return Build("v", "edit", 1, "built", 1.0, None, None, made)

    base = build(("a", "RUN make", True), ("a", "RUN make", True), ("b", "RUN echo", True))
    head = build(("x", "RUN make", True), ("x", "RUN make", False), ("x", "RUN echo", False))
    lost, _ = step_changes([base], [head])
    assert [(one.instruction, one.line_base, one.line_head) for one in lost] == [
        ("RUN make", 2, 2),
        ("RUN echo", 3, 3),
    ]
