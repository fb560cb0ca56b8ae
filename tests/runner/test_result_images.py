from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from layerbench.errors import UsageError
from layerbench.image.contents import ImageContents
from layerbench.image.models import SavedImage
from layerbench.results.file import read_result, write_result
from layerbench.results.models import Result
from layerbench.results.side_file import SideFile, read_layers
from layerbench.runner.anatomies import Anatomies
from layerbench.runner.image_sources import open_image
from layerbench.runner.result_images import _choose
from tests.cli.images import AFTER, BEFORE, archive
from tests.image.test_archive import read
from tests.results import factory
from tests.runner.test_anatomies import _built

BEFORE_IMAGE, AFTER_IMAGE = read(archive(*BEFORE)), read(archive(*AFTER))
SCENARIOS = [factory.SCENARIOS[0], factory.SCENARIOS[2]]


def made_by(scenario: str, round_: int) -> SavedImage:
    return AFTER_IMAGE if scenario == "edit-source" or round_ == 2 else BEFORE_IMAGE


def written(folder: Path, *variants: str, scenarios: list[str] | None = None) -> Path:
    """A result file with its side file: round 1 has the first image where nothing was edited, all else the second."""
    plans = [dataclasses.replace(factory.plan("naive"), name=name) for name in variants]
    records = [
        dataclasses.replace(SCENARIOS[at], name=name) for at, name in enumerate(scenarios or ["cold", "edit-source"])
    ]
    whole = factory.result(plans, records, rounds=2)
    builds = tuple(_built(build, made_by(build.scenario, build.round)) for build in whole.builds)
    anatomies = Anatomies(SideFile(folder / "web.layers.zip"), pytest.fail)
    for image in (BEFORE_IMAGE, AFTER_IMAGE):
        anatomies.add(image)
    result = dataclasses.replace(whole, builds=builds, side_file=anatomies.side_file)
    return save(dataclasses.replace(result, images=anatomies.of_builds(result)), folder)


def save(result: Result, folder: Path) -> Path:
    write_result(result, folder / "web.json")
    return folder / "web.json"


@pytest.fixture(autouse=True)
def _no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LAYERBENCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


def opened(reference: str, platform: str | None = None) -> ImageContents:
    return open_image(reference, platform=platform, max_bytes=1, note=lambda text: None)


def config_digest(reference: str) -> str:
    return opened(reference).config_digest


def test_a_build_is_the_image_that_it_made(tmp_path: Path) -> None:
    image = opened(f"{written(tmp_path, 'app')}:app:cold:1")
    assert image.name == f"{tmp_path}/web.json:app:cold:1"
    assert (image.config_digest, image.manifest_digest) == (BEFORE_IMAGE.config_digest, BEFORE_IMAGE.manifest_digest)
    assert (image.platform, image.compressed_bytes_source) == (BEFORE_IMAGE.platform, "manifest")
    for layer, saved in zip(image.layers, BEFORE_IMAGE.layers, strict=True):
        assert (layer.digest, layer.diff_id) == (saved.digest, saved.diff_id)
        assert (layer.compressed_bytes, layer.uncompressed_bytes) == (saved.compressed_bytes, saved.uncompressed_bytes)
        assert layer.profile == saved.profile
    # The base's from its history, the others from the steps.
    assert [layer.instruction for layer in image.layers] == [
        "ADD base.tar /",
        "COPY . .",
        "RUN pip install -r requirements.txt",
    ]


def test_what_is_left_out_is_the_only_variant_the_cold_scenario_and_the_last_round(tmp_path: Path) -> None:
    path = written(tmp_path, "app")
    first, second = BEFORE_IMAGE.config_digest, AFTER_IMAGE.config_digest
    assert first != second
    for selection, digest in {
        "": second,
        ":app": second,
        ":app:cold": second,
        ":app:cold:2": second,
        ":app:cold:1": first,
        ":app:edit-source": second,
        ":app:edit-source:1": second,
    }.items():
        assert config_digest(f"{path}{selection}") == digest


def test_without_a_cold_build_the_first_scenario_with_an_image_serves(tmp_path: Path) -> None:
    path = written(tmp_path, "app", scenarios=["warm", "edit-source"])
    assert config_digest(f"{path}:app") == AFTER_IMAGE.config_digest
    assert config_digest(f"{path}:app:warm:1") == BEFORE_IMAGE.config_digest


