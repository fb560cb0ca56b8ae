from __future__ import annotations

from dataclasses import replace

import pytest

from layerbench.analysis.checks.budgets import change_text, judge_budgets
from layerbench.analysis.checks.growth import Source
from layerbench.analysis.checks.models import BudgetOutcome, Place
from layerbench.config.models import Budget
from layerbench.results.image_models import WasteSummary
from tests.analysis.anatomy import build as made
from tests.analysis.checks.sources import committed, instead, larger, other_edits, source, uncached, wasting
from tests.results import factory

MULTI = 28_230_000 + 59_770_000 + 93 + 21_900_000 + 1_210
RELATIVE = Budget("compressed_bytes", "max_increase", "+5% and +1MB", 0.05, 1_000_000, "multi")


def _one(rule: Budget, *sources: object) -> BudgetOutcome:
    head, base = (*sources, None, None)[:2]
    (outcome,) = judge_budgets([rule], head or source(), base)  # type: ignore[arg-type]
    return outcome


@pytest.mark.parametrize(
    ("amount", "outcome"), [(MULTI + 1, "ok"), (MULTI, "ok"), (MULTI - 1, "regression"), (0, "regression")]
)
def test_a_maximum_is_kept_to_the_byte(amount: int, outcome: str) -> None:
    found = _one(Budget("compressed_bytes", "max", "110MB", None, amount, "multi"))
    assert (found.outcome, found.value, found.unit) == (outcome, MULTI, "bytes")
    assert found.key == "compressed_bytes[multi]"
    assert found.scenario is None


def test_a_level_makes_a_warning_of_it() -> None:
    assert _one(Budget("layers", "max", "3", None, 3, "multi", level="warn")).outcome == "warning"


def test_image_figures_are_judged_once_a_variant_unless_a_scenario_is_named() -> None:
    rule = Budget("uncompressed_bytes", "max", "1GB", None, 10**9)
    assert [one.key for one in judge_budgets([rule], source(), None)] == [
        f"uncompressed_bytes[{variant}]"
        for variant in ("naive", "single", "single-pip-cache", "multi", "multi-no-mounts")
    ]
    named = replace(rule, variant="multi*", scenario="edit-*")
    assert [one.key for one in judge_budgets([named], source(), None)] == [
        f"uncompressed_bytes[{variant}, {scenario}]"
        for variant in ("multi", "multi-no-mounts")
        for scenario in ("edit-source", "edit-deps")
    ]


def test_cached_steps_by_a_pattern_leave_the_cold_build_aside() -> None:
    rule = Budget("cached_steps", "min", "at least 1", None, 1, "single")
    found = judge_budgets([rule], source(), None)
    assert [one.scenario for one in found] == ["warm", "edit-source", "edit-deps", "touch", "add-file"]
    assert [one.value for one in found] == [4, 3, 1, 4, 3]
    assert _one(replace(rule, scenario="cold")).outcome == "regression"


def test_redeploy_bytes_are_of_edits() -> None:
    found = judge_budgets([Budget("redeploy_bytes", "max", "1kB", None, 1000, "single")], source(), None)
    assert [one.scenario for one in found] == ["edit-source", "edit-deps", "touch", "add-file"]


def test_both_the_share_and_the_amount_have_to_be_exceeded() -> None:
    outcomes = {
        delta: _one(RELATIVE, source(larger(delta)), source()).outcome
        for delta in (-9_000_000, 0, 900_000, 1_000_001, 5_494_000, 5_600_000, 12_400_000)
    }
    assert outcomes == {
        -9_000_000: "ok",
        0: "ok",
        900_000: "ok",  # below both
        1_000_001: "ok",  # above the amount, below 5 %
        5_494_000: "ok",
        5_600_000: "regression",
        12_400_000: "regression",
    }
    small = replace(RELATIVE, share=0.0001, limit="+0.01% and +1MB")
    assert _one(small, source(larger(900_000)), source()).outcome == "ok"  # above the share only


def test_a_regression_is_told_with_its_figures_its_layer_and_its_line() -> None:
    found = _one(RELATIVE, source(larger(12_400_000)), committed())
    assert found.sentence == (
        "compressed_bytes[multi] is 122.3 MB, +12.4 MB (+11.3%) on the baseline's 109.9 MB; the budget is +5% and +1MB."
    )
    assert found.causes == ("layer COPY --from=builder /venv /venv: +12.4 MB",)
    assert found.place == Place("multi.Dockerfile", 10)
    assert (found.value, found.baseline) == (MULTI + 12_400_000, MULTI)


