from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given

from layerbench.analysis.anatomy.walk import walk
from layerbench.image.profile import Entry, tree_order
from tests.analysis.anatomy import layers_strategy, oracle
from tests.analysis.anatomy.build import file, folder, layer, opaque, symlink, whiteout


def fates(*layers: Sequence[Entry]) -> dict[tuple[str, int], tuple[int | None, bool]]:
    """By path and layer: which layer takes it away, and whether something takes its place."""
    profiles = [layer(*entries).profile for entries in layers]
    return {
        (row[0], position): (later, successor is not None)
        for members in walk(profiles)
        for row, position, later, successor in members
    }


def test_a_file_that_no_layer_touches_is_there() -> None:
    assert fates([file("a")], [file("b")]) == {("a", 0): (None, False), ("b", 1): (None, False)}


def test_a_file_is_written_again_by_the_next_layer_that_has_it() -> None:
    found = fates([file("a")], [], [file("a", "2")], [file("a", "3")])
    assert found == {("a", 0): (2, True), ("a", 2): (3, True), ("a", 3): (None, False)}


def test_a_whiteout_takes_away_what_lower_layers_have_below_its_path_and_nothing_else() -> None:
    found = fates([folder("a"), file("a/x"), file("a-b")], [whiteout("a")], [folder("a"), file("a/x")])
    assert found[("a/x", 0)] == (1, False)
    assert found[("a-b", 0)] == (None, False)
    assert found[("a/x", 2)] == (None, False)


def test_a_folder_that_is_made_anew_in_one_layer_keeps_what_that_layer_brings() -> None:
    found = fates([folder("a"), file("a/x"), file("a/y")], [opaque("a"), folder("a"), file("a/x", "new")])
    assert found[("a/x", 0)] == (1, True)
    assert found[("a/y", 0)] == (1, False)
    assert found[("a/x", 1)] == (None, False)
    assert found[("a", 0)] == (1, True)


def test_what_is_no_folder_hides_what_was_below_it() -> None:
    found = fates([folder("a"), file("a/x/y")], [symlink("a", "b")])
    assert found[("a/x/y", 0)] == (1, False)
    assert found[("a", 0)] == (1, True)


def test_it_hides_also_where_the_tar_has_no_entry_for_the_folder() -> None:
    assert fates([file("a/x")], [file("a")])[("a/x", 0)] == (1, False)


def test_the_first_layer_that_takes_away_counts() -> None:
    assert fates([file("a/x")], [whiteout("a/x")], [file("a/x")])[("a/x", 0)] == (1, False)


def test_one_path_twice_in_one_layer() -> None:
    profiles = [layer(file("a", "1"), file("a", "2")).profile]
    [[first, last]] = walk(profiles)
    assert (first[2], first[3]) == (0, last[0])
    assert last[2] is None


@layers_strategy.some
@given(layers_strategy.layers)
def test_fates_are_those_of_a_file_system(layers: list[list[Entry]]) -> None:
    expected = Counter((fate.entry, fate.layer, fate.later, fate.successor) for fate in oracle.overlay(layers).fates)
    found = [one for members in walk([layer(*entries).profile for entries in layers]) for one in members]
    assert Counter(found) == expected


@layers_strategy.some
@given(layers_strategy.layers)
def test_paths_come_in_tree_order_and_once(layers: list[list[Entry]]) -> None:
    keys = [tree_order(members[0][0][0]) for members in walk([layer(*entries).profile for entries in layers])]
    assert keys == sorted(set(keys))


def test_one_path_fills_more_than_a_block() -> None:
    layers = [[file("b", str(number)) for number in range(10)], [file("a"), file("b"), file("c")]]
    [_, members, _] = walk([layer(*entries).profile for entries in layers])
    assert [later for _, _, later, _ in members] == [0] * 9 + [1, None]


def test_a_path_may_be_many_times_on_both_sides_of_a_blocks_border() -> None:
    found = fates([file("a"), *(file("b", str(time)) for time in range(8)), file("c")], [file("b"), file("d")])
    assert found[("b", 0)] == (1, True)
    assert set(found) == {("a", 0), ("b", 0), ("c", 0), ("b", 1), ("d", 1)}
