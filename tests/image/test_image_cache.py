from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.image import BlobInfoCache, SavedImage
from layerbench.image.image_cache import ImageCache
from layerbench.image.models import BlobInfo
from tests.image import archives
from tests.image.archives import LAYERS, oci_archive
from tests.image.test_archive import read

DIGEST = "sha256:" + "ab" * 32


@pytest.fixture
def image() -> SavedImage:
    return read(oci_archive())


def bare(image: SavedImage) -> SavedImage:
    return replace(image, layers=tuple(replace(layer, profile=None) for layer in image.layers))


def test_an_image_comes_back_without_profiles(image: SavedImage, tmp_path: Path) -> None:
    ImageCache(tmp_path / "cache").put(DIGEST, image)
    assert ImageCache(tmp_path / "cache").get(DIGEST) == bare(image)
    assert ImageCache(tmp_path / "cache").get("sha256:" + "cd" * 32) is None
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"version": 1}', b'{"version": 2}', b"[" * 100_000, b"\xff"])
def test_a_damaged_file_is_as_if_it_were_not_there(content: bytes, image: SavedImage, tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    cache.put(DIGEST, image)
    [path] = tmp_path.iterdir()
    path.write_bytes(content)
    assert cache.get(DIGEST) is None
    cache.put(DIGEST, image)
    assert cache.get(DIGEST) == bare(image)


def test_a_folder_that_cannot_be_made_is_no_error(image: SavedImage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = ImageCache(tmp_path / "file" / "cache")
    cache.put(DIGEST, image)
    assert cache.get(DIGEST) is None


def test_no_digest_leads_out_of_the_folder(image: SavedImage, tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "cache")
    for digest in ("../x", "sha256:../../x", "sha256:" + "AB" * 32, ""):
        cache.put(digest, image)
        assert cache.get(digest) is None
    assert not (tmp_path / "cache").exists()


def test_the_images_used_last_stay(image: SavedImage, tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    digests = [f"sha256:{number:064x}" for number in range(2001)]
    for at, digest in enumerate(digests[:-1]):
        cache.put(digest, image)
        os.utime(tmp_path / f"{digest[7:]}.json", (at + 1, at + 1))
    assert cache.get(digests[0]) is not None
    cache.put(digests[-1], image)
    assert len(list(tmp_path.iterdir())) == 1500
    assert cache.get(digests[0]) is not None
    assert cache.get(digests[1]) is None
    assert cache.get(digests[-1]) is not None


class Store:
    """Blobs in memory that outlive a cache."""

    def __init__(self) -> None:
        self.blobs: dict[str, BlobInfo] = {}

    def get(self, digest: str) -> BlobInfo | None:
        return self.blobs.get(digest)

    def put(self, blob: BlobInfo) -> None:
        self.blobs[blob.digest] = blob


@pytest.mark.parametrize("data", [oci_archive(), archives.classic_archive()])
def test_an_image_is_known_when_all_its_layers_are(data: bytes, tmp_path: Path) -> None:
    store = Store()
    first = BlobInfoCache(store, ImageCache(tmp_path))
    image = read(data, first)
    first.add_image(DIGEST, image)
    assert BlobInfoCache(store, ImageCache(tmp_path)).image(DIGEST) == image
    assert len(store.blobs) == len(LAYERS)
    store.blobs.popitem()
    assert BlobInfoCache(store, ImageCache(tmp_path)).image(DIGEST) is None