def test_nothing_is_no_regression_of_nothing() -> None:
    rule = Budget("waste_bytes", "max_increase", "+0%", 0.0, None, "multi")
    empty = wasting()
    assert _one(rule, source(empty), source(empty)).outcome == "ok"
    found = _one(rule, source(wasting(WasteSummary("pip-cache", 3_420_000, 3, "COPY", False))), source(empty))
    assert (found.outcome, found.baseline) == ("regression", 0)
    assert "+" in found.sentence and "%)" not in found.sentence


def test_waste_is_not_known_without_a_look_into_the_image() -> None:
    found = _one(Budget("waste_bytes", "max", "1MB", None, 10**6, "multi"))
    assert (found.outcome, found.value) == ("not-measured", None)


WASTE = (
    WasteSummary("duplicate", 500_000, 1, "RUN of the base", False),
    WasteSummary("tests", 900_000, 3, "COPY --from=builder /venv /venv", True),
    WasteSummary("venv-installer", 14_500_000, 3, "COPY --from=builder /venv /venv", False),
    WasteSummary("duplicate", 24_000, 4, "COPY . .", False),
)


def test_waste_is_that_of_the_layers_that_steps_made() -> None:
    found = _one(Budget("waste_bytes", "max", "1MB", None, 10**6, "multi"), source(wasting(*WASTE)))
    assert (found.outcome, found.value) == ("regression", 14_524_000)
    assert found.causes == ("venv-installer: 14.5 MB", "duplicate: 24.0 kB")
    assert found.place == Place("multi.Dockerfile", 10)
    only_the_bases = _one(Budget("waste_bytes", "max", "0B", None, 0, "multi"), source(wasting(WASTE[0])))
    assert (only_the_bases.outcome, only_the_bases.value) == ("ok", 0)


def test_waste_that_grew_is_told_by_its_kind() -> None:
    rule = Budget("waste_bytes", "max_increase", "+10kB", None, 10_000, "multi")
    head, before = source(wasting(*WASTE)), wasting(*WASTE[:3])
    found = _one(rule, head, source(before))
    assert (found.outcome, found.causes) == ("regression", ("duplicate: +24.0 kB",))
    assert found.place == Place("multi.Dockerfile", 12)
    assert _one(rule, head, committed(wasting(*WASTE))).outcome == "ok"
    found = _one(rule, head, committed(before))
    assert found.causes == ("venv-installer: 14.5 MB", "duplicate: 24.0 kB")  # the file keeps no kinds


def test_the_largest_layer_that_a_step_made_counts() -> None:
    rule = Budget("layer_compressed_bytes", "max", "1kB", None, 1000, "multi")
    assert _one(rule).value == 21_900_000
    assert _one(replace(rule, step="COPY . .")).value == 1_210
    nothing = _one(replace(rule, step="RUN gcc*"))
    assert nothing.outcome == "not-measured"


def test_a_step_that_is_no_longer_cached_is_named() -> None:
    rule = Budget("cached_steps", "max_decrease", "-0", None, 0, "single", "edit-source")
    head = uncached("single", "edit-source", "pip install", (2,))
    found = _one(rule, source(head), committed())
    assert (found.outcome, found.value, found.baseline) == ("regression", 2, 3)
    assert found.causes == ("no longer cached: RUN pip install --no-cache-dir -r requirements.txt",)
    assert found.place == Place("single.Dockerfile", 5)
    assert _one(rule, source(), committed(head)).outcome == "ok"


@pytest.mark.parametrize("base", [source(), committed()])
def test_another_cached_step_does_not_make_up_for_one_that_is_lost(base: Source) -> None:
    rule = Budget("cached_steps", "max_decrease", "-0", None, 0, "single", "edit-source")
    found = _one(rule, source(instead("single", "edit-source", "pip install")), base)
    assert (found.outcome, found.value, found.baseline, found.lost_steps) == ("regression", 3, 3, 1)
    assert found.causes == ("no longer cached: RUN pip install --no-cache-dir -r requirements.txt",)
    assert found.sentence == (
        "cached_steps[single, edit-source] is 3, with 1 of the baseline's 3 lost; the budget is -0."
    )
    assert change_text(found) == "-1 (-33.3%)"
    assert _one(replace(rule, amount=1, limit="-1"), source(instead("single", "edit-source", "pip")), base).outcome == (
        "ok"
    )
    assert _one(replace(rule, step="WORKDIR*"), source(instead("single", "edit-source", "pip")), base).outcome == "ok"


