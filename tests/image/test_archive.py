from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.errors import EngineError, LayerbenchError
from layerbench.image import BlobInfoCache, SavedImage, SavedLayer, read_image_archive
from layerbench.image.documents import parse_config
from tests.image import archives
from tests.image.archives import LAYERS, Layout, blob_path, digest_of, gzipped, oci_archive
from tests.image.cases import DATA


class Pipe(io.RawIOBase):
    """A stream like a pipe: short reads, no seeking."""

    def __init__(self, data: bytes, at_once: int = 65536) -> None:
        self._data = io.BytesIO(data)
        self._at_once = at_once
        self.reached_end = False

    def read(self, size: int = -1) -> bytes:
        data = self._data.read(min(size, self._at_once) if size >= 0 else self._at_once)
        self.reached_end = not data
        return data


def read(data: bytes, known: BlobInfoCache | None = None, **options: object) -> SavedImage:
    stream = Pipe(data)
    image = read_image_archive(stream, known or BlobInfoCache(), source="the archive", **options)  # type: ignore[arg-type]
    assert stream.reached_end
    return image


def expected_layers(compress: archives.Compressor, layers: tuple[bytes, ...] = LAYERS) -> tuple[SavedLayer, ...]:
    return tuple(
        SavedLayer(digest_of(compress(layer)), digest_of(layer), len(compress(layer)), len(layer)) for layer in layers
    )


def found_layers(image: SavedImage) -> tuple[SavedLayer, ...]:
    """An image's layers without their profiles, of which the paths are checked."""
    for layer in image.layers:
        assert layer.profile is not None
        assert layer.profile.diff_id == layer.diff_id
        number = next((number for number, data in enumerate(LAYERS) if digest_of(data) == layer.diff_id), None)
        assert [entry.path for entry in layer.profile.entries()] == ([] if number is None else [f"file{number}"])
    return tuple(replace(layer, profile=None) for layer in image.layers)


@pytest.mark.parametrize(
    "compress",
    [archives.plain, gzipped, archives.gzipped_in_members, archives.zstd, archives.zstd_in_frames],
)
def test_oci_layout(compress: archives.Compressor) -> None:
    layout = Layout()
    manifest = layout.add_image(compress=compress)
    image = read(layout.tar(manifest))
    assert image.manifest_digest == manifest["digest"]
    config = json.loads(layout.files[blob_path(manifest["digest"])])["config"]
    assert image.config_digest == config["digest"]
    assert found_layers(image) == expected_layers(compress)
    assert image.compressed_bytes_source == "manifest"
    assert image.compressed_bytes == sum(len(compress(layer)) for layer in LAYERS)
    assert image.uncompressed_bytes == sum(map(len, LAYERS))
    assert [(entry.created_by, entry.empty_layer) for entry in image.history] == [
        ("RUN 0", False),
        ("RUN 1", False),
        ("RUN 2", False),
        ("", True),
    ]


@pytest.mark.parametrize("make", [archives.classic_archive, archives.old_archive])
def test_classic_store(make: Callable[..., bytes]) -> None:
    layers = (*LAYERS, LAYERS[0])
    image = read(make(layers))
    assert image.manifest_digest is None
    assert image.config_digest == digest_of(json.dumps(archives.config_of([digest_of(x) for x in layers])).encode())
    assert image.compressed_bytes_source == "gzip"
    assert [(x.digest, x.diff_id, x.uncompressed_bytes) for x in image.layers] == [
        (None, digest_of(layer), len(layer)) for layer in layers
    ]
    for layer, data in zip(image.layers, layers, strict=True):
        assert layer.compressed_bytes == len(gzipped(data))


def test_attestations_and_nested_indexes_are_no_platforms() -> None:
    layout = Layout()
    manifest = layout.add_image(manifest_type=archives.DOCKER_MANIFEST)
    inner = layout.add_index(manifest, layout.add_attestation(manifest), media_type=archives.DOCKER_LIST)
    image = read(layout.tar(layout.add_index(inner)))
    assert image.manifest_digest == manifest["digest"]
    assert found_layers(image) == expected_layers(gzipped)


def test_attestation_is_known_by_its_platform_alone() -> None:
    layout = Layout()
    manifest = layout.add_image()
    attestation = layout.add_attestation(manifest)
    del attestation["annotations"]
    assert read(layout.tar(layout.add_index(manifest, attestation))).manifest_digest == manifest["digest"]


def two_platforms() -> tuple[Layout, dict[str, object], dict[str, object]]:
    layout = Layout()
    return layout, layout.add_image(LAYERS[:1]), layout.add_image(LAYERS[1:], architecture="arm64")


