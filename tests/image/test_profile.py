"""Entries packed, unpacked, sorted; a layer's profile from its tar."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.image.profile import Entry, EntryKind, Package, pack_entries, tree_order, unpack_entries
from layerbench.image.profile_builder import EntrySorter, ProfileBuilder
from tests.image.scanning import Kept
from tests.image.tar_blocks import END, entry

RAW_TEXTS = st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
TEXTS = st.one_of(st.text(max_size=20), RAW_TEXTS).map(lambda text: text.replace("\0", "?"))
KINDS: list[EntryKind] = ["file", "folder", "symlink", "hardlink", "device", "fifo", "whiteout", "opaque"]
ENTRIES = st.builds(
    Entry,
    TEXTS,
    st.sampled_from(KINDS),
    st.integers(0, 0o7777),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.sampled_from(["", "99aa06d3014798d86001c324468d497f"]),
    TEXTS,
)


def plain(path: str, mode: int = 0) -> Entry:
    return Entry(path, "file", mode, 512, 0, "", "")


# --- blocks ---


@settings(deadline=None)
@given(entries=st.lists(ENTRIES, max_size=20))
def test_what_is_packed_comes_out_again(entries: list[Entry]) -> None:
    found = list(unpack_entries(list(pack_entries(entries))))
    assert found == entries
    assert all(type(each) is Entry for each in found)


def test_many_entries_are_several_blocks_in_their_order() -> None:
    entries = [plain(str(number)) for number in range(10_000)]
    blocks = list(pack_entries(entries))
    assert len(blocks) == 3
    assert list(unpack_entries(blocks)) == entries


def test_blocks_of_long_texts_stay_small() -> None:
    entries = [plain(f"{number}" + "\udcff" * 32_000) for number in range(1000)]
    blocks = list(pack_entries(entries))
    assert len(blocks) > 25
    assert list(unpack_entries(blocks)) == entries


@pytest.mark.parametrize("bad", [plain("a\0b"), plain("a", -1), plain("a", 2**16)])
def test_what_no_tar_has_cannot_be_packed(bad: Entry) -> None:
    with pytest.raises(ValueError, match=r"zero character|out of range"):
        list(pack_entries([bad]))


@settings(deadline=None)
@given(choice=st.data())
def test_damaged_blocks_are_value_errors(choice: st.DataObject) -> None:
    [block] = pack_entries([plain("a/b"), plain("c", 7)])
    damaged = bytearray(block)
    position = choice.draw(st.integers(0, len(damaged) - 1))
    damaged[position] = choice.draw(st.integers(0, 255))
    cut = bytes(damaged[: choice.draw(st.integers(0, len(damaged)))])
    for data in (bytes(damaged), cut):
        try:
            list(unpack_entries([data]))
        except ValueError:
            continue


@settings(deadline=None)
@given(content=st.binary(max_size=200))
def test_blocks_of_other_content_are_value_errors(content: bytes) -> None:
    import zstandard

    with pytest.raises(ValueError, match=r"block|unpack|decode"):
        list(unpack_entries([zstandard.ZstdCompressor().compress(content)]))


def test_a_block_that_unpacks_to_too_much_is_a_value_error() -> None:
    import zstandard

    with pytest.raises(ValueError, match="longer than any"):
        list(unpack_entries([zstandard.ZstdCompressor().compress(bytes(100_000_000))]))


# --- order ---


@settings(deadline=None, max_examples=200)
@given(
    paths=st.lists(st.lists(st.sampled_from("ab-"), max_size=3).map("/".join), max_size=60),
    batch=st.integers(1, 10),
    most_waiting=st.integers(1, 12),
    most_runs=st.integers(2, 5),
)
def test_entries_come_in_tree_order_and_those_of_one_path_as_they_came(
    paths: list[str], batch: int, most_waiting: int, most_runs: int
) -> None:
    entries = [plain(path, number) for number, path in enumerate(paths)]
    sorter = EntrySorter(most_waiting, most_runs)
    for start in range(0, len(entries), batch):
        sorter.add(list(entries[start : start + batch]))
    assert list(unpack_entries(sorter.finish())) == sorted(entries, key=lambda each: tree_order(each.path))
    assert sorter.entry_count == len(entries)


def test_below_a_folder_comes_right_behind_it() -> None:
    paths = ["b", "a.b", "a-b", "a/b/c", "a/b", "a"]
    assert sorted(paths, key=tree_order) == paths[::-1]


# --- the profile ---


def test_profile_of_a_tar() -> None:
    class Found(Kept):
        def finish(self) -> tuple[tuple[Package, ...], tuple[str, ...]]:
            package = Package("debian", "x", self.contents["db"].decode(), "", ("a",))
            return (package,), ("a note",)

    builder = ProfileBuilder(Found(limit=100))
    data = entry(b"db", b"1.0") + entry(b"a/b", b"x" * 600) + entry(b"a") + END
    builder.feed(data[:700])
    builder.feed(memoryview(data)[700:])
    profile = builder.finish("sha256:0")
    assert (profile.diff_id, profile.uncompressed_bytes, profile.end_bytes) == ("sha256:0", len(data), 1024)
    assert (profile.packages[0].version, profile.notes, profile.entry_count) == ("1.0", ("a note",), 3)
    assert [(each.path, each.uncompressed_bytes) for each in profile.entries()] == [
        ("a", 512),
        ("a/b", 1536),
        ("db", 1024),
    ]


MEMORY = """
import resource, sys
from layerbench.image.profile_builder import ProfileBuilder
from tests.image.scanning import Kept
from tests.image.tar_blocks import header
count = int(sys.argv[1])
blank = header(b"")
checksum = int(blank[148:154], 8)
builder = ProfileBuilder(Kept())
for start in range(0, count, 1000):
    # 7919 is coprime to the count: no order at all.
    numbers = [number * 7919 % count for number in range(start, start + 1000)]
    names = [b"usr/lib/package%d/module%d.py" % (number // 100, number) for number in numbers]
    sums = [b"%06o" % (checksum + sum(name)) for name in names]
    builder.feed(b"".join(n + blank[len(n):148] + s + blank[154:] for n, s in zip(names, sums)))
profile = builder.finish("sha256:0")
assert profile.entry_count == count
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kib(count: int) -> int:
    run = subprocess.run([sys.executable, "-c", MEMORY, str(count)], check=True, capture_output=True, text=True)
    return int(run.stdout)


def test_memory_of_many_entries_in_no_order() -> None:
    few, many = peak_kib(1000), peak_kib(300_000)
    assert many - few < 70 * 1024
