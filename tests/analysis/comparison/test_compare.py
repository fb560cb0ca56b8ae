from __future__ import annotations

import dataclasses

import pytest

from layerbench.analysis.comparison.comparable import base_image_differences
from layerbench.analysis.comparison.compare import median_build
from layerbench.analysis.comparison.models import Side
from layerbench.analysis.comparison.pairing import pair_variants
from layerbench.errors import UsageError
from layerbench.results.models import Base
from tests.analysis.comparison.factory import compare, edited, larger, noisy, pair_of, result, slower, uncached
from tests.results import factory


def test_a_result_beside_itself_has_no_difference() -> None:
    whole = edited(result("single", "multi"))
    found = compare(whole, whole)
    assert [(pair.variant_base, pair.variant_head, pair.scenario) for pair in found.pairs] == [
        (variant, variant, scenario.name) for variant in ("single", "multi") for scenario in factory.SCENARIOS
    ]
    for pair in found.pairs:
        assert pair.time is not None
        assert (pair.time.ratio, pair.time.rounds) == (1, 10)
        assert pair.time.verdict not in ("faster", "slower")
        assert pair.steps_lost == pair.steps_won == pair.notes == ()
        assert pair.compressed_bytes_delta == pair.uncompressed_bytes_delta == 0
        assert pair.base.redeploy_bytes == pair.head.redeploy_bytes


def test_a_slower_side_is_slower_and_the_other_way_round_faster() -> None:
    base, head = noisy(result(), 1), noisy(slower(result(), 1.5), 2)
    for pair in compare(base, head).pairs:
        assert pair.time is not None
        assert pair.time.verdict == "slower"
        assert pair.time.ratio == pytest.approx(1.5, rel=0.03)
    for pair in compare(head, base).pairs:
        assert pair.time is not None
        assert pair.time.verdict == "faster"


def test_below_five_rounds_nothing_is_claimed() -> None:
    for pair in compare(result(rounds=4), slower(result(rounds=4), 3)).pairs:
        assert pair.time is not None
        assert (pair.time.verdict, pair.time.p_value) == ("undecided", None)
        assert pair.time_causes == ""


def test_a_step_that_takes_longer_is_named() -> None:
    base = noisy(result())

    def longer(build: factory.Build) -> factory.Build:
        assert build.wall_seconds is not None
        steps = tuple(
            dataclasses.replace(step, seconds=(step.seconds or 0) + 1.5) if "pip install" in step.instruction else step
            for step in build.steps
        )
        return dataclasses.replace(build, steps=steps, wall_seconds=build.wall_seconds + 1.5)

    head = dataclasses.replace(
        base, builds=tuple(longer(one) if one.scenario == "cold" else one for one in base.builds)
    )
    pair = pair_of(compare(base, head), "cold")
    assert pair.time_causes.startswith(": head's pip install takes 4.3")
    assert " against 2.8" in pair.time_causes


def test_bytes_are_exact_and_of_the_median_image() -> None:
    base = result()
    pair = pair_of(compare(base, larger(base, 12_345, 67_891)), "cold")
    assert (pair.compressed_bytes_delta, pair.uncompressed_bytes_delta) == (12_345, 67_891)
    assert pair_of(compare(larger(base, 12_345, 67_891), base), "cold").compressed_bytes_delta == -12_345
    images = [one.image for one in base.builds if one.scenario == "cold"]
    builds = [
        dataclasses.replace(one, image=dataclasses.replace(image, compressed_bytes=count))
        for one, image, count in zip(base.builds, images, (30, 10, 40, 20), strict=False)
        if image is not None
    ]
    median = median_build(builds)
    assert median is not None
    assert median.image is not None
    assert median.image.compressed_bytes == 20
    assert median_build([dataclasses.replace(builds[0], invalid="x")]) is None


def test_two_variants_of_one_file() -> None:
    whole = edited(edited(result("naive", "single", "multi")), scenario="edit-source")
    found = compare(whole, whole, "naive", "single")
    assert found.notes == (
        "Bytes are not told by package and file: the files of base's layers were not kept.",
        "Bytes are not told by package and file: the files of head's layers were not kept.",
    )
    pair = pair_of(found, "edit-source")
    assert (pair.variant_base, pair.variant_head) == ("naive", "single")
    assert [step.instruction for step in pair.steps_won] == ["RUN pip install -r requirements.txt"]
    assert pair.base.redeploy_bytes is not None
    assert pair.head.redeploy_bytes is not None
    assert pair.base.redeploy_bytes.median == 19_231_210
    assert pair.head.redeploy_bytes.median == 1_210
    assert pair.time is not None
    assert pair.time.verdict == "faster"
    assert pair.time_causes.startswith(": naive runs pip install again (2.7")


def test_a_variant_on_one_side_is_said_and_the_rest_is_compared() -> None:
    found = compare(result("naive", "single"), result("single", "multi"))
    assert {pair.variant_head for pair in found.pairs} == {"single"}
    assert 'The variant "naive" is only in base and is not compared.' in found.notes
    assert 'The variant "multi" is only in head and is not compared.' in found.notes


