from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from layerbench.errors import UsageError
from layerbench.image.models import SavedImage
from layerbench.image.profile_codec import decode_blob
from layerbench.results.models import Build, Image, Layer, Result
from layerbench.results.side_file import SideFile, layers_of, read_layers
from layerbench.runner.anatomies import Anatomies, open_side_file
from tests.cli.images import AFTER, BEFORE, PIP_CACHE, archive, file_bytes
from tests.image.test_archive import read
from tests.results import factory


@pytest.fixture
def before() -> SavedImage:
    return read(archive(*BEFORE))


@pytest.fixture
def after() -> SavedImage:
    return read(archive(*AFTER))


def result_of(*images: SavedImage) -> Result:
    """A result whose builds made these images."""
    whole = factory.result([factory.plan("naive")], factory.SCENARIOS[: len(images)], rounds=1)
    builds = tuple(_built(build, image) for build, image in zip(whole.builds, images, strict=True))
    return dataclasses.replace(whole, builds=builds)


def _built(build: Build, saved: SavedImage) -> Build:
    layers = tuple(
        Layer(layer.digest, layer.diff_id, layer.compressed_bytes, layer.uncompressed_bytes, step)
        for layer, step in zip(saved.layers, (None, 2, 3), strict=True)
    )
    image = Image(
        saved.manifest_digest,
        saved.config_digest,
        saved.compressed_bytes,
        saved.uncompressed_bytes,
        saved.compressed_bytes_source,
        layers,
    )
    return dataclasses.replace(build, image=image)


def test_a_summary_says_what_is_in_the_layers(before: SavedImage, after: SavedImage) -> None:
    anatomies = Anatomies(None, pytest.fail)
    anatomies.add(after)
    [summary] = anatomies.of_builds(result_of(after))
    assert (summary.config_digest, summary.manifest_digest) == (after.config_digest, after.manifest_digest)
    assert [layer.diff_id for layer in summary.layers] == [layer.diff_id for layer in after.layers]
    assert [layer.instruction for layer in summary.layers] == [instruction for instruction, _ in AFTER]
    packages = summary.layers[1].packages
    assert packages.count == 1
    [package] = packages.largest
    assert (package.ecosystem, package.name, package.version) == ("python", "alpha", "2.0")
    assert package.uncompressed_bytes == packages.uncompressed_bytes > file_bytes(50_000)
    assert [layer.files.added for layer in summary.layers] == [2, 4, 2]
    assert summary.layers[1].files.largest[0].path == next(iter(PIP_CACHE))
    assert summary.layers[1].files.largest[0].uncompressed_bytes == file_bytes(60_000)
    [waste] = [waste for waste in summary.waste if waste.kind == "pip-cache"]
    assert (waste.layer, waste.instruction, waste.optional) == (1, "RUN pip install alpha==2.0", False)
    assert summary.dive is not None
    assert summary.dive.efficiency == 1


def test_an_image_is_told_of_once_and_only_where_a_build_made_it(before: SavedImage, after: SavedImage) -> None:
    anatomies = Anatomies(None, pytest.fail)
    for image in (before, after, before):
        anatomies.add(image)
    assert [one.config_digest for one in anatomies.of_builds(result_of(after))] == [after.config_digest]
    both = anatomies.of_builds(result_of(after, before, after))
    assert [one.config_digest for one in both] == [before.config_digest, after.config_digest]
    # The same records, so that they are not converted again for each writing.
    assert anatomies.of_builds(result_of(before))[0] is both[0]


def test_what_an_earlier_run_found_stays(before: SavedImage, after: SavedImage) -> None:
    earlier = Anatomies(None, pytest.fail)
    earlier.add(before)
    anatomies = Anatomies(None, pytest.fail)
    anatomies.go_on_with(earlier.of_builds(result_of(before)))
    anatomies.add(after)
    assert len(anatomies.of_builds(result_of(before, after))) == 2


def test_an_image_without_profiles_has_no_summary(before: SavedImage) -> None:
    anatomies = Anatomies(None, pytest.fail)
    anatomies.add(before.without_profiles())
    assert anatomies.of_builds(result_of(before)) == ()


