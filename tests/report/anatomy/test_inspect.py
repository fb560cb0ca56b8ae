from __future__ import annotations

import dataclasses
import json
import re

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from layerbench.analysis.anatomy.models import Anatomy
from layerbench.report.anatomy import inspect_json, inspect_table
from layerbench.report.interface import Options
from tests.report.anatomy import factory

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")


def _table(anatomy: Anatomy, width: int = 100, top: int = 10) -> str:
    return inspect_table.render(anatomy, Options(width=width), top=top)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_an_image(width: int, snapshot: SnapshotAssertion) -> None:
    assert _table(factory.single(), width) == snapshot


def test_an_image_with_its_tree(snapshot: SnapshotAssertion) -> None:
    assert _table(factory.with_tree(factory.single())) == snapshot


def test_one_layer_alone(snapshot: SnapshotAssertion) -> None:
    assert _table(factory.one_layer(factory.single(), 5)) == snapshot


def test_an_image_without_layers(snapshot: SnapshotAssertion) -> None:
    assert _table(factory.empty()) == snapshot


def test_in_colour(snapshot: SnapshotAssertion) -> None:
    text = inspect_table.render(factory.single(), Options(color_system="standard"), top=10)
    assert text == snapshot
    plain = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert [line.rstrip() for line in plain.splitlines()] == _table(factory.single()).splitlines()


def test_hostile_names_stay_text(snapshot: SnapshotAssertion) -> None:
    text = _table(factory.hostile(), 400)
    assert not CONTROL.search(text)
    assert r"\udcff" in text
    assert text == snapshot


@pytest.mark.parametrize("example", [factory.single, factory.hostile])
def test_with_nothing_but_ascii(example: object) -> None:
    text = inspect_table.render(example(), Options(ascii_only=True), top=10)  # type: ignore[operator]
    assert text.isascii()
    assert "..." in text


@pytest.mark.parametrize("top", [1, 2, 3])
def test_each_list_is_cut_at_top_and_says_what_it_leaves_out(top: int) -> None:
    anatomy = factory.single()
    text = _table(anatomy, top=top)
    shown = [package.name for package in anatomy.packages if f"  {package.name} " in text]
    assert shown == [package.name for package in anatomy.packages[:top]]
    assert text.count("mend: ") == top
    assert f"and {len(anatomy.packages) - top} more, " in text
    assert f"and {len(anatomy.waste) - top} more, " in text
    assert text.split("\nlargest files\n")[1].split("\n\n")[0].count("\n") == top


def test_two_rows_of_waste_with_one_mend_say_it_once() -> None:
    anatomy = factory.single()
    twice = (anatomy.waste[0], dataclasses.replace(anatomy.waste[0], layer=5), anatomy.waste[1])
    assert _table(dataclasses.replace(anatomy, waste=twice)).count("mend: ") == 2


def test_nothing_is_left_out_where_all_fits() -> None:
    assert " more, " not in _table(factory.single(), top=9)


def test_only_a_package_in_two_layers_counts_once() -> None:
    anatomy = factory.single()
    package = anatomy.packages[0]
    twice = dataclasses.replace(anatomy, packages=(package, dataclasses.replace(package, layer=4)))
    assert "largest packages: 1 package, 142.6 MB in all" in _table(twice)


@pytest.mark.parametrize("width", range(70, 161, 10))
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(width: int) -> None:
    anatomy = factory.with_tree(factory.single())
    text = _table(anatomy, width)
    assert [line for line in text.splitlines() if cell_len(line) > width] == []
    assert _figures(_table(anatomy, 500)) <= _figures(text)


def _json(value: Anatomy) -> str:
    return "".join(inspect_json.render(value))


def _figures(text: str) -> set[str]:
    return set(re.findall(r"[\d.,]+ (?:B|kB|MB|GB)\b|[+~-][\d,]+(?= )", " ".join(text.split())))


def test_json(snapshot: SnapshotAssertion) -> None:
    assert _json(factory.with_tree(factory.single())) == snapshot


def test_json_keys_that_others_rely_on() -> None:
    figures = json.loads(_json(factory.single()))
    assert (figures["compressed_bytes"], figures["uncompressed_bytes"]) == (153_201_682, 484_110_336)
    assert figures["layers"][5] | {"digest": None, "diff_id": None} == {
        "layer": 5,
        "digest": None,
        "diff_id": None,
        "instruction": "RUN pip install --no-cache-dir -r requirements.txt",
        "compressed_bytes": 12_090_000,
        "uncompressed_bytes": 41_943_040,
        "files_added": 1290,
        "files_changed": 3,
        "files_removed": 0,
    }
    assert figures["packages"][0].keys() >= {"ecosystem", "name", "version", "uncompressed_bytes", "layer"}
    assert figures["waste"][0].keys() >= {"kind", "uncompressed_bytes", "layer", "instruction", "paths", "mend"}
    assert figures["dive"] == {"efficiency": 0.9873, "wasted_bytes": 3_145_728, "user_wasted_ratio": 0.0082}
    assert "tree" not in figures


def test_json_holds_every_package_and_all_waste() -> None:
    anatomy = factory.single()
    figures = json.loads(_json(anatomy))
    assert [package["name"] for package in figures["packages"]] == [package.name for package in anatomy.packages]
    assert [waste["mend"] for waste in figures["waste"]] == [waste.mend for waste in anatomy.waste]


def test_json_of_bytes_that_are_no_utf8() -> None:
    text = _json(factory.hostile())
    assert text.isascii()
    assert json.loads(text)["files"][0]["path"] == factory.HOSTILE


def test_json_keys_are_the_documented_ones() -> None:
    figures = json.loads(_json(factory.with_tree(factory.single())))
    documented = inspect_json.__doc__ or ""
    assert [
        key for key in factory.keys_of(figures) if f"`{key}`" not in documented and f"`{key}[]`" not in documented
    ] == []
