"""The cache of layer profiles: what is kept comes back, and nothing that is wrong with it is an error."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.image.models import BlobInfo, BlobInfoCache
from layerbench.image.profile import Entry, LayerProfile, Package, pack_entries
from layerbench.image.profile_cache import ProfileCache, default_profile_cache_folder
from layerbench.image.profile_codec import decode_blob, encode_blob

HOUR = 3600


def blob(number: int = 1, entries: int = 3, gzip_bytes: int | None = None) -> BlobInfo:
    """A blob whose digest is that number."""
    digest = f"sha256:{number:064x}"
    rows = [Entry(f"a{index}\udcff\n", "file", 0o644, 512, 0, "d", "") for index in range(entries)]
    package = Package("python", "numpy", "2.1.0", "usr/lib", ("usr/lib/\udce9", "b"))
    profile = LayerProfile(digest, 2048, 512, entries, (package,), ("a note",), tuple(pack_entries(rows)))
    return BlobInfo(digest, 100 + number, digest, 2048, gzip_bytes, profile)


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


# --- bytes ---


@pytest.mark.parametrize("found", [blob(), blob(2, 0), blob(3, 9000, 17), replace(blob(), profile=None)])
def test_what_is_encoded_comes_out_again(found: BlobInfo) -> None:
    assert decode_blob(encode_blob(found)) == found


@settings(deadline=None)
@given(choice=st.data())
def test_damaged_bytes_are_a_value_error(choice: st.DataObject) -> None:
    data = encode_blob(blob())
    position = choice.draw(st.integers(0, len(data) - 1))
    bit = 1 << choice.draw(st.integers(0, 7))
    for damaged in (
        data[:position],
        data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :],
        data + b"x",
    ):
        with pytest.raises(ValueError, match=r"no layer profile|damaged"):
            decode_blob(damaged)


@settings(deadline=None)
@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    field=st.sampled_from(["digest", "stored_bytes", "gzip_bytes", "profile", "notes", "packages", "block_bytes", "x"]),
)
def test_somebody_elses_document_is_a_value_error_or_what_it_says(document: object, field: str) -> None:
    """The side file of a result comes from other people, and a checksum is no proof of who made it."""
    import json
    import struct

    import xxhash
    import zstandard

    data = encode_blob(blob(entries=0))
    magic, start = data[: data.index(b"\n") + 1], data.index(b"\n") + 17
    whole = json.loads(zstandard.decompress(data[start + 8 :]))
    (whole["profile"] if field in whole["profile"] else whole)[field] = document
    packed = zstandard.compress(json.dumps(whole).encode())
    content = struct.pack("<Q", len(packed)) + packed
    try:
        found = decode_blob(magic + xxhash.xxh3_128_digest(content) + content)
    except ValueError:
        return
    assert isinstance(found, BlobInfo)
    assert field != "x"


# --- the folder ---


def test_what_is_put_can_be_got(tmp_path: Path) -> None:
    cache = ProfileCache(tmp_path / "new" / "folder", 10_000_000)
    assert cache.get(blob().digest) is None
    cache.put(blob())
    cache.put(blob(2))
    assert cache.get(blob().digest) == blob()
    assert ProfileCache(tmp_path / "new" / "folder", 10_000_000).get(blob(2).digest) == blob(2)
    assert len(files(tmp_path / "new" / "folder")) == 2


def test_the_last_that_is_put_counts(tmp_path: Path) -> None:
    cache = ProfileCache(tmp_path, 10_000_000)
    cache.put(blob())
    cache.put(blob(gzip_bytes=5))
    assert cache.get(blob().digest) == blob(gzip_bytes=5)


def test_a_blob_without_profile_is_not_kept(tmp_path: Path) -> None:
    ProfileCache(tmp_path, 10_000_000).put(replace(blob(), profile=None))
    assert files(tmp_path) == []


@pytest.mark.parametrize("digest", ["sha256:../../etc/passwd", "sha256:", "", "md5:" + "0" * 64, "sha256:" + "0" * 65])
def test_other_names_than_digests_are_not_looked_for(tmp_path: Path, digest: str) -> None:
    cache = ProfileCache(tmp_path, 10_000_000)
    cache.put(replace(blob(), digest=digest))
    assert files(tmp_path) == []
    assert cache.get(digest) is None


@pytest.mark.parametrize(
    "damage", [b"", b"layerbench profile 0\n", b"{}", encode_blob(blob())[:-1], encode_blob(blob(2))]
)
def test_a_file_that_is_damaged_or_something_else_is_not_there_and_goes(tmp_path: Path, damage: bytes) -> None:
    cache = ProfileCache(tmp_path, 10_000_000)
    cache.put(blob())
    [path] = files(tmp_path)
    path.write_bytes(damage)
    assert cache.get(blob().digest) is None
    assert files(tmp_path) == []


def test_what_was_not_used_for_long_goes_first(tmp_path: Path) -> None:
    size = len(encode_blob(blob()))
    cache = ProfileCache(tmp_path, size * 10 + size // 2)
    for number in range(1, 11):
        cache.put(blob(number))
        os.utime(tmp_path / f"{number:064x}.profile", (0, time.time() - 3 * HOUR * (11 - number)))
    assert cache.get(blob(1).digest) is not None
    cache.put(blob(11))
    left = {number for number in range(1, 12) if cache.get(blob(number).digest) is not None}
    assert left == {1, *range(4, 12)}


def test_a_look_is_noted_once_an_hour(tmp_path: Path) -> None:
    cache = ProfileCache(tmp_path, 10_000_000)
    cache.put(blob())
    [path] = files(tmp_path)
    recent, old = time.time() - HOUR / 2, time.time() - 2 * HOUR
    for before, is_touched in ((recent, False), (old, True)):
        os.utime(path, (before, before))
        assert cache.get(blob().digest) is not None
        assert (path.stat().st_mtime != pytest.approx(before, abs=1)) == is_touched


def test_what_is_larger_than_the_bound_is_not_kept(tmp_path: Path) -> None:
    ProfileCache(tmp_path, 10).put(blob())
    assert files(tmp_path) == []


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    cache = ProfileCache(tmp_path, 10_000_000)
    for name, age in (("new-old", 2 * HOUR), ("new-recent", 0)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    cache.put(blob())
    assert [path.name for path in files(tmp_path)] == [f"{1:064x}.profile", "new-recent"]


def test_a_disk_that_refuses_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/no-such-folder")):
        cache = ProfileCache(folder, 10_000_000)
        cache.put(blob())
        assert cache.get(blob().digest) is None
    (tmp_path / f"{1:064x}.profile").mkdir()
    cache = ProfileCache(tmp_path, 10_000_000)
    cache.put(blob())
    assert cache.get(blob().digest) is None
    assert not list(tmp_path.glob("new-*"))


def test_a_full_disk_is_no_error_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from layerbench.image.profile_cache import ProfileCache\n"
        "from tests.image.test_profile_cache import blob\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "ProfileCache(Path(sys.argv[1]), 10_000_000).put(blob())\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert files(tmp_path) == []


BUSY = """
import sys; from pathlib import Path
from layerbench.image.profile_cache import ProfileCache
from tests.image.test_profile_cache import blob, encode_blob
start = int(sys.argv[2])
cache = ProfileCache(Path(sys.argv[1]), len(encode_blob(blob())) * 6)
found = 0
for turn in range(300):
    number = (start + turn // 2 * 7) % 10  # each twice: the second time it is there
    got = cache.get(blob(number).digest)
    assert got is None or got == blob(number)
    found += got is not None
    cache.put(blob(number))
assert found
"""


def test_two_processes_at_once(tmp_path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", BUSY, str(tmp_path), start]) for start in ("0", "3")]
    assert [process.wait() for process in running] == [0, 0]
    assert 0 < len(files(tmp_path)) <= 6
    assert not list(tmp_path.glob("new-*"))


def test_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert default_profile_cache_folder() == Path("/home/somebody/.cache/layerbench/layers")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert default_profile_cache_folder() == Path("/cache/layerbench/layers")


# --- behind what a run knows ---


def test_what_is_not_known_is_looked_for_in_the_store(tmp_path: Path) -> None:
    store = ProfileCache(tmp_path, 10_000_000)
    first = BlobInfoCache(store=store)
    assert first.blob(blob().digest) is None
    first.add_blob(blob())
    second = BlobInfoCache(store=store)
    assert not second.is_empty
    assert second.blob(blob().digest) == blob()
    [path] = files(tmp_path)
    path.unlink()
    assert second.blob(blob().digest) == blob()


def test_without_a_store_nothing_is_kept() -> None:
    known = BlobInfoCache()
    assert known.is_empty
    known.add_blob(blob())
    assert not known.is_empty
    assert BlobInfoCache().blob(blob().digest) is None
