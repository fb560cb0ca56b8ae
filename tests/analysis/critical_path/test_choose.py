"""Which of several rounds is looked at."""

from __future__ import annotations

from dataclasses import replace

from layerbench.analysis.critical_path.choose import choose, chosen_builds
from layerbench.results.models import StepError
from tests.analysis.critical_path.builds import build, step
from tests.results import factory

ONE = build(step(0, 1), wall=1.0)


def chosen(*walls: float | None) -> tuple[int, str]:
    found = choose([replace(ONE, round=at, wall_seconds=wall) for at, wall in enumerate(walls, start=1)])
    assert found is not None
    return found.build.round, found.reason


def test_the_median_round() -> None:
    assert chosen(3.0, 1.0, 2.0) == (3, "the median of 3 rounds, 2.00 s")
    assert chosen(4.0, 1.0, 2.0, 3.0) == (3, "the quicker of the middle two of 4 rounds, 2.00 s")
    assert chosen(1.5) == (1, "the only one that counts, 1.50 s")
    assert chosen(None) == (1, "its wall time is not known")


def test_builds_that_do_not_count_are_looked_at_only_where_there_is_no_other() -> None:
    invalid = replace(ONE, invalid="WORKDIR was cached", wall_seconds=0.1)
    error = StepError(0, 7, "exit code: 7")
    failed = replace(ONE, round=2, outcome="failed", error=error, wall_seconds=9.0)
    found = choose([invalid, failed, replace(ONE, round=3)])
    assert found is not None
    assert found.build.round == 3
    found = choose([invalid, failed])
    assert found is not None
    assert (found.build.round, found.reason) == (2, "failed: RUN work ended with exit code 7")
    found = choose([invalid])
    assert found is not None
    assert found.reason == "no round counts: WORKDIR was cached"
    assert choose([]) is None


def test_one_build_for_each_variant_and_scenario() -> None:
    result = factory.result(rounds=3)
    found = [(one.build.variant, one.build.scenario) for one in chosen_builds(result)]
    assert found == [
        (variant.name, scenario.name) for variant in result.bench.variants for scenario in result.bench.scenarios
    ]
