from __future__ import annotations

import dataclasses

import pytest

from layerbench.analysis.figures import Problem, VariantFigures, failure_reason, scenario_tables
from layerbench.results.models import Result, ScenarioRecord, SmokeTest, StepError
from tests.results import factory


def _row(result: Result, variant: str, scenario: str = "cold") -> VariantFigures:
    table = next(table for table in scenario_tables(result) if table.scenario == scenario)
    return next(row for row in table.rows if row.variant == variant)


def test_a_table_a_scenario_and_a_row_a_variant_in_the_order_of_the_bench() -> None:
    tables = scenario_tables(factory.result())
    assert [table.scenario for table in tables] == [scenario.name for scenario in factory.SCENARIOS]
    assert [row.variant for row in tables[0].rows] == [plan.name for plan in factory.WEB]


def test_the_figures_of_a_row_are_those_of_its_builds() -> None:
    result = factory.result()
    builds = [build for build in result.builds if (build.variant, build.scenario) == ("multi", "edit-deps")]
    seconds = sorted(build.wall_seconds or 0 for build in builds)
    row = _row(result, "multi", "edit-deps")
    assert row.wall_seconds is not None
    assert (row.wall_seconds.minimum, row.wall_seconds.median, row.wall_seconds.maximum) == tuple(seconds)
    assert row.compressed_bytes is not None
    assert builds[0].image is not None
    assert row.compressed_bytes.median == builds[0].image.compressed_bytes
    assert not row.compressed_bytes.varies
    assert row.steps is not None
    assert (row.steps.cached_least, row.steps.cached_most, row.steps.all_least, row.steps.all_most) == (2, 2, 5, 5)


def test_ratios_are_to_the_best_of_the_scenario() -> None:
    table = scenario_tables(factory.result())[0]
    medians = [row.wall_seconds.median for row in table.rows if row.wall_seconds]
    assert [row.wall_ratio for row in table.rows] == [median / min(medians) for median in medians]
    assert min(row.compressed_ratio or 9 for row in table.rows) == 1


def test_failed_invalid_and_cancelled_builds_are_counted_with_their_reasons_and_enter_no_figure() -> None:
    result = factory.fail(factory.result(rounds=5), "single", "cold", (1, 3), step=3)
    result = factory.change(result, "single", "cold", (2,), invalid="a cold build found COPY . . in the cache")
    result = factory.change(result, "single", "cold", (4,), outcome="cancelled", wall_seconds=None)
    row = _row(result, "single")
    assert dataclasses.asdict(row.counts) == {"planned": 5, "valid": 1, "failed": 2, "cancelled": 1, "invalid": 1}
    assert row.counts.missing == 0
    reason = "RUN pip install --no-cache-dir -r requirements.txt ended with exit code 1: ERROR: no such index"
    assert row.problems == (
        Problem("failed", (1, 3), reason),
        Problem("invalid", (2,), "a cold build found COPY . . in the cache"),
        Problem("cancelled", (4,), "the run was cut short"),
    )
    assert row.wall_seconds is not None
    assert row.wall_seconds.count == 1


def test_builds_that_are_not_there_are_missing() -> None:
    result = factory.result()
    result = dataclasses.replace(result, builds=tuple(b for b in result.builds if b.variant != "multi" or b.round == 1))
    assert _row(result, "multi").counts.missing == 2


def test_a_scenario_that_is_for_some_variants_has_rows_for_these() -> None:
    only = dataclasses.replace(factory.SCENARIOS[2], variants=("naive", "single"))
    result = factory.result(scenarios=[factory.SCENARIOS[0], only])
    result = dataclasses.replace(
        result, builds=tuple(b for b in result.builds if b.scenario == "cold" or b.variant in {"naive", "single"})
    )
    assert [row.variant for row in scenario_tables(result)[1].rows] == ["naive", "single"]
    assert all(row.counts.missing == 0 for table in scenario_tables(result) for row in table.rows)