def test_a_step_that_is_not_there_any_more_is_not_lost() -> None:
    rule = Budget("cached_steps", "max_decrease", "-0", None, 0, "single", "edit-source")
    before = source(instead("multi", "edit-source", "no such step"))
    found = _one(replace(rule, variant="multi"), source(), before)
    assert (found.outcome, found.value, found.baseline, found.lost_steps) == ("ok", 4, 5, 0)


def test_steps_of_two_runs_match_as_in_a_comparison() -> None:
    """An install with another option is still that install; a baseline file knows instructions only."""
    rule = Budget("cached_steps", "max_decrease", "-0", None, 0, "single", "edit-source")
    head = uncached("single", "edit-source", "pip install")
    builds = tuple(
        replace(
            build,
            steps=tuple(
                replace(step, instruction=step.instruction.replace("--no-cache-dir ", "")) for step in build.steps
            ),
        )
        for build in head.builds
    )
    head = replace(head, builds=builds)
    found = _one(rule, source(head), source())
    assert (found.outcome, found.causes) == (
        "regression",
        ("no longer cached: RUN pip install -r requirements.txt",),
    )
    assert _one(rule, source(head), committed()).outcome == "ok"


@pytest.mark.parametrize("is_file", [False, True])
def test_a_scenario_with_another_edit_is_not_compared(is_file: bool) -> None:
    before = other_edits(factory.result(), "edit-source")
    base = committed(before) if is_file else source(before, "base.json")
    rule = Budget("redeploy_bytes", "max_increase", "+1%", 0.01, None, "single", "edit-*")
    changed, same = judge_budgets([rule], source(), base)
    assert (changed.key, changed.outcome) == ("redeploy_bytes[single, edit-source]", "not-measured")
    said = 'The scenario "edit-source" is not compared: its edit is not the same in both bench files'
    assert changed.sentence.endswith(f"{said}{'; update layerbench-baseline.json' if is_file else ''}.")
    assert (same.key, same.outcome) == ("redeploy_bytes[single, edit-deps]", "ok")
    assert _one(RELATIVE, source(), base).outcome == "ok"


def test_an_older_baseline_file_is_compared_although_it_does_not_tell_its_edits() -> None:
    base = committed(other_edits(factory.result(), "edit-source"))
    older = replace(base, figures=replace(base.figures, scenarios={}))
    rule = Budget("redeploy_bytes", "max_increase", "+1%", 0.01, None, "single", "edit-source")
    assert _one(rule, source(), older).outcome == "ok"


def test_without_a_baseline_a_relative_budget_is_not_measured() -> None:
    found = _one(RELATIVE, source())
    assert (found.outcome, found.value, found.lacks_baseline) == ("not-measured", MULTI, True)
    assert found.sentence == (
        "compressed_bytes[multi] is 109.9 MB, with nothing to hold it against. There is no baseline here."
    )
    not_built = _one(RELATIVE, source(factory.result([plan for plan in factory.WEB if plan.name != "multi"])))
    assert not not_built.lacks_baseline
    assert not _one(Budget("layers", "max", "9", None, 9, "multi")).lacks_baseline


def test_times_are_medians_and_said_to_be_noisy() -> None:
    rule = Budget("seconds", "max_increase", "+10% and +500ms", 0.1, 0.5, "naive", "cold")
    head = factory.change(factory.result(), "naive", "cold", (1, 2, 3), wall_seconds=60.0)
    found = _one(rule, source(head), source())
    assert found.outcome == "regression"
    assert found.sentence.endswith("These are medians of 3 and 3 builds made in turns, and times are noisy.")
    later = replace(head, started_at="2026-01-23T08:00:00+00:00")
    found = _one(rule, source(later), source())
    assert found.sentence.endswith("These are medians of 3 and 3 builds of two runs, and times are noisy.")
    one_slow = factory.change(factory.result(), "naive", "cold", (2,), wall_seconds=600.0)
    assert _one(rule, source(one_slow), source()).outcome == "ok"


