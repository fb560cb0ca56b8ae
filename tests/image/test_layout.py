from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.errors import EngineError, LayerbenchError
from layerbench.image import BlobInfoCache, SavedImage
from layerbench.image.blobs import ByteBudget
from layerbench.image.choosing import Wanted
from layerbench.image.documents import Platform
from layerbench.image.layout import read_layout
from tests.image import archives
from tests.image.archives import LAYERS, Layout, blob_path, digest_of, gzipped


def write(layout: Layout, folder: Path, *manifests: dict[str, Any]) -> Path:
    """The layout as a folder."""
    for path, data in layout.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    return folder


def read(folder: Path, known: BlobInfoCache | None = None, **wanted: Any) -> SavedImage:
    return read_layout(folder, known or BlobInfoCache(), Wanted(**wanted))


@pytest.mark.parametrize(
    "compress",
    [archives.plain, gzipped, archives.gzipped_in_members, archives.zstd, archives.zstd_in_frames],
)
def test_layers_and_their_profiles(compress: archives.Compressor, tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.add_image(compress=compress)
    image = read(write(layout, tmp_path, manifest))
    assert image.manifest_digest == manifest["digest"]
    assert image.platform == "linux/amd64"
    assert image.compressed_bytes_source == "manifest"
    assert [(x.digest, x.diff_id, x.compressed_bytes, x.uncompressed_bytes) for x in image.layers] == [
        (digest_of(compress(data)), digest_of(data), len(compress(data)), len(data)) for data in LAYERS
    ]
    assert [[entry.path for entry in layer.profile.entries()] for layer in image.layers if layer.profile] == [
        ["file0"],
        ["file1"],
        ["file2"],
    ]


def test_it_is_read_as_the_stream_is(tmp_path: Path) -> None:
    from tests.image.test_archive import read as read_stream

    layout = Layout()
    manifest = layout.add_image()
    assert read(write(layout, tmp_path, manifest)) == read_stream(layout.tar(manifest))


def test_known_layers_are_not_opened(tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.add_image()
    folder = write(layout, tmp_path, manifest)
    known = BlobInfoCache()
    first = read(folder, known)
    for data in LAYERS:
        (folder / blob_path(digest_of(gzipped(data)))).unlink()
    assert read(folder, known) == first
    with pytest.raises(EngineError, match="is without 'blobs/sha256/"):
        read(folder)


# --- which image ---


def named(descriptor: dict[str, Any], name: str) -> dict[str, Any]:
    return {**descriptor, "annotations": {"org.opencontainers.image.ref.name": name}}


def test_images_are_chosen_by_tag_and_by_digest(tmp_path: Path) -> None:
    layout = Layout()
    first, second = layout.add_image(LAYERS[:1]), layout.add_image(LAYERS[1:])
    index = layout.add_index(second, layout.add_attestation(second))
    folder = write(layout, tmp_path, named(first, "one"), named(index, "example.org/app:two"))
    assert read(folder, name="one").manifest_digest == first["digest"]
    assert read(folder, name="two").manifest_digest == second["digest"]
    assert read(folder, name="example.org/app:two").manifest_digest == second["digest"]
    for digest in (index["digest"], second["digest"]):
        assert read(folder, digest=digest).manifest_digest == second["digest"]
    with pytest.raises(EngineError, match=r"has no image 'three', but example.org/app:two, one"):
        read(folder, name="three")
    with pytest.raises(EngineError, match=r"holds several images: example.org/app:two, one; name one of them"):
        read(folder)


def test_one_image_with_two_tags_needs_no_name(tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.add_image()
    folder = write(layout, tmp_path, named(manifest, "a"), named(manifest, "b"))
    assert read(folder).manifest_digest == manifest["digest"]
    assert read(folder, name="b").manifest_digest == manifest["digest"]


def test_the_own_platform_serves_where_none_is_named(tmp_path: Path) -> None:
    layout = Layout()
    amd64, arm64 = layout.add_image(LAYERS[:1]), layout.add_image(LAYERS[1:], architecture="arm64")
    folder = write(layout, tmp_path, layout.add_index(amd64, arm64))
    assert read(folder, own_platform=Platform("linux", "arm64")).manifest_digest == arm64["digest"]
    assert read(folder, platform=Platform.parse("linux/amd64")).manifest_digest == amd64["digest"]
    with pytest.raises(EngineError, match="found linux/amd64, linux/arm64; name one platform"):
        read(folder, own_platform=Platform("linux", "riscv64"))
    alone = write(layout, tmp_path, arm64)
    assert read(alone, own_platform=Platform("linux", "amd64")).manifest_digest == arm64["digest"]


def test_the_platform_of_this_machine() -> None:
    machine = Platform.of_machine()
    assert machine.os == "linux"
    assert machine.architecture == {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, machine.architecture)


# --- damage ---


def test_no_layout(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"is no OCI layout: it has no index\.json"):
        read(tmp_path)


def test_documents_and_layers_are_checked_against_their_digests(tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.add_image()
    folder = write(layout, tmp_path, manifest)
    for path in list(layout.files):
        content = layout.files[path]
        (folder / path).write_bytes(content + b" ")
        with pytest.raises(EngineError, match=r"its digest is sha256|damaged at byte"):
            read(folder)
        (folder / path).write_bytes(content)
    assert read(folder).layers


def test_a_fifo_among_the_blobs_does_not_hang(tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.add_image()
    folder = write(layout, tmp_path, manifest)
    blob = folder / blob_path(digest_of(gzipped(LAYERS[0])))
    blob.unlink()
    os.mkfifo(blob)
    with pytest.raises(EngineError, match="is without 'blobs"):
        read(folder)


def test_a_document_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_bytes(b'{"manifests": [' + b" " * 9_000_000 + b"]}")
    with pytest.raises(EngineError, match=r"'index\.json' is JSON of more than 8388608 bytes"):
        read(tmp_path)


def test_the_budget_is_for_all_layers_together(tmp_path: Path) -> None:
    layout = Layout()
    folder = write(layout, tmp_path, layout.add_image())
    whole = sum(map(len, LAYERS))
    assert read_layout(folder, BlobInfoCache(), Wanted(), budget=ByteBudget(whole)).uncompressed_bytes == whole
    with pytest.raises(EngineError, match="--max-bytes"):
        read_layout(folder, BlobInfoCache(), Wanted(), budget=ByteBudget(whole - 1))


def test_an_interruption_waits_for_no_layer(tmp_path: Path) -> None:
    layer_bytes = 8_000_000_000
    layout = Layout()
    headers = [archives.header_of(f"zeros{number}", layer_bytes) for number in range(2)]
    folder = write(layout, tmp_path, layout.add_image(headers, archives.plain))
    for header in headers:  # a hole: it takes no place on the disk, and many seconds to read
        os.truncate(folder / blob_path(digest_of(header)), len(header) + layer_bytes)
    budget = _Interrupting(after_bytes=50_000_000)
    with pytest.raises(KeyboardInterrupt):
        read_layout(folder, BlobInfoCache(), Wanted(), budget=budget)
    assert 50_000_000 < budget.taken_bytes < layer_bytes


class _Interrupting(ByteBudget):
    """Counts what is read, and presses Ctrl-C on the way."""

    def __init__(self, after_bytes: int) -> None:
        super().__init__(10**12)
        self.taken_bytes = 0
        self._after_bytes = after_bytes

    def take(self, count: int, name: str) -> None:
        super().take(count, name)
        is_before = self.taken_bytes <= self._after_bytes
        self.taken_bytes += count
        if is_before and self.taken_bytes > self._after_bytes:
            os.kill(os.getpid(), signal.SIGINT)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_damaged_layouts_never_give_a_traceback(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    layout = Layout()
    manifest = layout.add_image()
    path = data.draw(st.sampled_from(sorted(layout.files)))
    damaged = bytearray(layout.files[path])
    start = data.draw(st.integers(0, len(damaged)))
    damaged[start : data.draw(st.integers(start, len(damaged)))] = data.draw(st.binary(max_size=30))
    intact = layout.files[path]
    layout.files[path] = bytes(damaged)
    folder = write(layout, tmp_path_factory.mktemp("layout"), manifest)
    try:
        image = read(folder)
    except LayerbenchError as error:
        assert "the layout" in str(error)
        assert damaged != intact
    else:
        assert damaged == intact
        assert image.layers
