from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from layerbench.analysis.comparison.comparable import (
    bench_differences,
    platforms_of,
    why_not_comparable,
    why_times_do_not_compare,
)
from layerbench.results.models import Result, ScenarioRecord
from tests.analysis.comparison.factory import compare, pair_of, result, slower
from tests.results import factory


def machine(whole: Result, **fields: Any) -> Result:
    return dataclasses.replace(whole, machine=dataclasses.replace(whole.machine, **fields))


def builder(whole: Result, **fields: Any) -> Result:
    return dataclasses.replace(whole, builder=dataclasses.replace(whole.builder, **fields))


def bench(whole: Result, **fields: Any) -> Result:
    return dataclasses.replace(whole, bench=dataclasses.replace(whole.bench, digest="sha256:other", **fields))


def test_the_same_compares() -> None:
    whole = result()
    assert why_not_comparable(whole, whole) == why_times_do_not_compare(whole, whole) == ()
    assert bench_differences(whole, whole) == ()
    assert compare(whole, whole).notes == ()


def test_another_schema_version_is_not_compared() -> None:
    whole = result()
    [reason] = why_not_comparable(whole, dataclasses.replace(whole, schema_version=2))
    assert reason == "base has schema version 1 and head 2: measure the older one again"
    found = compare(whole, dataclasses.replace(whole, schema_version=2))
    assert found.pairs == ()
    assert found.notes == (f"Nothing is compared: {reason}.",)


def test_another_platform_is_not_compared() -> None:
    whole = factory.with_images(result())
    arm = dataclasses.replace(
        whole, images=tuple(dataclasses.replace(one, platform="linux/arm64") for one in whole.images)
    )
    assert platforms_of(arm) == {"linux/arm64"}
    found = compare(whole, arm)
    assert found.pairs == ()
    assert "base is for linux/amd64 and head for linux/arm64" in found.notes[0]


def test_the_machine_tells_the_platform_where_no_image_does() -> None:
    whole = result()
    assert platforms_of(whole) == {"linux/amd64"}
    assert compare(whole, machine(whole, architecture="aarch64")).pairs == ()
    variants = tuple(dataclasses.replace(one, platform="linux/amd64") for one in whole.bench.variants)
    emulated = bench(machine(whole, architecture="aarch64"), variants=variants)
    assert why_not_comparable(whole, emulated) == ()


def test_a_variant_for_another_platform_is_left_out_and_the_rest_is_compared() -> None:
    whole = result("single", "multi")
    variants = (whole.bench.variants[0], dataclasses.replace(whole.bench.variants[1], platform="linux/arm64"))
    found = compare(whole, bench(whole, variants=variants))
    assert {pair.variant_base for pair in found.pairs} == {"single"}
    assert "multi is not compared: base is for linux/amd64 and head for linux/arm64." in found.notes


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (machine(slower(result(), 2), cpu_count=4), "different machines (CPUs 2 and 4)"),
        (machine(slower(result(), 2), kernel="Linux 7.0"), "different machines (kernel Linux 6.1.0-18-amd64 and Linux"),
        (machine(slower(result(), 2), memory_bytes=None), "different machines (GB of memory 8 and unknown)"),
        (builder(slower(result(), 2), engine_version="29.0"), "different builders (Docker Engine 28.5.2 and 29.0)"),
        (builder(slower(result(), 2), image_store="classic"), "different builders (image store containerd and cl"),
    ],
)
def test_times_of_another_machine_or_builder_are_undecided_and_the_rest_compares(head: Result, words: str) -> None:
    found = compare(result(), head)
    assert any(words in note for note in found.notes)
    for pair in found.pairs:
        assert pair.time is not None
        assert pair.time.verdict == "undecided"
        assert pair.time.ratio == pytest.approx(2, rel=0.01)
        assert pair.time_causes == ""
        assert pair.compressed_bytes_delta == 0


def test_what_a_restart_changes_is_no_other_machine() -> None:
    whole = result()
    head = builder(machine(whole, memory_bytes=8_241_020_480), name="other", private_engine=None)
    assert why_times_do_not_compare(whole, head) == ()


def test_another_bench_file_is_said_and_what_both_have_is_compared() -> None:
    whole = result("single", "multi")
    single, multi = whole.bench.variants
    scenarios = tuple(
        dataclasses.replace(one, edits=({"append": "other.py"},)) if one.name == "edit-source" else one
        for one in whole.bench.scenarios
    )
    variants = (single, dataclasses.replace(multi, target="runtime", build_args={"A": "1"}))
    found = compare(whole, bench(whole, variants=variants, scenarios=scenarios))
    assert found.notes == (
        "Base and head were measured with different bench files; what both have is compared.",
        'The variant "multi" is not the same in both bench files: target and build arguments differ.',
        'The scenario "edit-source" is not compared: its edit is not the same in both bench files.',
    )
    assert {pair.scenario for pair in found.pairs} == {one.name for one in factory.SCENARIOS} - {"edit-source"}
    assert {pair.variant_head for pair in found.pairs} == {"single", "multi"}


def test_a_scenario_of_one_side_is_said() -> None:
    whole = result()
    more = (*whole.bench.scenarios, ScenarioRecord("edit-readme", "edit"))
    found = compare(bench(whole, scenarios=more), whole)
    assert 'The scenario "edit-readme" of single is only in base and is not compared.' in found.notes
    assert len(found.pairs) == len(factory.SCENARIOS)
    for_others = tuple(dataclasses.replace(one, variants=("other",)) for one in more if one.name == "touch")
    found = compare(whole, bench(dataclasses.replace(whole, builds=()), scenarios=for_others))
    assert found.pairs == ()


def test_compressed_bytes_of_two_kinds_do_not_compare() -> None:
    whole = result()
    image = whole.builds[0].image
    assert image is not None
    head = factory.change(
        whole, "single", "cold", range(1, 11), image=dataclasses.replace(image, compressed_bytes_source="gzip")
    )
    pair = pair_of(compare(whole, head), "cold")
    assert (pair.compressed_bytes_delta, pair.uncompressed_bytes_delta) == (None, 0)
    assert pair.notes == (
        "compressed bytes do not compare: base has what a pull transfers, head has what gzip makes of the layers",
    )
    assert pair_of(compare(whole, head), "warm").compressed_bytes_delta == 0