def test_a_time_that_the_rounds_do_not_bear_out_only_warns() -> None:
    rule = Budget("seconds", "max_increase", "+10%", 0.1, None, "naive", "cold")
    sentence = "The rounds do not tell that from noise, so it only warns."
    two_slow = factory.change(factory.result(), "naive", "cold", (1, 2), wall_seconds=60.0)
    found = _one(rule, source(two_slow), source())
    assert found.outcome == "warning"
    assert found.sentence.endswith(f"times are noisy. {sentence}")
    # Of two runs nothing is known but the medians.
    assert (
        _one(rule, source(replace(two_slow, started_at="2026-01-23T08:00:00+00:00")), source()).outcome == "regression"
    )


@pytest.mark.parametrize(("slow_rounds", "outcome"), [(10, "regression"), (6, "warning"), (4, "ok")])
def test_of_enough_rounds_a_test_decides(slow_rounds: int, outcome: str) -> None:
    rule = Budget("seconds", "max_increase", "+10%", 0.1, None, "naive", "cold")
    base = factory.result(rounds=10)
    head = factory.change(base, "naive", "cold", range(1, slow_rounds + 1), wall_seconds=60.0)
    assert _one(rule, source(head), source(base)).outcome == outcome
    steps = replace(rule, variant="single", scenario="edit-deps", step="RUN*pip install*")
    assert _one(steps, source(head), source(base)).outcome == "ok"


def test_a_baseline_file_keeps_no_times() -> None:
    rule = Budget("seconds", "max_increase", "+10%", 0.1, None, "naive", "cold")
    found = _one(rule, source(), committed())
    assert found.outcome == "not-measured"
    assert found.sentence.endswith("A baseline file keeps no times: give an earlier result file as baseline.")


def test_seconds_of_steps() -> None:
    rule = Budget("seconds", "max", "1s", None, 1, "single", "edit-deps", "RUN*pip install*")
    found = _one(rule)
    assert found.value == pytest.approx(2.84, rel=0.05)
    assert _one(replace(rule, scenario="edit-source")).outcome == "not-measured"  # cached: it took no time


def test_sizes_of_another_meaning_are_not_compared() -> None:
    before = factory.result()
    builds = [
        replace(one, image=replace(one.image, compressed_bytes_source="gzip")) for one in before.builds if one.image
    ]
    base = committed(replace(before, builds=tuple(builds)))
    found = _one(RELATIVE, source(larger(50_000_000)), base)
    assert found.outcome == "not-measured"
    assert "do not mean the same" in found.sentence
    other = replace(RELATIVE, metric="uncompressed_bytes")
    assert _one(other, source(larger(50_000_000)), base).outcome == "regression"


def test_what_the_run_or_the_baseline_has_not_is_said() -> None:
    plans = [plan for plan in factory.WEB if plan.name != "multi"]
    without = factory.result(plans)
    assert _one(RELATIVE, source(without), source()).outcome == "not-measured"
    found = _one(RELATIVE, source(), committed(without))
    assert found.outcome == "not-measured"
    assert found.sentence.endswith("layerbench-baseline.json has no such figure: update it.")


def test_failed_builds_enter_no_figure() -> None:
    failed = factory.fail(factory.result(), "multi", "cold")
    found = _one(Budget("compressed_bytes", "max", "1MB", None, 10**6, "multi"), source(failed))
    assert found.value == MULTI  # of the warm build
    named = Budget("seconds", "max", "1s", None, 1, "multi", "cold")
    assert _one(named, source(failed)).outcome == "not-measured"


def test_with_the_files_of_both_images_the_packages_and_files_that_grew_are_named() -> None:
    before = made.image(made.layer(made.file("app/a.py", 10)))
    wheel = made.package("python", "numpy", ["venv/lib/python3.12/site-packages/numpy/core.so"], version="2.2")
    wheel = wheel._replace(location="venv/lib/python3.12/site-packages")
    after = made.image(
        made.layer(
            made.file("app/a.py", 10),
            made.file("data/model.bin", 5_000_000),
            made.file("venv/lib/python3.12/site-packages/numpy/core.so", 7_400_000),
            packages=[wheel],
        )
    )
    head = source(larger(12_400_000), contents=lambda _: after)
    found = _one(RELATIVE, head, source(contents=lambda _: before))
    assert found.causes[0].startswith("python numpy 2.2 in /venv (new): +7.4 MB")
    assert found.causes[1] == "/data/model.bin: +5.0 MB"
    assert found.place == Place("multi.Dockerfile", 10)
    assert _one(RELATIVE, head, source()).causes == ("layer COPY --from=builder /venv /venv: +12.4 MB",)
