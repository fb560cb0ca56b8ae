from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.anatomy.folders import FolderSums
from tests.analysis.anatomy.layers_strategy import paths, some


def sums_of(weights: Mapping[str, int], most_folders: int = 1000) -> FolderSums:
    sums = FolderSums(most_folders)
    for number, (folder, weight) in enumerate(weights.items()):
        at = sums.at(folder)
        at[0] += weight
        at[1] -= weight
        at[2] |= 1 << number % 8
    return sums


def partition(weights: Mapping[str, int]) -> dict[str, int]:
    return {row.path: row.weight for row in sums_of(weights).partition()}


def test_one_heavy_folder_is_named_and_not_those_around_it() -> None:
    assert partition({"usr": 1, "usr/lib": 1, "usr/lib/gcc/12": 998}) == {"usr/lib/gcc/12": 998, "": 2}


def test_a_folder_of_many_light_ones_is_named_instead_of_them() -> None:
    assert partition({f"app/pkg{number}/src": 10 for number in range(100)}) == {"app": 1000}


def test_a_row_holds_what_no_row_below_it_names() -> None:
    assert partition({"usr/lib": 300, "usr/lib/a": 600, "usr/lib/b": 1, "etc": 99}) == {
        "usr/lib/a": 600,
        "usr/lib": 301,
        "etc": 99,
    }


def test_a_folder_with_just_the_least_share_is_counted_once() -> None:
    assert partition({"a": 2, "b": 98}) == {"b": 98, "a": 2}
    assert partition({"a": 1, "b": 99}) == {"b": 99, "": 1}


def test_nothing_has_no_rows() -> None:
    assert FolderSums().partition() == []
    assert partition({"a": 0}) == {}


@some
@given(st.dictionaries(paths, st.integers(0, 1000)), st.integers(1, 8))
def test_rows_add_up_and_are_few(weights: dict[str, int], most_folders: int) -> None:
    rows = sums_of(weights, most_folders).partition()
    assert sum(row.weight for row in rows) == sum(weights.values())
    assert len(rows) <= 51
    assert len({row.path for row in rows}) == len(rows)
    if any(weights.values()):
        assert sum(row.amount for row in rows) == -sum(weights.values())


@some
@given(st.dictionaries(paths, st.integers(0, 1000), min_size=1), st.integers(0, 4))
def test_the_tree_sums_up(weights: dict[str, int], depth: int) -> None:
    tree = {row.path: row.weight for row in sums_of(weights).tree(depth)}
    for folder, weight in tree.items():
        below = [one for path, one in weights.items() if not folder or path == folder or path.startswith(f"{folder}/")]
        assert weight == sum(below)
    assert all(path.count("/") < depth or not path for path in tree)


def test_too_many_folders_are_counted_to_those_above_them() -> None:
    sums = FolderSums(most_folders=50)
    for number in range(1000):
        sums.at(f"a/b{number % 10}/c{number}/d")[0] += 1
    rows = sums.tree(9)
    assert len(rows) <= 62
    assert rows[0].weight == 1000


def test_hostile_depth_is_cut() -> None:
    sums = FolderSums()
    for _ in range(2):
        sums.at("/".join(["a"] * 100_000))[0] += 1
    assert max(row.path.count("/") for row in sums.tree(1000)) == 63