def test_the_longest_name_counts(tmp_path: Path) -> None:
    path = written(tmp_path, "a", "a:cold", "a b: c", "x:1", scenarios=["cold", "cold:1"])
    assert opened(f"{path}:a b: c:cold:1").layers
    whole = read_result(path)
    for selection, expected in {
        "a:cold": ("a:cold", "cold", 2),
        "a:cold:cold": ("a:cold", "cold", 2),
        "a:cold:cold:1": ("a:cold", "cold:1", 2),
        "a:cold:cold:1:1": ("a:cold", "cold:1", 1),
        "a:cold:1": ("a", "cold:1", 2),
        "a:cold:2": ("a", "cold", 2),
        "x:1:cold:2": ("x:1", "cold", 2),
    }.items():
        build = _choose(whole, selection, "web.json")
        assert (build.variant, build.scenario, build.round) == expected


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ("", r"has several variants: give one as .*web\.json:VARIANT \(app, other\)"),
        (":absent", "has no image of the variant absent: there are app, other"),
        (":ap", "has no image of the variant ap: there are app, other"),
        (":app:", "has no image of app in the scenario : there are cold, edit-source"),
        (":app:hot", "has no image of app in the scenario hot: there are cold, edit-source"),
        (":app:cold:3", "has no image of app in cold in the round 3: there are 1, 2"),
        (":app:cold:one", "there are 1, 2"),
        (":app:cold:1:1", "there are 1, 2"),
        (":a\n", r"'a\\n': there are"),
    ],
)
def test_what_is_not_there_is_an_error_with_a_list(selection: str, words: str, tmp_path: Path) -> None:
    path = written(tmp_path, "app", "other")
    with pytest.raises(UsageError, match=words) as caught:
        opened(f"{path}{selection}")
    assert len(str(caught.value).splitlines()) == 1


def test_builds_without_an_image_do_not_count(tmp_path: Path) -> None:
    path = written(tmp_path, "app", "broken")
    whole = read_result(path)
    save(factory.fail(factory.fail(whole, "broken", "cold"), "broken", "edit-source"), tmp_path)
    assert opened(str(path)).layers
    with pytest.raises(UsageError, match="no image of the variant broken: there are app"):
        opened(f"{path}:broken")
    save(factory.fail(read_result(path), "app", "cold"), tmp_path)
    assert config_digest(f"{path}:app") == AFTER_IMAGE.config_digest
    save(dataclasses.replace(whole, builds=()), tmp_path)
    with pytest.raises(UsageError, match="has no build with an image"):
        opened(str(path))


def test_a_platform_that_is_another_one(tmp_path: Path) -> None:
    path = written(tmp_path, "app")
    assert opened(str(path), "linux/amd64").platform == "linux/amd64"
    with pytest.raises(UsageError, match="is for linux/amd64, not for linux/arm64: leave out --platform"):
        opened(str(path), "linux/arm64")


def test_it_moves_with_its_side_file(tmp_path: Path) -> None:
    path = written(tmp_path, "app")
    moved = tmp_path / "elsewhere" / "copy.json"
    moved.parent.mkdir()
    shutil.copy(path, moved)
    with pytest.raises(UsageError, match=r"elsewhere/web\.layers\.zip is not there: copy it to its result file"):
        opened(str(moved))
    shutil.copy(tmp_path / "web.layers.zip", moved.parent)
    assert opened(str(moved)).layers
    (tmp_path / "link.json").symlink_to(moved)
    assert opened(f"{tmp_path}/link.json:app").layers


def test_a_side_file_that_does_not_fit(tmp_path: Path) -> None:
    path = written(tmp_path, "app")
    side_file = tmp_path / "web.layers.zip"
    diff_ids = [layer.diff_id for layer in AFTER_IMAGE.layers]
    for content in (b"", b"nonsense", b"\0" * 100):
        side_file.unlink()
        SideFile(side_file).add(dict.fromkeys(diff_ids, content))
        with pytest.raises(UsageError, match=r"web\.layers\.zip is damaged in its layer sha256:"):
            opened(str(path))
    written(tmp_path, "app")
    kept = read_layers(side_file, diff_ids)
    side_file.unlink()
    SideFile(side_file).add(dict(zip(diff_ids, [kept[diff_ids[-1]]] * 3, strict=True)))
    with pytest.raises(UsageError, match="has another layer in place of"):
        opened(str(path))
    side_file.unlink()
    SideFile(side_file).add({diff_ids[0]: kept[diff_ids[0]]})
    with pytest.raises(UsageError, match="lacks the layer"):
        opened(str(path))


def test_a_result_of_an_older_layerbench(tmp_path: Path) -> None:
    path = written(tmp_path, "app")
    save(dataclasses.replace(read_result(path), side_file=None, images=()), tmp_path)
    with pytest.raises(UsageError, match="was measured without the files of its layers"):
        opened(str(path))


def test_a_side_file_elsewhere_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, "app")
    save(dataclasses.replace(read_result(path), side_file="../web.layers.zip"), tmp_path)
    with pytest.raises(UsageError, match=r"side_file is '../web.layers.zip' and not the name of a file beside it"):
        opened(str(path))
