from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.errors import EngineError, LayerbenchError, UsageError
from layerbench.image import BlobInfoCache, SavedImage
from layerbench.image.blobs import ByteBudget
from layerbench.image.choosing import Wanted
from layerbench.image.open_file import read_archive_file, read_piped_archive
from tests.image import archives
from tests.image.archives import LAYERS, Layout, blob_path, digest_of, gzipped, oci_archive
from tests.image.cases import DATA
from tests.image.test_archive import Pipe
from tests.image.test_archive import read as read_stream

FORMS: dict[str, bytes] = {
    "oci": oci_archive(),
    "zstd": oci_archive(archives.zstd),
    "plain": oci_archive(archives.plain),
    "classic": archives.classic_archive(),
    "old": archives.old_archive((*LAYERS, LAYERS[0])),
}
OUTER: dict[str, Callable[[bytes], bytes]] = {
    "as it is": archives.plain,
    "in gzip": gzip.compress,
    "in gzip members": archives.gzipped_in_members,
    "in zstd": archives.zstd,
    "in zstd frames": archives.zstd_in_frames,
}


def read(path: Path, known: BlobInfoCache | None = None, budget: ByteBudget | None = None, **wanted: Any) -> SavedImage:
    return read_archive_file(path, known or BlobInfoCache(), Wanted(**wanted), budget=budget)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "image.tar"


@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_read_as_its_stream_is(form: str, outer: str, file: Path) -> None:
    file.write_bytes(OUTER[outer](FORMS[form]))
    image = read(file)
    assert image == read_stream(FORMS[form])
    assert all(layer.profile for layer in image.layers)
    piped = read_piped_archive(Pipe(file.read_bytes(), 700), BlobInfoCache(), Wanted(), source="standard input")
    assert piped == image


@pytest.mark.parametrize("store", ["containerd", "classic"])
def test_recorded_archives(store: str) -> None:
    path = DATA / store / "scratch_with_files.tar"
    assert read(path) == read_stream(path.read_bytes())


@pytest.mark.parametrize("form", FORMS)
def test_known_layers_are_not_read_again(form: str, file: Path) -> None:
    file.write_bytes(FORMS[form])
    known = BlobInfoCache()
    first = read(file, known)
    with tarfile.open(file) as archive:
        layers = [member for member in archive if member.isreg() and member.size > 60 and _is_layer(archive, member)]
    assert layers
    damaged = bytearray(FORMS[form])
    for member in layers:
        damaged[member.offset_data : member.offset_data + 50] = b"?" * 50
    file.write_bytes(damaged)
    assert read(file, known) == first
    with pytest.raises(EngineError):
        read(file)


