"""A joined result as two, each as if its side had been measured alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.ab.joining import SIDES, Joined, SideName, join, name_at
from layerbench.ab.splitting import Splitter, SplitWriter
from layerbench.analysis.undecided import undecided_times
from layerbench.cachekeys.codec import encode_inputs, encode_keys
from layerbench.cachekeys.models import BuildInputs, BuildKeys, Invocation, StepKey
from layerbench.cachekeys.reading import InputsReader
from layerbench.config.models import COLD, WARM, Append, BenchFile, Scenario, Variant
from layerbench.results.file import read_result
from layerbench.results.models import Base, Result
from layerbench.results.side_file import SideFile, layers_of
from layerbench.runner.records import bench_record
from tests.results import factory

NAMES = ("single", "multi")
SOURCE = Scenario("edit-source", "edit", None, (Append("app.py", "x"),))


@pytest.fixture
def joined(tmp_path: Path) -> Joined:
    sides: dict[SideName, BenchFile] = {}
    for side, base in (("base", "python:3.12-slim"), ("head", "python:3.13-slim")):
        folder = tmp_path / side
        folder.mkdir()
        for name in NAMES:
            (folder / f"{name}.Dockerfile").write_text(f"FROM {base}\n")
        variants = tuple(Variant(name, folder / f"{name}.Dockerfile", folder) for name in NAMES)
        scenarios = (COLD, WARM, SOURCE if side == "base" else replace(SOURCE, edits=(Append("app.py", "y"),)))
        sides[side] = BenchFile("web", folder, variants, scenarios, 3)  # type: ignore[index]
    return join(sides["base"], sides["head"])


def joined_result(joined: Joined, rounds: int = 3) -> Result:
    """What the joined run gives: the head's images of `multi` are its own, all others are those of both sides."""
    plans = [replace(factory.plan(name), name=name_at(name, side)) for name in NAMES for side in SIDES]
    scenarios = bench_record(joined.bench).scenarios
    whole = factory.with_images(factory.result(plans, scenarios[:2], rounds))
    apart = [
        replace(build, scenario=f"edit-source@{build.variant.rpartition('@')[2]}")
        for build in factory.result(plans, [factory.SCENARIOS[2]], rounds).builds
    ]
    return replace(
        whole,
        builds=(*whole.builds, *apart),
        bases=(Base("python:3.12-slim", "sha256:12"), Base("python:3.13-slim", "sha256:13")),
        notes=("the cache mount x of multi@head was still empty", "an index served"),
    )


def test_each_side_has_its_own_names_bench_bases_and_notes(joined: Joined) -> None:
    splitter = Splitter(joined, "linux/amd64")
    whole = joined_result(joined)
    base, head = (splitter.split(whole, side) for side in SIDES)
    for side, result in (("base", base), ("head", head)):
        assert {build.variant for build in result.builds} == set(NAMES)
        assert {build.scenario for build in result.builds} == {"cold", "warm", "edit-source"}
        assert len(result.builds) == len(whole.builds) / 2
        assert [test.variant for test in result.smoke_tests] == list(NAMES)
        own = bench_record(joined.sides["base" if side == "base" else "head"])
        assert result.bench == replace(own, rounds=3)
        assert all("tmp" not in variant.dockerfile for variant in result.bench.variants)
    assert base.bench.digest != head.bench.digest  # their edits differ
    assert [one.reference for one in base.bases] == ["python:3.12-slim"]
    assert [one.reference for one in head.bases] == ["python:3.13-slim"]
    assert base.notes == ("an index served",)
    assert head.notes == ("the cache mount x of multi was still empty", "an index served")
    made = {(build.image.config_digest, build.image.manifest_digest) for build in base.builds if build.image}
    assert {(image.config_digest, image.manifest_digest) for image in base.images} == made
    assert base.started_at == head.started_at


def test_a_build_that_was_split_before_is_the_same_object(joined: Joined) -> None:
    splitter = Splitter(joined, "linux/amd64")
    whole = joined_result(joined)
    shorter = splitter.split(replace(whole, builds=whole.builds[:8]), "base")
    longer = splitter.split(whole, "base")
    assert all(one is other for one, other in zip(shorter.builds, longer.builds[: len(shorter.builds)], strict=True))