def test_platform_is_chosen() -> None:
    layout, amd64, arm64 = two_platforms()
    data = layout.tar(layout.add_index(amd64, arm64))
    assert read(data, platform="linux/arm64/v8").manifest_digest == arm64["digest"]
    assert found_layers(read(data, manifest_digest=amd64["digest"])) == expected_layers(gzipped, LAYERS[:1])
    with pytest.raises(EngineError, match="found linux/amd64, linux/arm64; name one platform"):
        read(data)
    with pytest.raises(EngineError, match="for linux/s390x and found linux/amd64, linux/arm64; name one platform"):
        read(data, platform="linux/s390x")


def test_platform_that_was_never_pulled_does_not_count() -> None:
    layout, amd64, arm64 = two_platforms()
    config = json.loads(layout.files[blob_path(arm64["digest"])])["config"]  # type: ignore[arg-type]
    del layout.files[blob_path(config["digest"])]
    assert read(layout.tar(layout.add_index(amd64, arm64))).manifest_digest == amd64["digest"]
    del layout.files[blob_path(arm64["digest"])]  # type: ignore[arg-type]
    assert read(layout.tar(layout.add_index(amd64, arm64))).manifest_digest == amd64["digest"]


@pytest.mark.parametrize("layers", [(), (b"\0" * 1024,)])
def test_image_without_content(layers: tuple[bytes, ...]) -> None:
    assert found_layers(read(oci_archive(layers=layers))) == expected_layers(gzipped, layers)
    assert found_layers(read(oci_archive(archives.plain, layers))) == expected_layers(archives.plain, layers)
    assert read(archives.classic_archive(layers)).uncompressed_bytes == 1024 * len(layers)


def test_layers_given_as_null() -> None:
    layout = Layout()
    config = layout.add_json({**archives.config_of([]), "history": None, "rootfs": {"diff_ids": None}})
    image = read(layout.tar(layout.add_json({"config": config, "layers": None})))
    assert (image.layers, image.history) == ((), ())


@pytest.mark.parametrize("store", ["containerd", "classic"])
def test_recorded_archive(store: str) -> None:
    image = read((DATA / store / "scratch_with_files.tar").read_bytes())
    config = parse_config((DATA / store / "scratch_with_files.json").read_bytes(), "the config")
    assert image.history == config.history
    assert tuple(layer.diff_id for layer in image.layers) == config.diff_ids
    assert image.compressed_bytes_source == ("manifest" if store == "containerd" else "gzip")
    assert (image.manifest_digest is None) == (store == "classic")
    assert [layer.uncompressed_bytes % 512 for layer in image.layers] == [0, 0]
    assert all(0 < layer.compressed_bytes < layer.uncompressed_bytes for layer in image.layers)


# --- what is known already ---


def test_known_layers_are_not_read_again() -> None:
    known = BlobInfoCache()
    first = read(oci_archive(), known)
    layout = Layout()
    manifest = layout.add_image()
    # The same names with other bytes would be an error if they were looked into.
    layers = [descriptor["digest"] for descriptor in json.loads(layout.files[blob_path(manifest["digest"])])["layers"]]
    for digest in layers:
        layout.files[blob_path(digest)] = b"\x1f\x8b" + b"?" * 100
    assert read(layout.tar(manifest), known) == first
    with pytest.raises(EngineError, match="damaged"):
        read(layout.tar(manifest))


def test_known_layers_keep_their_gzip_size() -> None:
    known = BlobInfoCache()
    assert known.is_empty
    first = read(archives.classic_archive(), known)
    assert not known.is_empty
    assert read(archives.classic_archive(), known) == first


def test_tar_that_was_stored_uncompressed_gets_its_gzip_size_when_the_classic_store_asks() -> None:
    known = BlobInfoCache()
    stored = read(oci_archive(archives.plain), known, is_classic_store=False)
    assert stored.compressed_bytes == stored.uncompressed_bytes
    image = read(archives.classic_archive(), known, is_classic_store=True)
    assert image.compressed_bytes == sum(len(gzipped(layer)) for layer in LAYERS)


# --- damage ---


def without(path: str) -> bytes:
    layout = Layout()
    manifest = layout.add_image()
    del layout.files[path]
    return layout.tar(manifest)


