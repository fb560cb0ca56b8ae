from __future__ import annotations

import gzip
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from layerbench.errors import EngineError, LayerbenchError, UsageError
from layerbench.image.contents import ImageContents
from layerbench.runner.image_sources import open_image
from tests.image import archives
from tests.image.archives import LAYERS, Layout, blob_path, digest_of, gzipped
from tests.image.test_layout import write

MOST_BYTES = 10**9


@pytest.fixture(autouse=True)
def _nothing_of_the_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache, no engine and no home but the test's."""
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LAYERBENCH_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.chdir(tmp_path)


def opened(reference: str | Path, platform: str | None = None, max_bytes: int = MOST_BYTES) -> ImageContents:
    return open_image(str(reference), platform=platform, max_bytes=max_bytes, note=lambda text: None)


def layout_folder(folder: Path) -> Path:
    layout = Layout()
    folder.mkdir()
    return write(layout, folder, layout.add_image())


def test_every_form_is_the_same_image(tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.add_image()
    folder = tmp_path / "layout"
    folder.mkdir()
    write(layout, folder, manifest)
    (tmp_path / "image.tar").write_bytes(layout.tar(manifest))
    (tmp_path / "image.tgz").write_bytes(gzip.compress(layout.tar(manifest)))
    images = [opened(path) for path in (folder, "layout", "./layout/", "image.tar", "image.tgz")]
    for image in images:
        assert image.layers == images[0].layers
        assert (image.manifest_digest, image.platform) == (manifest["digest"], "linux/amd64")
        assert [layer.instruction for layer in image.layers] == ["RUN 0", "RUN 1", "RUN 2"]
        assert [[entry.path for entry in layer.profile.entries()] for layer in image.layers] == [
            ["file0"],
            ["file1"],
            ["file2"],
        ]
        assert image.compressed_bytes == sum(len(gzipped(layer)) for layer in LAYERS)
    assert [image.name for image in images] == [str(folder), "layout", "./layout/", "image.tar", "image.tgz"]


@pytest.mark.parametrize("make", [archives.classic_archive, archives.old_archive])
def test_archives_of_the_classic_store(make: Any, tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(make())
    image = opened("image.tar")
    assert image.compressed_bytes_source == "gzip"
    assert [layer.diff_id for layer in image.layers] == [digest_of(layer) for layer in LAYERS]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    data = gzip.compress(archives.oci_archive())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert [layer.diff_id for layer in opened("-").layers] == [digest_of(layer) for layer in LAYERS]


def test_a_terminal_is_no_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    leader, follower = os.openpty()
    with os.fdopen(leader), os.fdopen(follower) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        with pytest.raises(UsageError, match="nothing comes in on standard input"):
            opened("-")


def test_tags_and_digests_of_a_layout(tmp_path: Path) -> None:
    layout = Layout()
    first, second = layout.add_image(LAYERS[:1]), layout.add_image(LAYERS[1:])
    name = "org.opencontainers.image.ref.name"
    tagged = [{**first, "annotations": {name: "one"}}, {**second, "annotations": {name: "example.org/two:2"}}]
    (tmp_path / "a:b").mkdir()
    folder = write(layout, tmp_path / "a:b", *tagged)
    (tmp_path / "both.tar").write_bytes(layout.tar(*tagged))
    for place in (folder, "a:b", "both.tar"):
        assert opened(f"{place}:one").manifest_digest == first["digest"]
        assert opened(f"{place}:example.org/two:2").manifest_digest == second["digest"]
        with pytest.raises(EngineError, match=r"holds several images: example\.org/two:2, one; name one of them"):
            opened(place)
    assert opened(f"{folder}@{second['digest']}").manifest_digest == second["digest"]
    with pytest.raises(EngineError, match="is without 'blobs/sha256/"):
        opened(f"{folder}@sha256:{'0' * 64}")


def test_a_layer_that_was_seen_before_is_not_read_again(tmp_path: Path) -> None:
    folder = layout_folder(tmp_path / "layout")
    first = opened(folder)
    for layer in LAYERS:
        (folder / blob_path(digest_of(gzipped(layer)))).write_bytes(b"another")
    assert opened(folder) == first


def test_the_most_bytes_hold_for_all_layers_together(tmp_path: Path) -> None:
    folder = layout_folder(tmp_path / "layout")
    whole = sum(map(len, LAYERS))
    with pytest.raises(EngineError, match="--max-bytes"):
        opened(folder, max_bytes=whole - 1)
    assert opened(folder, max_bytes=whole).uncompressed_bytes == whole


def test_platforms(tmp_path: Path) -> None:
    layout = Layout()
    s390x, riscv64 = layout.add_image(LAYERS[:1], architecture="s390x"), layout.add_image(architecture="riscv64")
    (tmp_path / "image.tar").write_bytes(layout.tar(layout.add_index(s390x, riscv64)))
    assert opened("image.tar", "linux/s390x").platform == "linux/s390x"
    with pytest.raises(EngineError, match="found linux/riscv64, linux/s390x; name one platform"):
        opened("image.tar")
    with pytest.raises(EngineError, match="found linux/riscv64, linux/s390x; name one platform"):
        opened("image.tar", "linux/amd64")
    with pytest.raises(UsageError, match="--platform arm64: give it as os/architecture, such as linux/arm64"):
        opened("image.tar", "arm64")


def test_a_file_or_folder_that_has_an_images_name_by_chance_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "app").write_bytes(b"\x7fELF" + bytes(1000))
    for reference in ("web", "web:1", "app", "app:1", "web@sha256:" + "0" * 64):
        with pytest.raises(EngineError, match=r"no Docker Engine answers|docker is not installed"):
            opened(reference)


def test_what_is_none_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.bin").write_bytes(b"nonsense")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "list.json").write_text("{}")
    for reference, words in {
        "./folder": r"the folder folder is no OCI layout: it has no index\.json",
        "./other.bin": r"other\.bin is no image archive",
        "./fifo": "fifo is no plain file",
        "/dev/zero": "/dev/zero is no plain file",
        "list.json": r"list\.json is JSON, but no result file",
        "./absent.tar": "neither a file, a folder, nor the name of an image",
        "": "neither a file, a folder, nor the name of an image",
        "--help": "neither a file, a folder, nor the name of an image",
        "a b": "neither a file, a folder, nor the name of an image",
        "a\0b": "neither a file, a folder, nor the name of an image",
        "x" * 5000 + "/": "neither|no Docker Engine|not installed",
    }.items():
        with pytest.raises(LayerbenchError, match=words) as caught:
            opened(reference)
        assert len(str(caught.value).splitlines()) == 1


def test_an_archive_inside_of_json_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps({"schema_version": 1}))
    with pytest.raises(UsageError, match=r"result\.json is damaged"):
        opened("result.json:multi")


@pytest.mark.parametrize("name", ["empty.tar", "näme with space", "app.json:x"])
def test_a_file_that_is_no_image_is_not_looked_for_in_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).touch()
    with pytest.raises(LayerbenchError, match="is no image archive: give an OCI or `docker save` tar"):
        open_image(name, platform=None, max_bytes=1000, note=print)