def _is_layer(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bool:
    content = archive.extractfile(member)
    assert content is not None
    return content.read(1) not in (b"{", b"[")


def test_layers_are_found_wherever_the_documents_stand(file: Path) -> None:
    layout = Layout()
    manifest = layout.add_image()
    members = {"index.json": json.dumps({"manifests": [manifest]}).encode(), **dict(reversed(layout.files.items()))}
    file.write_bytes(archives.tar_of({f"./{path}": data for path, data in members.items()}))
    assert read(file).manifest_digest == manifest["digest"]


def test_images_are_chosen_by_their_tags(file: Path) -> None:
    configs = {
        name: json.dumps(archives.config_of([digest_of(layer)])).encode()
        for name, layer in zip(("a", "b"), LAYERS, strict=False)
    }
    manifest = [
        {"Config": f"{name}.json", "RepoTags": [f"example:{name}"], "Layers": [f"{name}/layer.tar"]} for name in configs
    ]
    files = {f"{name}.json": config for name, config in configs.items()}
    files |= {f"{name}/layer.tar": layer for name, layer in zip(configs, LAYERS, strict=False)}
    file.write_bytes(archives.tar_of({**files, "manifest.json": json.dumps(manifest).encode()}))
    assert read(file, name="example:b").layers[0].diff_id == digest_of(LAYERS[1])
    assert read(file, name="a").layers[0].diff_id == digest_of(LAYERS[0])
    with pytest.raises(EngineError, match="names one image, but example:a, example:b; save one image alone"):
        read(file)


# --- what is no archive ---


@pytest.mark.parametrize("content", [b"", b"nonsense" * 200, b"{}", b"\xfd7zXZ\0" + bytes(600), b"BZh9" + bytes(600)])
def test_no_archive(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"image\.tar is no image archive: give an OCI or `docker save` tar"):
        read(file)


def test_pipes_devices_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/zero")):
        with pytest.raises(UsageError, match="is no plain file"):
            read(path)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read(tmp_path / "absent")


def test_another_tar(file: Path) -> None:
    file.write_bytes(archives.tar_of({"etc/passwd": b"root"}))
    with pytest.raises(EngineError, match=r"without 'index\.json'"):
        read(file)


# --- damage ---


@pytest.mark.parametrize("form", FORMS)
def test_links_lead_to_layers_and_circles_nowhere(form: str, file: Path) -> None:
    config = json.dumps(archives.config_of([digest_of(LAYERS[0])])).encode()
    manifest = [{"Config": "c.json", "Layers": ["a"]}]
    files = {"c.json": config, "manifest.json": json.dumps(manifest).encode()}
    file.write_bytes(archives.tar_of({**files, "x/l.tar": LAYERS[0]}, {"a": "x/../b", "b": "x/l.tar"}))
    assert read(file).layers[0].diff_id == digest_of(LAYERS[0])
    file.write_bytes(archives.tar_of(files, {"a": "b", "b": "a"}))
    with pytest.raises(EngineError, match=r"without 'a'"):
        read(file)


def test_many_links_in_a_circle_take_no_time(file: Path) -> None:
    count = 9_000
    config = json.dumps(archives.config_of([digest_of(LAYERS[0])] * 500)).encode()
    manifest = [{"Config": "c.json", "Layers": ["l0"] * 500}]
    files = {"c.json": config, "manifest.json": json.dumps(manifest).encode()}
    links = {f"l{number}": f"l{(number + 1) % count}" for number in range(count)}
    file.write_bytes(archives.tar_of(files, links))
    with pytest.raises(EngineError, match=r"without 'l0'"):
        read(file)


def test_too_many_members(file: Path) -> None:
    file.write_bytes(archives.tar_of({f"x{number}": b"" for number in range(10_001)}))
    with pytest.raises(EngineError, match="more than 10000 members"):
        read(file)


def test_header_without_end(file: Path) -> None:
    endless = bytearray(archives.tar_of({"x" * 300: b""})[:512])
    endless[124:136] = b"77777777777\0"
    endless[148:156] = b" " * 8
    endless[148:156] = b"%06o\0 " % sum(endless)
    file.write_bytes(bytes(endless) + b"1 x" * 3_000_000)
    with pytest.raises(EngineError, match="header of more than 1048576 bytes"):
        read(file)


def test_a_member_that_claims_more_than_the_file_has(file: Path) -> None:
    file.write_bytes(FORMS["plain"][: len(FORMS["plain"]) // 2])
    with pytest.raises(EngineError, match="cut short or damaged"):
        read(file)


def test_blob_that_is_not_what_its_name_says(file: Path) -> None:
    layout = Layout()
    manifest = layout.add_image()
    path = blob_path(digest_of(gzipped(LAYERS[0])))
    layout.files[path] = gzipped(LAYERS[1])
    file.write_bytes(layout.tar(manifest))
    with pytest.raises(EngineError, match=rf"'{path}' is damaged at byte [0-9]+ of the archive \(its digest is sha256"):
        read(file)


def test_layer_that_is_not_what_the_config_says(file: Path) -> None:
    layout = Layout()
    manifest = layout.add_image(diff_ids=[digest_of(layer) for layer in reversed(LAYERS)])
    file.write_bytes(layout.tar(manifest))
    with pytest.raises(EngineError, match=f"unpacks to {digest_of(LAYERS[0])} and the config says"):
        read(file)


@pytest.mark.parametrize("compress", [gzip.compress, archives.zstd])
def test_a_bomb_comes_to_an_end(compress: archives.Compressor, file: Path) -> None:
    bomb = archives.tar_of({"zeros": bytes(50_000_000)})
    for content in (oci_archive(compress, (bomb,)), compress(archives.tar_of({"junk": bytes(50_000_000)}))):
        file.write_bytes(content)
        with pytest.raises(EngineError, match="--max-bytes"):
            read(file, budget=ByteBudget(10_000_000))


def test_an_honest_compressed_archive_is_within_a_budget_of_its_layers(file: Path) -> None:
    file.write_bytes(gzip.compress(FORMS["oci"]))
    assert read(file, budget=ByteBudget(1_000_000)).layers


@pytest.mark.parametrize("outer", sorted(OUTER))
@settings(deadline=None, max_examples=60)
@given(form=st.sampled_from(sorted(FORMS)), data=st.data())
def test_damage_never_gives_a_traceback(
    outer: str, form: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(OUTER[outer](FORMS[form]))
    start = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[start:]
    else:
        new = data.draw(st.binary(min_size=1, max_size=40))
        content[start : start + len(new)] = new
    path = tmp_path_factory.mktemp("file") / "image.tar"
    path.write_bytes(content)
    try:
        image = read(path)
    except LayerbenchError as error:
        assert "image.tar" in str(error)
    else:
        assert [layer.diff_id for layer in image.layers] == [layer.diff_id for layer in read_stream(FORMS[form]).layers]


def test_standard_input_that_ends_at_once() -> None:
    with pytest.raises(UsageError, match="standard input is no image archive"):
        read_piped_archive(io.BytesIO(), BlobInfoCache(), Wanted(), source="standard input")
