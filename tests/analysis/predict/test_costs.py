from __future__ import annotations

import dataclasses

import pytest

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.predict.costs import measured_costs
from layerbench.analysis.predict.crosscheck import check_seconds, median_error
from layerbench.analysis.predict.models import ForeseenStep, MeasuredCosts
from layerbench.analysis.predict.predict import NOT_MEASURED, predict
from layerbench.results.models import Result
from tests.analysis.comparison.factory import edited
from tests.results import factory

SINGLE = ("WORKDIR /app", "COPY requirements.txt .", "RUN pip install --no-cache-dir -r requirements.txt", "COPY . .")


def web() -> Result:
    """Edits make new layers, as in a real run."""
    whole = edited(factory.result([factory.plan("single")]), scenario="edit-source")
    whole = edited(whole, scenario="add-file")
    return edited(whole, "COPY requirements.txt .", scenario="edit-deps")


def steps(*instructions: str, stage: str | None = None) -> list[StepName]:
    """As a plan has them: FROM is at position 0."""
    return [StepName(at, stage, at + 1, text, at + 1) for at, text in enumerate(instructions, start=1)]


def foreseen(names: list[StepName], ran: set[int]) -> list[ForeseenStep]:
    return [ForeseenStep(name, "ran" if name.position in ran else "hit", "derived") for name in names]


def costs(result: Result, variant: str, names: list[StepName], without: set[str] | None = None) -> MeasuredCosts:
    found = measured_costs(result, variant, names, without or set())
    assert found is not None
    return found


def test_medians_by_step_and_the_time_beside_them() -> None:
    found = costs(web(), "single", steps(*SINGLE))
    assert found.step_seconds.keys() == {1, 2, 3, 4}
    assert found.step_seconds[3] == pytest.approx(2.84, rel=0.05)
    assert found.other_seconds == pytest.approx(0.21 + 0.02, rel=0.2)
    assert found.layer_bytes == {1: 93, 2: 210, 3: 19_230_000, 4: 1_210}
    assert found.inputs[4] == (3,)


def test_a_step_of_another_text_is_not_known() -> None:
    changed = ("WORKDIR /app", "COPY requirements.txt .", "RUN pip install -r requirements.txt", "COPY . .")
    assert costs(web(), "single", steps(*changed)).step_seconds.keys() == {1, 2, 4}


def test_nothing_measured_nothing_known() -> None:
    assert measured_costs(factory.result(), "another", steps(*SINGLE)) is None
    failed = factory.result([factory.plan("single")], factory.SCENARIOS[:1], rounds=1)
    failed = dataclasses.replace(
        failed, builds=tuple(dataclasses.replace(one, outcome="failed", image=None) for one in failed.builds)
    )
    assert measured_costs(failed, "single", steps(*SINGLE)) is None


def test_builds_of_the_same_steps_are_the_prediction() -> None:
    names = steps(*SINGLE)
    found = predict("single", foreseen(names, {4}), costs(web(), "single", names))
    walls = sorted(
        build.wall_seconds or 0
        for build in web().builds
        if build.variant == "single" and build.scenario in {"edit-source", "add-file"}
    )
    assert found.total_seconds == pytest.approx((walls[2] + walls[3]) / 2)
    assert [one.seconds for one in found.steps[:3]] == [0, 0, 0]
    assert found.steps[3].seconds == pytest.approx(0.02, rel=0.1)


def test_without_such_builds_it_is_put_together_from_single_steps() -> None:
    names = steps(*SINGLE)
    known = costs(web(), "single", names, {"edit-deps"})
    assert frozenset({2, 3, 4}) not in known.same_builds
    found = predict("single", foreseen(names, {2, 3, 4}), known)
    measured = [
        build.wall_seconds or 0 for build in web().builds if (build.variant, build.scenario) == ("single", "edit-deps")
    ]
    assert found.total_seconds == pytest.approx(sorted(measured)[1], rel=0.05)
    assert found.redeploy_bytes == 210 + 19_230_000 + 1_210


def test_stages_that_do_not_wait_for_each_other_run_at_the_same_time() -> None:
    names = steps("RUN one", "RUN two", "COPY --from=a x y")
    known = MeasuredCosts(
        {1: 3.0, 2: 5.0, 3: 0.5}, 0.2, {3: 0.4}, {3: 7}, wait_seconds={1: 9.0, 3: 0.25}, inputs={3: (1, 2)},
        new_layer_seconds=0.05,
    )  # fmt: skip
    found = predict("two", foreseen(names, {1, 2, 3}), known)
    assert found.total_seconds == pytest.approx(0.2 + 5.0 + 0.25 + 0.5 + 0.05 + 0.4)
    # Alone it has nothing to wait for.
    assert predict("two", foreseen(names, {3}), known).total_seconds == pytest.approx(0.2 + 0.5 + 0.05 + 0.4)


def test_what_is_not_known_is_none_and_said() -> None:
    names = steps(*SINGLE, "RUN new")
    found = predict("single", foreseen(names, {4, 5}), costs(web(), "single", names))
    assert found.total_seconds is None
    assert found.steps[4].seconds is None
    assert found.notes == ('"RUN new" was never measured, so the whole build\'s seconds are not known',)
    unmeasured = predict("single", foreseen(names, {4}), None)
    assert (unmeasured.total_seconds, unmeasured.redeploy_bytes, unmeasured.notes) == (None, None, (NOT_MEASURED,))


def test_nothing_runs_nothing_to_redeploy() -> None:
    names = steps(*SINGLE)
    found = predict("single", foreseen(names, set()), costs(web(), "single", names))
    assert found.redeploy_bytes == 0
    assert found.total_seconds == pytest.approx(0.23, rel=0.2)


def test_predictions_hold_against_scenarios_that_they_have_not_seen() -> None:
    checked = check_seconds(web())
    assert {one.scenario for one in checked} == {"warm", "edit-source", "edit-deps", "touch", "add-file"}
    found = median_error(checked)
    assert found is not None
    assert found < 0.05
    composed = {one.scenario: one.error for one in check_seconds(web(), composed=True)}
    assert composed.keys() == {"edit-source", "edit-deps", "add-file"}  # in the others no step ran
    assert composed["edit-deps"] is not None
    assert composed["edit-deps"] < 0.05


def test_a_result_without_rebuilds_says_nothing() -> None:
    whole = factory.result(scenarios=factory.SCENARIOS[:1])
    assert check_seconds(whole) == ()
    assert median_error(()) is None
