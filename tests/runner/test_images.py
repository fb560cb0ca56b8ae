from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.buildx.docker import BuilderFacts, DockerClient, EngineFacts
from layerbench.buildx.trace import Trace
from layerbench.results.side_file import SideFile, layers_of
from layerbench.runner.anatomies import Anatomies
from layerbench.runner.connect import Connection
from layerbench.runner.images import ImageReader
from tests.image import archives
from tests.image.archives import LAYERS, digest_of
from tests.runner.made_up import IMAGE, NAME, calls

CONNECTION = Connection(
    DockerClient(),
    EngineFacts(None, None, "classic", None, "linux/amd64"),
    BuilderFacts("", "", None, None),
    None,
    None,
)


def exported(digest: str) -> Trace:
    """The trace of a build that exported an image."""
    trace = Trace()
    trace.add({"statuses": [{"id": f"writing image {digest}", "vertex": digest, "name": f"writing image {digest}"}]})
    return trace


@pytest.fixture
def anatomies(tmp_path: Path) -> Anatomies:
    return Anatomies(SideFile(tmp_path / "web.layers.zip"), pytest.fail)


def test_an_image_is_read_and_told_of_once(fake: Path, anatomies: Anatomies, tmp_path: Path) -> None:
    (fake / "there").touch()
    reader = ImageReader(CONNECTION, anatomies)
    trace = exported(str(IMAGE["Id"]))
    image = reader.read(trace, NAME, None)
    assert [layer.diff_id for layer in image.layers] == [digest_of(layer) for layer in LAYERS]
    assert layers_of(tmp_path / "web.layers.zip") == {digest_of(layer) for layer in LAYERS}
    (fake / "there").unlink()
    assert reader.read(trace, NAME, None) is image
    assert len(calls(fake)) == 1


def test_no_profile_is_kept_longer_than_it_is_needed(fake: Path, anatomies: Anatomies) -> None:
    (fake / "there").touch()
    image = ImageReader(CONNECTION, anatomies).read(exported(str(IMAGE["Id"])), NAME, None)
    assert all(layer.profile is None for layer in image.layers)


def test_layers_of_an_earlier_run_are_not_read_again(fake: Path, anatomies: Anatomies, tmp_path: Path) -> None:
    (fake / "there").touch()
    first = ImageReader(CONNECTION, Anatomies(None, pytest.fail)).read(exported(str(IMAGE["Id"])), NAME, None)
    (fake / "image.tar").write_bytes(archives.classic_archive()[:3000])
    assert ImageReader(CONNECTION, anatomies).read(exported(str(IMAGE["Id"])), NAME, None) == first
    assert layers_of(tmp_path / "web.layers.zip") == {digest_of(layer) for layer in LAYERS}