def test_which_variants_are_held_against_each_other() -> None:
    def pairs(base: Side, head: Side) -> tuple[tuple[str, str], ...]:
        return pair_variants(base, head)[0]

    two, other = result("single", "multi", rounds=1), result("naive", "multi", rounds=1)
    assert pairs(Side("a", two, "single"), Side("b", other, "naive")) == (("single", "naive"),)
    assert pairs(Side("a", two, "multi"), Side("b", other)) == (("multi", "multi"),)
    assert pairs(Side("a", two), Side("b", other, "multi")) == (("multi", "multi"),)
    single, naive = Side("a", result("single", rounds=1)), Side("b", result("naive", rounds=1))
    assert pairs(single, naive) == (("single", "naive"),)
    with pytest.raises(UsageError, match=r'b has no variant "single": there are "naive" and "multi"'):
        pairs(Side("a", two, "single"), Side("b", other))
    with pytest.raises(UsageError, match=r'a has no variant "absent": there are'):
        pairs(Side("a", two, "absent"), Side("b", other))
    with pytest.raises(UsageError, match=r"have no variant in common: give one of each, as a:VARIANT"):
        pairs(Side("a", two), naive)


def test_a_failed_build_on_one_side_is_said_and_the_rest_is_compared() -> None:
    base = result()
    pair = pair_of(compare(base, factory.fail(base, "single", "cold", range(1, 11), 2)), "cold")
    assert (pair.time, pair.compressed_bytes_delta, pair.uncompressed_bytes_delta) == (None, None, None)
    assert pair.steps_lost == pair.steps_won == ()
    assert pair.notes == (
        "head: 10 of 10 builds failed: COPY requirements.txt . ended with exit code 1: ERROR: no such index",
    )
    some = compare(factory.fail(base, "single", "cold", (2, 3)), base)
    assert pair_of(some, "cold").time is not None
    assert pair_of(some, "cold").time.rounds == 8  # type: ignore[union-attr]
    assert pair_of(some, "cold").notes[0].startswith("base: 2 of 10 builds failed: ")
    assert pair_of(some, "warm").notes == ()


def test_invalid_and_missing_builds_are_said_and_enter_nothing() -> None:
    base = result()
    head = factory.change(larger(base, 1_000, 1_000), "single", "cold", range(1, 9), invalid="RUN make was cached")
    head = dataclasses.replace(
        head, builds=tuple(one for one in head.builds if (one.scenario, one.round) != ("touch", 10))
    )
    found = compare(base, head)
    pair = pair_of(found, "cold")
    assert pair.time is not None
    assert pair.time.rounds == 2
    assert pair.notes == ("head: 8 of 10 builds invalid: RUN make was cached",)
    assert pair_of(found, "touch").notes == ("head: 1 of 10 builds missing",)


def test_an_image_that_does_not_work_is_said() -> None:
    base = result()
    broken = dataclasses.replace(base, smoke_tests=(dataclasses.replace(base.smoke_tests[0], outcome="failed"),))
    assert pair_of(compare(base, broken), "cold").notes == ("head: the image does not work (its smoke test failed)",)


def test_another_base_image_a_run_cut_short_and_runs_one_after_the_other_are_said() -> None:
    base = result()
    head = dataclasses.replace(
        base,
        bases=(Base("python:3.12-slim", "sha256:" + "d4" * 32),),
        complete=False,
        started_at="2026-01-23T08:00:00+00:00",
    )
    assert compare(base, head).notes == (
        "Head is a run that was cut short or is still under way: some of its builds are missing.",
        "The base image python:3.12-slim is another one in head: sha256:c3c3c3c3c3c3 -> sha256:d4d4d4d4d4d4.",
        "Base and head were measured by two runs, one after the other: what changed on the machine in between shows as"
        " a difference in time too.",
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            ("python:3.12-slim@sha256:" + "c3" * 32,),
            ("python:3.12-slim@sha256:" + "d4" * 32,),
            (
                "The base image python:3.12-slim@sha256:d4d4d4d stands in head in place of"
                " python:3.12-slim@sha256:c3c3c3c: sha256:000000000000 -> sha256:000000000001.",
            ),
        ),
        (
            ("localhost:5000/app", "debian:12"),
            ("localhost:5000/app:2", "debian:13"),
            (
                "The base image localhost:5000/app:2 stands in head in place of localhost:5000/app:"
                " sha256:000000000000 -> sha256:000000000001.",
                "The base image debian:13 stands in head in place of debian:12:"
                " sha256:000000000000 -> sha256:000000000001.",
            ),
        ),
        (
            ("debian",),
            ("alpine",),
            ("The base image alpine stands in head in place of debian: sha256:000000000000 -> sha256:000000000001.",),
        ),
        (("debian",), ("debian", "alpine"), ("The base image alpine is new in head: sha256:000000000001.",)),
        (("debian",), (), ()),
    ],
)
def test_base_images_in_place_of_others_are_said(
    before: tuple[str, ...], after: tuple[str, ...], said: tuple[str, ...]
) -> None:
    both = set(before) & set(after)
    sides = [
        dataclasses.replace(
            result(),
            bases=tuple(Base(name, f"sha256:{0 if name in both else side:012d}" + "f" * 52) for name in names),
        )
        for side, names in enumerate((before, after))
    ]
    assert base_image_differences(*sides) == said


def test_a_lost_step_is_found_whatever_the_times_say() -> None:
    base = result(rounds=1)
    pair = pair_of(compare(base, uncached(base, "pip install", "edit-source")), "edit-source")
    assert [step.instruction for step in pair.steps_lost] == ["RUN pip install --no-cache-dir -r requirements.txt"]
    assert pair.time is not None
    assert pair.time.verdict == "undecided"