def test_builds_that_the_bench_does_not_know_are_shown_all_the_same() -> None:
    result = factory.result()
    result = factory.change(result, "naive", "cold", (1,), variant="unknown", scenario="elsewhere")
    table = scenario_tables(result)[-1]
    assert table.scenario == "elsewhere"
    assert [row.variant for row in table.rows if row.counts.valid] == ["unknown"]


def test_what_does_not_work_is_never_the_best() -> None:
    result = factory.result()
    result = dataclasses.replace(result, smoke_tests=(SmokeTest("naive", "failed", 1.0, "no answer"),))
    row = _row(result, "naive")
    assert row.works is False
    assert row.wall_ratio is not None
    assert row.wall_ratio < 1
    assert _row(result, "single").wall_ratio == 1


def test_sizes_of_different_meaning_have_no_ratio_to_each_other() -> None:
    result = factory.result()
    for build in [build for build in result.builds if build.variant == "naive"]:
        assert build.image is not None
        image = dataclasses.replace(build.image, compressed_bytes_source="gzip", compressed_bytes=1)
        result = factory.change(result, "naive", build.scenario, (build.round,), image=image)
    assert _row(result, "naive").compressed_ratio == 1
    assert _row(result, "single").compressed_ratio == 1
    assert _row(result, "naive").compressed_bytes_source == "gzip"


def test_a_row_whose_builds_differ_in_meaning_has_no_compressed_size() -> None:
    result = factory.result()
    image = result.builds[0].image
    assert image is not None
    result = factory.change(
        result, "naive", "cold", (1,), image=dataclasses.replace(image, compressed_bytes_source="gzip")
    )
    row = _row(result, "naive")
    assert (row.compressed_bytes, row.compressed_bytes_source, row.compressed_ratio) == (None, None, None)
    assert row.uncompressed_bytes is not None


def test_steps_that_swap_their_cache_states_are_flagged_though_the_count_is_the_same() -> None:
    result = factory.result()
    steps = result.builds[0].steps
    first = (steps[0], dataclasses.replace(steps[1], cached=True), *steps[2:])
    second = (*steps[:2], dataclasses.replace(steps[2], cached=True), *steps[3:])
    result = factory.change(result, "naive", "cold", (1, 3), steps=first)
    result = factory.change(result, "naive", "cold", (2,), steps=second)
    found = _row(result, "naive").steps
    assert found is not None
    assert (found.cached_least, found.cached_most) == (1, 1)
    assert [key.instruction for key in found.varying] == ["WORKDIR /app", "COPY . ."]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, "no reason was recorded"),
        (StepError(None, None, "failed to solve: no such host"), "failed to solve: no such host"),
        (StepError(2, None, "file not found"), "COPY . .: file not found"),
        (StepError(77, None, "file not found"), "file not found"),
        (StepError(-9, 2, "exit code: 2", ("", "boom", " ")), "ended with exit code 2: boom"),
        (StepError(3, 2, "exit code: 2"), "RUN pip install -r requirements.txt ended with exit code 2"),
    ],
)
def test_why_a_build_failed(error: StepError | None, said: str) -> None:
    build = dataclasses.replace(factory.result().builds[0], outcome="failed", error=error)
    assert failure_reason(build) == said


def test_no_builds_make_rows_without_figures() -> None:
    result = dataclasses.replace(factory.result(), builds=())
    rows = [row for table in scenario_tables(result) for row in table.rows]
    assert {row.counts.missing for row in rows} == {3}
    assert {row.wall_seconds for row in rows} == {None}


def test_a_time_of_nothing_divides_nothing() -> None:
    result = factory.change(factory.result(), "naive", "cold", wall_seconds=0.0)
    assert _row(result, "single").wall_ratio is None


def test_description_and_kind_come_with_the_table() -> None:
    table = scenario_tables(factory.result(scenarios=[ScenarioRecord("x", "edit", "a new file")]))[0]
    assert (table.kind, table.description) == ("edit", "a new file")
