"""How long the rest will take."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.config.models import COLD, WARM, BenchFile, Scenario, Touch, Variant
from layerbench.plan import make_plan
from layerbench.results.file import write_result
from layerbench.results.location import default_result_path
from layerbench.results.models import Build
from layerbench.runner.estimate import RestEstimate, known_durations, last_durations, plan_seconds
from tests.results import factory

EDIT = Scenario("edit", "edit", edits=(Touch("app.py"),))


def build(variant: str, scenario: str, seconds: float | None, outcome: str = "built") -> Build:
    return Build(variant, scenario, 1, outcome, seconds, None, None)  # type: ignore[arg-type]


def bench(*scenarios: Scenario, rounds: int = 2) -> BenchFile:
    variants = tuple(Variant(name, Path("Dockerfile"), Path()) for name in "ab")
    return BenchFile("bench", Path(), variants, scenarios, rounds)


def test_medians_of_what_was_built() -> None:
    builds = [build("a", "cold", seconds) for seconds in (1.0, 9.0, 2.0)]
    builds += [build("a", "warm", 0.1, "failed"), build("a", "warm", None)]
    assert known_durations(builds) == {("a", "cold"): 2.0}


def test_a_plans_seconds_hold_the_cold_builds_that_only_fill_caches() -> None:
    durations = {(variant, scenario): 1.0 for variant in "ab" for scenario in ("cold", "edit", "warm")}
    assert plan_seconds(make_plan(bench(EDIT)), durations) == 8.0
    assert plan_seconds(make_plan(bench(COLD, EDIT)), durations) == 8.0
    assert plan_seconds(make_plan(bench(WARM)), durations) == 6.0


def test_nothing_is_said_where_a_build_was_never_timed() -> None:
    assert plan_seconds(make_plan(bench(COLD)), {("a", "cold"): 1.0}) is None


def test_the_rest_goes_down_and_this_runs_own_times_count_more() -> None:
    rest = RestEstimate({("a", "cold"): 10.0}, [("a", "cold")] * 3)
    assert rest.seconds() == 30.0
    rest.add(build("a", "cold", 4.0))
    assert rest.seconds() == 8.0
    rest.add(build("a", "cold", 4.0))
    rest.add(build("a", "cold", 4.0))
    assert rest.seconds() == 0.0


def test_an_edit_that_was_never_timed_is_taken_for_a_cold_build() -> None:
    rest = RestEstimate({}, [("a", "cold"), ("a", "edit")])
    assert rest.seconds() is None
    rest.add(build("a", "cold", 4.0))
    assert rest.seconds() == 4.0


def test_the_warm_builds_before_edits_count() -> None:
    rest = RestEstimate({("a", "warm"): 0.5}, [("a", "edit")] * 2)
    assert rest.seconds() is None
    rest.add(build("a", "edit", 4.0))
    assert rest.seconds() == 4.5


def test_the_last_runs_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "project"
    folder.mkdir()
    assert last_durations("web", folder) == {}
    path = default_result_path("web", folder)
    path.parent.mkdir(parents=True)
    result = factory.result()
    write_result(result, path)
    assert last_durations("web", folder) == known_durations(result.builds)
    path.write_text("not a result")
    assert last_durations("web", folder) == {}
