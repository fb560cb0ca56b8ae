from __future__ import annotations

import dataclasses

from layerbench.analysis.steps import StepCell, StepRow, keyed_steps, step_table
from layerbench.results.models import Result, Step
from tests.results import factory


def _rows(result: Result, variant: str) -> dict[str, StepRow]:
    return {row.key.instruction: row for row in step_table(result, variant).rows}


def _states(result: Result, variant: str, instruction: str) -> list[str]:
    return [cell.state for cell in _rows(result, variant)[instruction].cells]


def test_a_row_a_step_and_a_column_a_scenario() -> None:
    table = step_table(factory.result(), "single")
    assert table.scenarios == ("cold", "warm", "edit-source", "edit-deps", "touch", "add-file")
    assert [row.key.instruction for row in table.rows] == [
        "FROM python:3.12-slim",
        "WORKDIR /app",
        "COPY requirements.txt .",
        "RUN pip install --no-cache-dir -r requirements.txt",
        "COPY . .",
    ]
    assert [row.line_start for row in table.rows] == [1, 3, 4, 5, 6]
    assert {len(row.cells) for row in table.rows} == {6}


def test_cells_say_whether_a_step_was_cached_or_how_long_it_took() -> None:
    result = factory.result()
    assert _states(result, "naive", "RUN pip install -r requirements.txt") == [
        *("ran", "cached", "ran", "ran", "cached", "ran")
    ]
    assert _states(result, "naive", "FROM python:3.12-slim") == ["source"] * 6
    cell = _rows(result, "naive")["RUN pip install -r requirements.txt"].cells[0]
    measured = sorted(
        build.steps[3].seconds or 0 for build in result.builds if (build.variant, build.scenario) == ("naive", "cold")
    )
    assert cell.seconds is not None
    assert (cell.rounds, cell.cached_rounds, cell.seconds.median) == (3, 0, measured[1])


def test_a_step_that_was_cached_in_some_rounds_varies() -> None:
    result = factory.result()
    steps = result.builds[0].steps
    changed = (*steps[:3], dataclasses.replace(steps[3], cached=True, seconds=0.0))
    result = factory.change(result, "naive", "cold", (1,), steps=changed)
    cell = _rows(result, "naive")["RUN pip install -r requirements.txt"].cells[0]
    assert (cell.state, cell.rounds, cell.cached_rounds) == ("varies", 3, 1)
    assert cell.seconds is not None
    assert cell.seconds.count == 2


def test_failed_and_invalid_builds_enter_no_cell() -> None:
    result = factory.change(factory.fail(factory.result(), "naive", "cold", (1,)), "naive", "cold", (2,), invalid="no")
    cell = _rows(result, "naive")["WORKDIR /app"].cells[0]
    assert cell.rounds == 1


def test_where_every_build_failed_only_the_failed_step_says_so() -> None:
    result = factory.fail(factory.result(), "naive", "cold", step=2)
    assert _states(result, "naive", "COPY . .")[0] == "failed"
    assert _states(result, "naive", "WORKDIR /app")[0] == "not-run"
    assert _states(result, "naive", "WORKDIR /app")[1] == "cached"


def test_a_failure_outside_of_the_steps_marks_none() -> None:
    result = factory.fail(factory.result(), "naive", "cold", step=99)
    assert {row.cells[0].state for row in step_table(result, "naive").rows} == {"not-run"}


def test_equal_instructions_of_one_stage_are_told_apart() -> None:
    result = factory.result([factory.plan("naive")], rounds=1)
    twice = Step(None, 5, 5, "COPY . .", 5, 5, False, 1.0, 2.0)
    build = result.builds[0]
    build = dataclasses.replace(build, steps=(*build.steps, twice))
    keys = [key for key, _ in keyed_steps(build)]
    assert len(set(keys)) == len(keys)
    assert [key.occurrence for key in keys if key.instruction == "COPY . ."] == [0, 1]


def test_a_step_that_an_edit_adds_stands_behind_its_predecessor() -> None:
    result = factory.result([factory.plan("naive")], rounds=1)
    added = Step(None, 3, 5, "RUN echo added", 3, 3, False, 1.0, 0.1)
    steps = result.builds[2].steps
    result = factory.change(result, "naive", "edit-source", (1,), steps=(*steps[:2], added, *steps[2:]))
    table = step_table(result, "naive")
    instructions = [row.key.instruction for row in table.rows]
    assert instructions.index("RUN echo added") == instructions.index("WORKDIR /app") + 1
    added_row = table.rows[instructions.index("RUN echo added")]
    assert [cell.state for cell in added_row.cells] == ["not-run", "not-run", "ran", "not-run", "not-run", "not-run"]
    assert added_row.cells[0] == StepCell("not-run")


def test_stages_keep_the_order_of_the_dockerfile() -> None:
    table = step_table(factory.result(), "multi")
    assert [row.key.stage for row in table.rows] == ["builder"] * 3 + ["stage-1"] * 4


def test_export_and_wall_time_have_a_figure_a_scenario() -> None:
    table = step_table(factory.fail(factory.result(), "naive", "cold"), "naive")
    assert table.wall_seconds[0] is None
    assert table.wall_seconds[1] is not None
    assert table.export_seconds[1] is not None


def test_a_variant_that_was_not_built_has_no_columns() -> None:
    assert step_table(factory.result([factory.plan("naive")]), "single").scenarios == ()