def test_long_instructions_are_whole_in_the_layers_only(before: SavedImage) -> None:
    history = tuple(dataclasses.replace(entry, created_by=entry.created_by + " #" * 500) for entry in before.history)
    image = dataclasses.replace(before, history=history)
    changed = read(archive(*BEFORE, ("RUN touch", BEFORE[2][1])))
    changed = dataclasses.replace(changed, history=(*history, *changed.history[len(history) :]))
    anatomies = Anatomies(None, pytest.fail)
    anatomies.add(changed)
    whole = factory.result([factory.plan("naive")], factory.SCENARIOS[:1], rounds=1)
    made = Image(changed.manifest_digest, changed.config_digest, 1, 1, "manifest", ())
    [summary] = anatomies.of_builds(
        dataclasses.replace(whole, builds=(dataclasses.replace(whole.builds[0], image=made),))
    )
    assert all(len(layer.instruction) > 1000 for layer in summary.layers[:3])
    [waste] = [waste for waste in summary.waste if waste.kind == "overwritten"]
    assert len(waste.instruction) == 100
    assert summary.layers[waste.layer].instruction.startswith(waste.instruction[:-1])
    assert image.layers == before.layers


# --- the side file ---


def test_every_layer_is_kept_once(before: SavedImage, after: SavedImage, tmp_path: Path) -> None:
    side_file = SideFile(tmp_path / "web.layers.zip")
    anatomies = Anatomies(side_file, pytest.fail)
    assert anatomies.side_file is None
    anatomies.add(before)
    assert anatomies.side_file == "web.layers.zip"
    assert layers_of(side_file.path) == {layer.diff_id for layer in before.layers}
    anatomies.add(after)
    assert layers_of(side_file.path) == {layer.diff_id for image in (before, after) for layer in image.layers}
    kept = read_layers(side_file.path, [layer.diff_id for layer in after.layers])
    assert [decode_blob(kept[layer.diff_id]).profile for layer in after.layers] == [
        layer.profile for layer in after.layers
    ]


def test_a_side_file_that_cannot_be_written_does_not_end_the_run(before: SavedImage, tmp_path: Path) -> None:
    notes: list[str] = []
    anatomies = Anatomies(SideFile(tmp_path / "absent" / "web.layers.zip"), notes.append)
    anatomies.add(before)
    anatomies.add(before)
    [note] = notes
    assert note.startswith(f"cannot write {tmp_path}/absent/web.layers.zip: ")
    assert anatomies.side_file is None
    assert len(anatomies.of_builds(result_of(before))) == 1


def test_a_new_run_begins_with_none(tmp_path: Path) -> None:
    output = tmp_path / "web.json"
    side_file = open_side_file(output, None, None, pytest.fail)
    assert side_file is not None
    assert side_file.path == tmp_path / "web.layers.zip"
    assert not side_file.path.exists()
    assert open_side_file(None, None, None, pytest.fail) is None
    assert open_side_file(Path("/dev/null"), None, None, pytest.fail) is None
    side_file.path.write_text("a thesis")
    with pytest.raises(UsageError, match="is no side file"):
        open_side_file(output, None, None, pytest.fail)


@pytest.mark.parametrize("output_name", ["web.json", "other.json"])
def test_a_resumed_run_keeps_what_is_there(output_name: str, before: SavedImage, tmp_path: Path) -> None:
    resumed, output = tmp_path / "web.json", tmp_path / output_name
    first = Anatomies(open_side_file(resumed, None, None, pytest.fail), pytest.fail)
    first.add(before)
    earlier = dataclasses.replace(result_of(before), side_file=first.side_file)
    side_file = open_side_file(output, resumed, earlier, pytest.fail)
    assert side_file is not None
    assert side_file.path == output.with_suffix(".layers.zip")
    assert layers_of(side_file.path) == {layer.diff_id for layer in before.layers}
    assert Anatomies(side_file, pytest.fail).side_file == side_file.path.name


def test_a_resumed_run_whose_layers_are_lost_says_so(before: SavedImage, tmp_path: Path) -> None:
    resumed = tmp_path / "web.json"
    earlier = dataclasses.replace(result_of(before), side_file="web.layers.zip")
    notes: list[str] = []
    side_file = open_side_file(resumed, resumed, earlier, notes.append)
    assert side_file is not None
    assert not side_file.diff_ids
    [note] = notes
    assert "measured before are lost" in note
    assert "web.layers.zip is not there" in note
