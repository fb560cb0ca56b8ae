from __future__ import annotations

from hypothesis import given

from layerbench.analysis.anatomy.examine import examine
from layerbench.image.profile import Entry
from tests.analysis.anatomy import layers_strategy, oracle
from tests.analysis.anatomy.build import END_BYTES, file, folder, image, layer, package, symlink, whiteout


@layers_strategy.some
@given(layers_strategy.layers)
def test_all_parts_add_up_to_the_image(layers: list[list[Entry]]) -> None:
    contents = image(*(layer(*entries, packages=[package("debian", "p", ["a/b", "b"])]) for entries in layers))
    anatomy = examine(contents, depth=9)
    assert anatomy.end_bytes == END_BYTES * len(layers)
    assert sum(one.uncompressed_bytes for one in anatomy.folders) + anatomy.end_bytes == contents.uncompressed_bytes
    parts = [one.uncompressed_bytes for one in (*anatomy.packages, *anatomy.unowned)]
    assert sum(parts) + anatomy.end_bytes == contents.uncompressed_bytes
    assert sum(one.files for one in anatomy.folders) == len(
        {entry.path for entries in layers for entry in entries if entry.kind not in ("folder", "whiteout", "opaque")}
    )
    if any(layers):
        assert anatomy.tree[0].path == ""
        assert anatomy.tree[0].uncompressed_bytes + anatomy.end_bytes == contents.uncompressed_bytes


@layers_strategy.some
@given(layers_strategy.layers)
def test_files_of_layers_are_those_of_a_file_system(layers: list[list[Entry]]) -> None:
    found = examine(image(*(layer(*entries) for entries in layers))).layers
    counts = [(one.files_added, one.files_changed, one.files_removed) for one in found]
    assert counts == oracle.overlay(layers).counts


@layers_strategy.some
@given(layers_strategy.layers)
def test_lost_bytes_are_those_that_a_file_system_does_not_show(layers: list[list[Entry]]) -> None:
    lost = [fate for fate in oracle.overlay(layers).fates if fate.later is not None]
    expected = sum(
        fate.entry.uncompressed_bytes
        for fate in lost
        if not (fate.successor is not None and fate.entry.kind == fate.successor.kind == "folder")
    )
    waste = examine(image(*(layer(*entries) for entries in layers))).waste
    assert sum(one.uncompressed_bytes for one in waste if one.kind in ("overwritten", "deleted")) == expected


@layers_strategy.some
@given(layers_strategy.layers)
def test_the_largest_files_are_the_largest(layers: list[list[Entry]]) -> None:
    totals: dict[str, int] = {}
    for entries in layers:
        for entry in entries:
            if entry.kind not in ("folder", "whiteout", "opaque"):
                totals[entry.path] = totals.get(entry.path, 0) + entry.uncompressed_bytes
    found = examine(image(*(layer(*entries) for entries in layers)), top=3).files
    assert [one.uncompressed_bytes for one in found] == sorted(totals.values(), reverse=True)[:3]
    assert all(totals[one.path] == one.uncompressed_bytes for one in found)


def test_a_file_in_two_layers_is_one_file_with_the_bytes_of_both() -> None:
    anatomy = examine(image(layer(file("a/x", 1000)), layer(file("a/x", 1000))))
    [largest] = anatomy.files
    assert (largest.uncompressed_bytes, largest.files, largest.layers) == (2 * 1536, 1, (0, 1))
    assert [(one.path, one.files, one.layers) for one in anatomy.folders] == [("a", 1, (0, 1))]


def test_the_tree_lists_folders_with_all_that_is_below_them() -> None:
    contents = image(layer(folder("a"), folder("a/b"), file("a/b/c/x", 1), file("y", 1)))
    assert [(one.path, one.uncompressed_bytes, one.files) for one in examine(contents, depth=2).tree] == [
        ("", 3072, 2),
        ("a", 2048, 1),
        ("a/b", 1536, 1),
    ]
    assert examine(contents).tree == ()


def test_an_image_without_layers() -> None:
    anatomy = examine(image())
    assert (anatomy.folders, anatomy.files, anatomy.waste, anatomy.dive.efficiency) == ((), (), (), 1.0)


def test_packages_name_their_environment() -> None:
    site = "venv/lib/python3.12/site-packages"
    contents = image(
        layer(
            file("venv/pyvenv.cfg"),
            file(f"{site}/a.py"),
            file("usr/lib/python3/dist-packages/a.py"),
            packages=[
                package("python", "a", [f"{site}/a.py"], at=site),
                package("python", "a", ["usr/lib/python3/dist-packages/a.py"], at="usr/lib/python3/dist-packages"),
            ],
        )
    )
    assert {(one.location, one.environment) for one in examine(contents).packages} == {
        (site, "venv"),
        ("usr/lib/python3/dist-packages", None),
    }


def test_an_upgrade_does_not_take_over_the_bytes_of_the_old_version() -> None:
    paths = ["app/a.py"]
    contents = image(
        layer(file("app/a.py", 1000), packages=[package("python", "a", paths, version="1", at="app")]),
        layer(file("app/a.py", 5000), packages=[package("python", "a", paths, version="2", at="app")]),
    )
    found = {(one.version, one.layer): one.uncompressed_bytes for one in examine(contents).packages}
    assert found == {("1", 0): 1536, ("2", 1): 5632}


def test_a_merged_usr_is_followed() -> None:
    contents = image(
        layer(
            symlink("bin", "usr/bin"),
            symlink("lib", "/usr/lib"),
            file("usr/bin/tool"),
            file("usr/lib/deep/x.so"),
            file("usr/local/bin/other"),
            packages=[package("debian", "tools", ["bin/tool", "lib/deep/x.so", "bin/other"])],
        ),
        layer(file("usr/bin/tool", "2"), whiteout("usr/lib/deep/x.so")),
    )
    found = {(one.name, one.layer): one.files for one in examine(contents).packages}
    assert found == {("tools", 0): 2, ("tools", 1): 1}


def test_notes_are_told_once() -> None:
    contents = image(layer(notes=["one", "two"]), layer(notes=["two"]))
    assert examine(contents).notes == ("one", "two")