def test_missing_blobs_are_named() -> None:
    layout = Layout()
    manifest = layout.add_image()
    document = json.loads(layout.files[blob_path(manifest["digest"])])
    digests = [manifest["digest"], document["config"]["digest"], document["layers"][1]["digest"]]
    for digest in digests:
        with pytest.raises(EngineError, match=rf"ends at byte [0-9]+ without 'blobs/sha256/{digest[7:]}'"):
            read(without(blob_path(digest)))
    with pytest.raises(EngineError, match=r"without 'index\.json'"):
        read(archives.tar_of({"oci-layout": b"{}"}))


def test_blob_that_is_not_what_its_name_says() -> None:
    layout = Layout()
    manifest = layout.add_image()
    [path] = [path for path, data in layout.files.items() if data == gzipped(LAYERS[0])]
    layout.files[path] = gzipped(LAYERS[1])
    with pytest.raises(EngineError, match=rf"'{path}' is damaged at byte [0-9]+ of the archive \(its digest is sha256"):
        read(layout.tar(manifest))


def test_layer_that_is_not_what_the_config_says() -> None:
    layout = Layout()
    manifest = layout.add_image(diff_ids=[digest_of(layer) for layer in reversed(LAYERS)])
    with pytest.raises(EngineError, match=f"unpacks to {digest_of(LAYERS[0])} and the config says"):
        read(layout.tar(manifest))


def test_size_that_is_not_what_the_manifest_says() -> None:
    layout = Layout()
    manifest = layout.add_image()
    document = json.loads(layout.files.pop(blob_path(manifest["digest"])))
    document["layers"][0]["size"] += 1
    with pytest.raises(EngineError, match="its manifest says"):
        read(layout.tar(layout.add_json(document)))


def test_different_numbers_of_layers() -> None:
    layout = Layout()
    with pytest.raises(EngineError, match="has 3 layers and its config 1"):
        read(layout.tar(layout.add_image(diff_ids=[digest_of(LAYERS[0])])))


@pytest.mark.parametrize(
    ("compress", "words"),
    [
        (lambda layer: gzipped(layer)[:-3], "cut short"),
        (lambda layer: gzipped(layer) + b"garbage", "damaged at byte"),
        (lambda layer: gzipped(layer)[:-8] + b"12345678", "Incorrect checksum"),
        (lambda layer: archives.zstd(layer)[:-3], "unpacks to"),
        (lambda layer: archives.zstd(layer) + b"garbage", "damaged at byte"),
        (lambda layer: b"\xfd7zXZ\x00" + layer, "is neither gzip, zstd, tar nor JSON"),
        (lambda layer: b'{"a": 1}', "is no layer"),
    ],
)
def test_damaged_layers(compress: archives.Compressor, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        read(oci_archive(compress))


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"manifests": 1}',
        b'{"manifests": [1]}',
        b'{"manifests": [{"digest": "sha256:../../etc/passwd", "size": 1}]}',
        b'{"manifests": [{"digest": "md5:00", "size": 1}]}',
        b'{"manifests": [{"size": 1}]}',
        b'{"manifests": [{"digest": "sha256:' + b"0" * 64 + b'", "size": -1}]}',
        b'{"manifests": [{"digest": "sha256:' + b"0" * 64 + b'", "size": "1"}]}',
        b'{"manifests": [{"digest": "sha256:' + b"0" * 64 + b'", "size": 1, "platform": []}]}',
        b'{"layers": [], "config": {"digest": "sha256:' + b"0" * 64 + b'", "size": 1}}',
        b"[" * 100_000,
        b'{"manifests": ' + b"9" * 5000 + b"}",
        b"{\xff}",
    ],
)
def test_bad_index(index: bytes) -> None:
    with pytest.raises(EngineError, match=r"index\.json"):
        read(archives.tar_of({"index.json": index}))


@pytest.mark.parametrize(
    "config",
    [{}, {"rootfs": []}, {"rootfs": {"diff_ids": "x"}}, {"rootfs": {"diff_ids": [1]}}, {"rootfs": {}, "history": {}}],
)
def test_bad_config(config: dict[str, object]) -> None:
    layout = Layout()
    descriptor = layout.add_json(config)
    with pytest.raises(EngineError, match=f"config {descriptor['digest']}"):
        read(layout.tar(layout.add_json({"config": descriptor, "layers": []})))


@pytest.mark.parametrize(
    "manifest",
    [b"{}", b"[1]", b'[{"Config": 1}]', b'[{"Config": "../../c.json", "Layers": "x"}]', b'[{"Config": "/etc/passwd"}]'],
)
def test_bad_archive_manifest(manifest: bytes) -> None:
    with pytest.raises(EngineError, match=r"manifest\.json|etc/passwd"):
        read(archives.tar_of({"manifest.json": manifest}))


