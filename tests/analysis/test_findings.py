from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings

from layerbench.analysis.findings import MOST_FINDINGS, findings
from layerbench.results.models import Result, SmokeTest
from tests.results import factory, strategies


def _with_seconds(seconds: dict[str, list[float]], scenario: int = 2) -> Result:
    """One scenario whose builds took these seconds."""
    rounds = len(next(iter(seconds.values())))
    plans = [dataclasses.replace(factory.plan("single"), name=name) for name in seconds]
    result = factory.result(plans, [factory.SCENARIOS[scenario]], rounds)
    for name, times in seconds.items():
        for number, time in enumerate(times, start=1):
            result = factory.change(result, name, result.bench.scenarios[0].name, (number,), wall_seconds=time)
    return result


def test_the_strongest_differences_of_the_web_example() -> None:
    assert findings(factory.result()) == (
        "After a source edit, single rebuilt 9.5x faster than naive (0.32 s against 3.03 s, medians of 3 rounds):"
        " naive ran pip install again (2.71 s).",
        "From an empty cache, naive built 2.0x faster than multi (3.06 s against 6.19 s, medians of 3 rounds):"
        " multi ran python -m venv (2.26 s), which naive does not have.",
        "The single-pip-cache image is 3.4 MB larger than naive (110.7 MB against 107.2 MB compressed):"
        " its pip install layer has 22.6 MB, naive's 19.2 MB.",
    )


def test_from_five_rounds_on_it_is_said_in_the_present() -> None:
    first = findings(factory.result(rounds=5))[0]
    assert "single rebuilds 9.5x faster than naive (0.32 s against 3.03 s, over 5 rounds)" in first
    assert "naive runs pip install again" in first


def test_of_one_round_only_what_was_measured_is_told() -> None:
    first = findings(factory.result(rounds=1))[0]
    assert first == (
        "After a source edit, single took 0.33 s and naive 3.03 s in the one round that was measured:"
        " naive ran pip install again (2.71 s)."
    )


def test_steps_of_unlike_images_are_set_against_each_other() -> None:
    plans = [factory.plan("single"), factory.plan("multi")]
    assert findings(factory.result(plans))[-1] == (
        "The multi image is 2.7 MB larger than single (109.9 MB against 107.2 MB compressed):"
        " its COPY --from=builder /venv /venv layer has 21.9 MB, single's pip install layer 19.2 MB."
    )


def test_spreads_that_touch_support_no_claim() -> None:
    result = _with_seconds({"a": [1.0, 1.1, 3.0], "b": [2.9, 3.5, 4.0]})
    assert findings(result) == (
        "In no scenario did the variants' times differ by more than their spread over 3 rounds.",
    )


def test_a_difference_that_is_hardly_one_is_not_told() -> None:
    assert "differ by more than their spread" in findings(_with_seconds({"a": [1.0, 1.001], "b": [1.05, 1.06]}))[0]
    assert "large enough to be told from chance" in findings(_with_seconds({"a": [1.0], "b": [1.2]}))[0]


def test_one_round_without_a_step_that_accounts_for_it_is_noise() -> None:
    told = findings(_with_seconds({"a": [1.0], "b": [1.9]}))
    assert not any("1.9" in sentence for sentence in told)
    assert "a rebuilt 1.90x faster" in findings(_with_seconds({"a": [1.0, 1.0], "b": [1.9, 1.9]}))[0]


def test_of_variants_that_are_as_fast_the_first_is_named() -> None:
    result = _with_seconds({"slow": [9.0, 9.1], "first": [1.0, 1.1], "second": [0.99, 1.08]})
    assert "first rebuilt 8.6x faster than slow" in findings(result)[0]


def test_a_variant_with_a_wide_spread_does_not_hide_the_next() -> None:
    result = _with_seconds({"fast": [1.0, 1.1], "slow": [3.0, 3.1], "wild": [1.05, 9.0]})
    assert "fast rebuilt 2.9x faster than slow" in findings(result)[0]


def test_an_image_that_does_not_work_wins_nothing() -> None:
    result = factory.result()
    broken = dataclasses.replace(result, smoke_tests=(SmokeTest("naive", "failed", 1.0, "no answer"),))
    assert all("naive" not in sentence for sentence in findings(broken))


def test_failed_and_invalid_builds_say_nothing() -> None:
    result = factory.fail(factory.result(), "naive", "edit-source")
    result = factory.change(result, "naive", "add-file", invalid="only 2 of 3 steps were cached")
    assert all("pip install again" not in sentence for sentence in findings(result))


