from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.anatomy.compare import compare_images
from layerbench.analysis.anatomy.file_deltas import FileDeltas
from layerbench.analysis.anatomy.models import ImageLayer
from layerbench.image.profile import Entry, Package
from tests.analysis.anatomy import layers_strategy
from tests.analysis.anatomy.build import file, folder, image, layer, opaque, package, symlink, whiteout

SITE = "usr/local/lib/python3.12/site-packages"
_owners = st.lists(
    st.builds(package, st.just("debian"), st.sampled_from("pq"), st.lists(layers_strategy.paths, max_size=4))
    | st.builds(package, st.just("node"), st.just("n"), at=st.just("a")),
    max_size=3,
)
_layers = st.builds(lambda entries, packages: layer(*entries, packages=packages), layers_strategy.entries, _owners)
_images = st.lists(_layers, max_size=4)


@layers_strategy.some
@given(_images, _images, _images)
def test_all_partitions_add_up(shared: list[ImageLayer], before: list[ImageLayer], after: list[ImageLayer]) -> None:
    diff = compare_images(image(*shared, *before), image(*shared, *after))
    assert diff.unattributed_bytes == 0
    delta = diff.after.uncompressed_bytes - diff.before.uncompressed_bytes
    assert diff.uncompressed_bytes_delta == delta
    assert sum(one.uncompressed_bytes_delta for one in diff.layers) == delta
    assert sum(one.uncompressed_bytes_delta for one in diff.folders) + diff.end_bytes_delta == delta
    parts = [one.uncompressed_bytes_delta for one in (*diff.packages, *diff.unowned)]
    assert sum(parts) + diff.end_bytes_delta == delta


@layers_strategy.some
@given(_images, _images, _images)
def test_the_other_way_round_it_is_the_opposite(
    shared: list[ImageLayer], before: list[ImageLayer], after: list[ImageLayer]
) -> None:
    one, other = image(*shared, *before), image(*shared, *after)
    opposite = {"added": "removed", "removed": "added", "changed": "changed"}
    there, back = compare_images(one, other), compare_images(other, one)
    assert {(file.path, file.change, file.uncompressed_bytes_delta) for file in there.files} == {
        (file.path, opposite[file.change], -file.uncompressed_bytes_delta) for file in back.files
    }
    assert {(row.path, opposite[row.change], -row.uncompressed_bytes_delta) for row in there.folders} == {
        (row.path, row.change, row.uncompressed_bytes_delta) for row in back.folders
    }


@layers_strategy.some
@given(_images, _images)
def test_files_that_differ_are_those_whose_bytes_or_content_do(
    before: list[ImageLayer], after: list[ImageLayer]
) -> None:
    def contents(layers: list[ImageLayer]) -> dict[str, list[tuple[object, ...]]]:
        found: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
        for one in layers:
            for path, kind, _, share, _, digest, target in one.profile.entries():
                if kind not in ("folder", "opaque"):
                    found[path].append((kind, share, digest, target))
        return found

    # Layers that both have are told apart in other tests.
    both = {one.diff_id for one in before} & {one.diff_id for one in after}
    before, after = ([one for one in side if one.diff_id not in both] for side in (before, after))
    one, other = contents(before), contents(after)
    files = compare_images(image(*before), image(*after)).files
    mixed = {
        path
        for side in (before, after)
        for each in side
        for path, kind, *_ in each.profile.entries()
        if kind in ("folder", "opaque")
    }
    assert {file.path for file in files} - mixed == {
        path for path in {*one, *other} - mixed if one.get(path) != other.get(path)
    }
    assert [abs(file.uncompressed_bytes_delta) for file in files] == sorted(
        (abs(file.uncompressed_bytes_delta) for file in files), reverse=True
    )


def test_an_image_and_itself() -> None:
    contents = image(layer(file("a")), layer(file("b"), notes=["note"]))
    diff = compare_images(contents, contents)
    assert (diff.uncompressed_bytes_delta, diff.compressed_bytes_delta, diff.unattributed_bytes) == (0, 0, 0)
    assert (diff.packages, diff.unowned, diff.folders, diff.files) == ((), (), (), ())
    assert (diff.unchanged_layers, diff.unchanged_uncompressed_bytes) == (2, contents.uncompressed_bytes)
    assert diff.notes == ("note",)


def test_compressed_bytes_of_another_kind_do_not_compare() -> None:
    assert compare_images(image(layer()), image(layer(), source="gzip")).compressed_bytes_delta is None


def numpy(version: str, size: int, python: str = "3.12") -> tuple[Entry, Package]:
    site = f"usr/local/lib/python{python}/site-packages"
    path = f"{site}/numpy/core.so"
    return file(path, size), package("python", "numpy", [path], version=version, at=site)


def test_an_upgrade_is_one_row() -> None:
    (old, old_numpy), (new, new_numpy) = numpy("2.1.0", 10_000), numpy("2.2.1", 30_000)
    diff = compare_images(
        image(layer(file("etc/os"), file("b")), layer(old, packages=[old_numpy])),
        image(layer(file("etc/os"), file("b")), layer(new, file("app/c"), packages=[new_numpy])),
    )
    [row] = diff.packages
    assert (row.name, row.before, row.after, row.location) == ("numpy", "2.1.0", "2.2.1", SITE)
    assert row.uncompressed_bytes_delta == new.uncompressed_bytes - old.uncompressed_bytes
    assert [(one.path, one.change, one.uncompressed_bytes_delta) for one in diff.unowned] == [("app", "added", 1024)]
    assert [(one.path, one.change, one.package) for one in diff.files] == [
        (old.path, "changed", "numpy"),
        ("app/c", "added", None),
    ]
    assert (diff.unchanged_layers, diff.layers[1].is_same) == (1, False)


