from __future__ import annotations

import pytest

from layerbench.analysis.anatomy.examine import examine
from layerbench.analysis.anatomy.models import ImageContents, ImageLayer
from layerbench.analysis.anatomy.one_layer import examine_layer
from layerbench.errors import UsageError
from layerbench.image.profile import Entry, LayerProfile, Package, pack_entries, tree_order

END_BYTES = 1024


def entry(path: str, content_bytes: int = 0, kind: str = "file", target: str = "") -> Entry:
    share = 512 + (content_bytes + 511) // 512 * 512
    digest = f"{path}{content_bytes}" if kind == "file" else ""
    return Entry(path, kind, 0o644, share, content_bytes, digest, target)  # type: ignore[arg-type]


def layer(*entries: Entry, packages: tuple[Package, ...] = (), notes: tuple[str, ...] = ()) -> ImageLayer:
    ordered = sorted(entries, key=lambda one: tree_order(one.path))
    total = sum(one.uncompressed_bytes for one in entries) + END_BYTES
    blocks = tuple(pack_entries(ordered))
    profile = LayerProfile("sha256:0", total, END_BYTES, len(entries), packages, notes, blocks)
    return ImageLayer("RUN x", None, "sha256:0", total // 2, total, profile)


# Debian's database names bin/tool, and the layer's tar has it where the base's link leads.
TOOL = Package("debian", "tool", "1", "", ("bin/tool", "var/lib/dpkg/info/tool.list"))
IMAGE = ImageContents(
    "example:1",
    (
        layer(entry("bin", kind="symlink", target="usr/bin"), entry("usr/bin", kind="folder"), entry("etc/a", 700)),
        layer(
            entry("usr/bin/tool", 90_000),
            entry("var/lib/dpkg/info/tool.list", 30),
            entry("etc/a", 9_000),
            entry("root/.cache/pip/x", 40_000),
            packages=(TOOL,),
            notes=("layer 1 is odd.",),
        ),
        layer(entry("etc/a", 100), entry("app/b", 5_000), entry("root/.cache/pip/x", kind="whiteout")),
    ),
    "manifest",
    "linux/amd64",
    None,
    "sha256:1",
)
POSITIONS = range(len(IMAGE.layers))


@pytest.mark.parametrize("position", POSITIONS)
def test_the_parts_of_a_layer_add_up_to_it(position: int) -> None:
    found = examine_layer(IMAGE, position, depth=9)
    whole = IMAGE.layers[position].uncompressed_bytes
    parts = (*found.packages, *found.unowned)
    assert sum(part.uncompressed_bytes for part in parts) + found.end_bytes == whole
    assert sum(part.uncompressed_bytes for part in found.folders) + found.end_bytes == whole
    assert found.tree[0].uncompressed_bytes + found.end_bytes == whole
    assert {part.layers for part in (*found.files, *found.folders, *found.unowned, *found.tree)} == {(position,)}


def test_the_layers_together_are_the_image() -> None:
    whole = examine(IMAGE)
    found = [examine_layer(IMAGE, position) for position in POSITIONS]
    assert tuple(one.layers[0] for one in found) == whole.layers
    assert {package for one in found for package in one.packages} == set(whole.packages)
    assert {waste for one in found for waste in one.waste} == set(whole.waste)
    assert sum(one.end_bytes for one in found) == whole.end_bytes
    assert {one.dive for one in found} == {whole.dive}
    assert {one.image for one in found} == {IMAGE}


def test_a_package_owns_what_a_lower_layers_link_leads_to() -> None:
    (package,) = examine_layer(IMAGE, 1).packages
    assert (package.name, package.files) == ("tool", 2)
    assert "usr/bin" not in {folder.path for folder in examine_layer(IMAGE, 1).unowned}


def test_files_have_the_bytes_of_that_layer_only() -> None:
    assert [(file.path, file.uncompressed_bytes) for file in examine_layer(IMAGE, 2, top=2).files] == [
        ("app/b", 512 + 5_120),
        ("etc/a", 512 + 512),
    ]


def test_the_tree_is_as_deep_as_asked_for() -> None:
    assert [folder.path for folder in examine_layer(IMAGE, 2, depth=1).tree] == ["", "app", "etc", "root"]
    assert examine_layer(IMAGE, 2).tree == ()


@pytest.mark.parametrize(("image", "said"), [(IMAGE, "its layers are 0 to 2"), (None, "it has none")])
def test_a_layer_that_is_not_there(image: ImageContents | None, said: str) -> None:
    nothing = ImageContents("example:1", (), "manifest", None, None, "sha256:1")
    with pytest.raises(UsageError, match=f"example:1 has no layer 3; {said}"):
        examine_layer(image or nothing, 3)