def test_one_topic_is_told_once() -> None:
    sentences = findings(factory.result())
    assert sum("naive ran pip install again" in sentence for sentence in sentences) == 1


def test_sizes_of_different_meaning_are_not_compared() -> None:
    result = factory.result()
    for build in [build for build in result.builds if build.variant == "multi"]:
        assert build.image is not None
        image = dataclasses.replace(build.image, compressed_bytes_source="gzip")
        result = factory.change(result, "multi", build.scenario, (build.round,), image=image)
    assert not any(" image is " in sentence for sentence in findings(result))


def test_gzips_sizes_are_called_so() -> None:
    result = factory.result()
    for build in result.builds:
        assert build.image is not None
        image = dataclasses.replace(build.image, compressed_bytes_source="gzip")
        result = factory.change(result, build.variant, build.scenario, (build.round,), image=image)
    assert "(110.7 MB against 107.2 MB compressed with gzip)" in findings(result)[-1]


@pytest.mark.parametrize(
    ("layer_of_large", "said"),
    [
        ("step", ": apt-get install adds 90.0 MB, which naive does not have."),
        ("base", ": its base has 178.0 MB, naive's 88.0 MB."),
        ("nowhere", "compressed)."),
    ],
)
def test_where_the_bytes_are(layer_of_large: str, said: str) -> None:
    result = factory.result([factory.plan("naive"), factory.plan("naive")], factory.SCENARIOS[:1], rounds=1)
    small, large = result.builds
    assert large.image is not None
    added = dataclasses.replace(large.image.layers[0], compressed_bytes=90_000_000, step=1)
    steps = (
        large.steps[0],
        dataclasses.replace(large.steps[1], instruction="RUN apt-get install -y gcc"),
        *large.steps[2:],
    )
    if layer_of_large == "base":
        added = dataclasses.replace(added, step=None)
    layers = (*large.image.layers, added) if layer_of_large != "nowhere" else ()
    image = dataclasses.replace(
        large.image, layers=layers, compressed_bytes=large.image.compressed_bytes + added.compressed_bytes
    )
    large = dataclasses.replace(large, variant="large", image=image, steps=steps)
    bench = dataclasses.replace(result.bench, variants=())
    sentences = findings(dataclasses.replace(result, bench=bench, builds=(small, large), smoke_tests=()))
    assert sentences[-1].endswith(said)


def test_a_slow_export_is_named_where_steps_do_not_explain_it() -> None:
    result = _with_seconds({"a": [1.0, 1.1], "b": [6.0, 6.1]})
    for number in (1, 2):
        result = factory.change(result, "b", "edit-source", (number,), export_seconds=5.0)
    assert findings(result)[0].endswith(": writing the image of b took 5.00 s against 0.09 s.")


def test_steps_that_both_ran_are_compared() -> None:
    result = factory.result([factory.plan("single"), factory.plan("multi")], factory.SCENARIOS[:1])
    for build in [build for build in result.builds if build.variant == "multi"]:
        steps = tuple(
            dataclasses.replace(step, seconds=26.6 if "pip install" in step.instruction else 0.0)
            for step in build.steps
        )
        result = factory.change(result, "multi", "cold", (build.round,), steps=steps, wall_seconds=28.0)
    assert findings(result)[0].endswith(": multi's pip install took 26.6 s against 2.84 s.")


def test_one_variant_is_set_against_its_own_cold_build() -> None:
    assert findings(factory.result([factory.plan("single")])) == (
        "After a source edit the rebuild took 0.32 s, 10% of a cold build (3.21 s).",
        "After a changed pin the rebuild took 3.18 s, 99% of a cold build (3.21 s): it ran pip install (2.84 s) again.",
    )


def test_one_variant_without_a_cold_build_has_nothing_to_be_set_against() -> None:
    assert findings(factory.result([factory.plan("single")], factory.SCENARIOS[2:])) == ()
    assert findings(factory.result([factory.plan("single")], factory.SCENARIOS[:1])) == ()


def test_nothing_measured_is_nothing_found() -> None:
    assert findings(dataclasses.replace(factory.result(), builds=())) == ()


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(strategies.result())
def test_any_result_has_few_findings(result: Result) -> None:
    found = findings(result)
    assert len(found) <= MOST_FINDINGS
    assert all(sentence.endswith(".") for sentence in found)