def test_index_that_names_itself_many_times() -> None:
    layout = Layout()
    descriptor = layout.add_image()
    for _ in range(3):
        descriptor = layout.add_index(*[descriptor] * 1000)
    assert found_layers(read(layout.tar(descriptor))) == expected_layers(gzipped)
    for _ in range(3):
        descriptor = layout.add_index(descriptor)
    with pytest.raises(EngineError, match="nested deeper"):
        read(layout.tar(descriptor))


def test_links_in_a_circle() -> None:
    config = json.dumps(archives.config_of([digest_of(LAYERS[0])])).encode()
    manifest = [{"Config": "c.json", "Layers": ["a"]}]
    files = {"c.json": config, "manifest.json": json.dumps(manifest).encode()}
    with pytest.raises(EngineError, match=r"without '[ab]'"):
        read(archives.tar_of(files, {"a": "b", "b": "a"}))


def test_document_that_is_too_large() -> None:
    data = b'{"manifests": [' + b" " * 9_000_000 + b"]}"
    with pytest.raises(EngineError, match=r"'index\.json' is JSON of more than 8388608 bytes"):
        read(archives.tar_of({"index.json": data}))


def test_many_documents() -> None:
    document = b"{" + b" " * 7_000_000 + b"}"
    with pytest.raises(EngineError, match="of JSON documents"):
        read(archives.tar_of({f"{number}.json": document for number in range(10)}))


def test_odd_names_break_no_message() -> None:
    name = b"odd\xff\n\x1b[31m".decode("utf-8", "surrogateescape")
    manifest = json.dumps([{"Config": name, "Layers": []}]).encode()
    with pytest.raises(EngineError) as caught:
        read(archives.tar_of({"manifest.json": manifest}))
    assert "odd" in str(caught.value)
    str(caught.value).encode("ascii")


@pytest.mark.parametrize("data", [b"", b"nonsense" * 200, b"\0" * 511])
def test_no_archive_at_all(data: bytes) -> None:
    with pytest.raises(EngineError, match="the archive"):
        read(data)


def test_memory_stays_small() -> None:
    zeros = archives.tar_of({"zeros": bytes(200_000_000)})
    data = oci_archive(layers=(zeros,))
    assert len(data) < 1_000_000
    tracemalloc.start()
    try:
        image = read(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert image.uncompressed_bytes == len(zeros)
    assert peak_bytes < 20_000_000


def test_header_without_end() -> None:
    header = archives.tar_of({"x" * 300: b""})[:512]
    assert header[156:157] == b"x"
    endless = bytearray(header)
    endless[124:136] = b"77777777777\0"
    endless[148:156] = b" " * 8
    endless[148:156] = b"%06o\0 " % sum(endless)
    with pytest.raises(EngineError, match="header of more than 1048576 bytes"):
        read(bytes(endless) + b"1 x" * 3_000_000)


SMALL = {
    "oci": oci_archive(),
    "zstd": oci_archive(archives.zstd),
    "plain": oci_archive(archives.plain),
    "classic": archives.classic_archive(),
    "old": archives.old_archive((*LAYERS, LAYERS[0])),
}
INTACT = {name: read(data) for name, data in SMALL.items()}


@settings(deadline=None)
@given(name=st.sampled_from(sorted(SMALL)), kept=st.floats(0, 1), at_once=st.integers(1, 70_000))
def test_truncated_archives_are_errors_or_whole(name: str, kept: float, at_once: int) -> None:
    data = SMALL[name][: int(len(SMALL[name]) * kept)]
    try:
        image = read_image_archive(Pipe(data, max(at_once, 500)), BlobInfoCache(), source="the archive")
    except LayerbenchError as error:
        assert "the archive" in str(error)
    else:
        assert image == INTACT[name]


DAMAGE = st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=40))


@settings(deadline=None, max_examples=300)
@given(
    name=st.sampled_from(sorted(SMALL)),
    damage=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=40)), min_size=1, max_size=4
    ),
)
def test_damaged_archives_never_give_a_traceback(name: str, damage: list[tuple[float, bytes]]) -> None:
    data = bytearray(SMALL[name])
    for where, new in damage:
        start = int(len(data) * where)
        data[start : start + len(new)] = new
    try:
        image = read_image_archive(Pipe(bytes(data)), BlobInfoCache(), source="the archive")
    except LayerbenchError:
        return
    # Damage may hit padding, history or names that nothing hangs on; a layer it cannot change.
    assert [layer.uncompressed_bytes for layer in image.layers] == [
        layer.uncompressed_bytes for layer in INTACT[name].layers
    ]