def test_another_python_is_the_same_place() -> None:
    (old, old_numpy), (new, new_numpy) = numpy("2", 10_000), numpy("2", 10_000, python="3.13")
    diff = compare_images(image(layer(old, packages=[old_numpy])), image(layer(new, packages=[new_numpy])))
    assert diff.packages == ()
    assert {(one.path, one.change) for one in diff.files} == {(old.path, "removed"), (new.path, "added")}


def test_packages_that_only_one_image_has() -> None:
    entry, installed = numpy("2", 1000)
    [row] = compare_images(image(), image(layer(entry, packages=[installed]))).packages
    assert (row.before, row.after, row.uncompressed_bytes_delta) == (None, "2", 1536)
    [row] = compare_images(image(layer(entry, packages=[installed])), image()).packages
    assert (row.before, row.after, row.uncompressed_bytes_delta) == ("2", None, -1536)


def test_a_package_that_moved_is_one_row() -> None:
    (old, old_numpy), path = numpy("1", 1000), "venv/lib/python3.12/site-packages/numpy/core.so"
    moved = package("python", "numpy", [path], version="2", at="venv/lib/python3.12/site-packages")
    diff = compare_images(image(layer(old, packages=[old_numpy])), image(layer(file(path, 2000), packages=[moved])))
    [row] = diff.packages
    assert (row.before, row.after, row.location, row.location_before) == ("1", "2", moved.location, SITE)
    assert (row.uncompressed_bytes_delta, diff.unattributed_bytes) == (1024, 0)


def test_another_version_with_the_same_bytes_is_told() -> None:
    entry, old = numpy("1", 1000)
    [row] = compare_images(
        image(layer(entry, packages=[old])), image(layer(entry, packages=[old._replace(version="2")]))
    ).packages
    assert (row.before, row.after, row.uncompressed_bytes_delta) == ("1", "2", 0)


def test_several_versions_in_one_image() -> None:
    kernels = [package("rpm", "kernel", [f"boot/{version}"], version=version) for version in ("5", "6")]
    boot = [file("boot/5"), file("boot/6")]
    [row] = compare_images(image(), image(layer(*boot, packages=kernels))).packages
    assert (row.after, row.uncompressed_bytes_delta) == ("5, 6", 2048)


def test_a_file_that_goes_over_to_another_package() -> None:
    one, other = package("debian", "one", ["a"]), package("debian", "other", ["a"])
    diff = compare_images(image(layer(file("a"), packages=[one])), image(layer(file("a"), packages=[other])))
    assert {(row.name, row.uncompressed_bytes_delta) for row in diff.packages} == {("one", -1024), ("other", 1024)}
    assert (diff.files, diff.unowned, diff.unattributed_bytes) == ((), (), 0)


def test_what_a_shared_layer_has_is_changed_and_not_added() -> None:
    base = layer(folder("etc"), file("etc/a"), file("etc/b"), file("etc/c"))
    diff = compare_images(image(base), image(base, layer(file("etc/a", "2"), whiteout("etc/b"), file("etc/d"))))
    assert {one.path: one.change for one in diff.files} == {"etc/a": "changed", "etc/b": "removed", "etc/d": "added"}
    assert [(one.path, one.change) for one in diff.folders] == [("etc", "changed")]
    back = compare_images(diff.after, diff.before)
    assert {one.path: one.change for one in back.files} == {"etc/a": "changed", "etc/b": "added", "etc/d": "removed"}


def test_the_same_bytes_with_other_content_are_a_change() -> None:
    diff = compare_images(image(layer(file("a", "1"))), image(layer(file("a", "2"))))
    assert [(one.path, one.change, one.uncompressed_bytes_delta) for one in diff.files] == [("a", "changed", 0)]


def test_another_mode_is_no_other_content() -> None:
    diff = compare_images(image(layer(file("a", mode=0o600))), image(layer(file("a", mode=0o644))))
    assert diff.files == ()


def test_a_merged_usr_in_a_shared_layer_is_followed() -> None:
    base = layer(symlink("lib", "usr/lib"), folder("usr"), packages=[package("debian", "p", ["lib/a.so"])])
    diff = compare_images(image(base), image(base, layer(file("usr/lib/a.so"))))
    assert [(one.name, one.uncompressed_bytes_delta) for one in diff.packages] == [("p", 1024)]


def test_opaque_folders_count_where_they_are() -> None:
    diff = compare_images(image(layer(file("a/x"))), image(layer(file("a/x"), opaque("a"), folder("a"))))
    assert [(one.path, one.change, one.uncompressed_bytes_delta) for one in diff.folders] == [("a", "changed", 1024)]
    assert diff.files == ()


def test_the_list_of_files_is_bounded_and_says_so() -> None:
    deltas = FileDeltas(most_files=3)
    for number in range(10):
        deltas.add(f"f{number}", [], [file("f")], -number, None)
    assert [one.path for one in deltas.finish(frozenset())] == ["f9", "f8", "f7"]
    assert deltas.note == "7 more files differ, each by no more than those that are listed"