def test_both_files_are_written_with_the_layers_of_their_images(joined: Joined, tmp_path: Path) -> None:
    paths: dict[SideName, Path] = {side: tmp_path / f"{side}.json" for side in SIDES}
    whole = joined_result(joined)
    layers = SideFile(tmp_path / "joined.layers.zip")
    known = {layer.diff_id for build in whole.builds if build.image for layer in build.image.layers}
    layers.add({diff_id: diff_id.encode() for diff_id in known})
    writer = SplitWriter(Splitter(joined, "linux/amd64"), paths, layers)
    writer.save_layers(print)  # nothing was measured yet: nothing is written
    assert not any(path.exists() for path in paths.values())
    writer.save(replace(whole, complete=False, builds=whole.builds[:4]))
    assert read_result(paths["base"]).side_file is None
    writer.save(whole)
    writer.save_layers(print)
    for side, path in paths.items():
        result = read_result(path)
        assert result == writer.results[side]
        assert result.side_file == f"{side}.layers.zip"
        wanted = {layer.diff_id for build in result.builds if build.image for layer in build.image.layers}
        assert layers_of(tmp_path / f"{side}.layers.zip") == wanted


def test_each_side_gets_what_explains_its_builds(joined: Joined, tmp_path: Path) -> None:
    paths: dict[SideName, Path] = {side: tmp_path / f"{side}.json" for side in SIDES}
    layers = SideFile(tmp_path / "joined.layers.zip")
    whole = joined_result(joined)
    builds = []
    for build in whole.builds:
        inputs = BuildInputs(f"FROM scratch\n# {build.variant}\n", Invocation(), {})
        keys = BuildKeys({0: (StepKey(build.variant),)})
        members = (
            layers.add_document("inputs", encode_inputs(inputs)),
            layers.add_document("keys", encode_keys(keys)),
        )
        builds.append(replace(build, inputs=members[0], cache_keys=members[1]))
    writer = SplitWriter(Splitter(joined, "linux/amd64"), paths, layers)
    writer.save(replace(whole, builds=tuple(builds)))
    writer.save_layers(pytest.fail)
    for side, path in paths.items():
        reader = InputsReader(path, read_result(path))
        for build in read_result(path).builds:
            inputs_of_side, keys_of_side = reader.inputs(build), reader.keys(build)
            assert inputs_of_side is not None and keys_of_side is not None
            assert inputs_of_side.dockerfile.endswith(f"@{side}\n")
            assert keys_of_side.steps[0][0].operation.endswith(f"@{side}")


def test_layers_that_cannot_be_written_are_told_and_the_results_stay(joined: Joined, tmp_path: Path) -> None:
    paths: dict[SideName, Path] = {side: tmp_path / f"{side}.json" for side in SIDES}
    whole = joined_result(joined, 1)
    layers = SideFile(tmp_path / "joined.layers.zip")
    [first, *_] = [build.image for build in whole.builds if build.image]
    layers.add({layer.diff_id: b"x" for layer in first.layers})
    layers.path.unlink()
    writer = SplitWriter(Splitter(joined, "linux/amd64"), paths, layers)
    writer.save(whole)
    notes: list[str] = []
    writer.save_layers(notes.append)
    assert all("are incomplete" in note for note in notes)
    assert len(notes) == 2
    assert read_result(paths["head"]).side_file is None


def test_times_of_few_rounds_are_undecided_and_failed_builds_need_no_more(joined: Joined) -> None:
    splitter = Splitter(joined, "linux/amd64")
    whole = joined_result(joined, 3)
    base, head = (splitter.split(whole, side) for side in SIDES)
    left = [(one.variant, one.scenario) for one in undecided_times(base, head, 10)]
    # edit-source is not the same on both sides, so its times are not compared.
    assert left == [(name, scenario) for scenario in ("cold", "warm") for name in NAMES]
    assert "about" in undecided_times(base, head, 10)[0].told()
    failed = factory.fail(factory.fail(head, "multi", "cold"), "multi", "warm")
    assert {one.variant for one in undecided_times(base, failed, 10)} == {"single"}
    equal = joined_result(joined, 10)
    base = splitter.split(equal, "base")
    assert undecided_times(base, base, 10) == ()
