from __future__ import annotations

import dataclasses
import json
import re

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from layerbench.analysis.anatomy.models import ImageDiff
from layerbench.report.anatomy import diff_json, diff_markdown, diff_table
from layerbench.report.anatomy.diff_table import Rows
from layerbench.report.interface import Options
from tests.report.anatomy import factory

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")
SCREEN_LINES = 44


def _table(diff: ImageDiff, width: int = 100, rows: Rows = Rows()) -> str:  # noqa: B008
    return diff_table.render(diff, Options(width=width), rows)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_two_images(width: int, snapshot: SnapshotAssertion) -> None:
    assert _table(factory.single_to_multi(), width) == snapshot


def test_it_fits_a_screen() -> None:
    assert len(_table(factory.single_to_multi(), 80).splitlines()) <= SCREEN_LINES


def test_an_image_beside_itself(snapshot: SnapshotAssertion) -> None:
    assert _table(factory.alike()) == snapshot


def test_compressed_bytes_that_do_not_compare(snapshot: SnapshotAssertion) -> None:
    assert _table(factory.incomparable()) == snapshot


def test_hostile_names_stay_text(snapshot: SnapshotAssertion) -> None:
    text = _table(factory.hostile_diff(), 400)
    assert not CONTROL.search(text)
    assert text == snapshot


def test_in_colour(snapshot: SnapshotAssertion) -> None:
    text = diff_table.render(factory.incomparable(), Options(color_system="standard"), Rows())
    assert text == snapshot
    plain = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert [line.rstrip() for line in plain.splitlines()] == _table(factory.incomparable()).splitlines()


@pytest.mark.parametrize("example", [factory.single_to_multi, factory.hostile_diff])
def test_with_nothing_but_ascii(example: object) -> None:
    assert diff_table.render(example(), Options(width=80, ascii_only=True), Rows()).isascii()  # type: ignore[operator]


def test_the_lines_that_a_reader_looks_for() -> None:
    lines = [" ".join(line.split()) for line in _table(factory.single_to_multi()).splitlines()]
    assert "compressed 153.2 MB -> 63.2 MB -90.1 MB -59%" in lines
    assert "- gcc-14-x86-64-linux-gnu 14.2.0-19 -71.3 MB Debian" in lines
    assert "+ greenlet 3.2.4 +12.6 MB Python in /venv" in lines
    assert "~ libssl3t64 3.5.1-1 -> 3.5.4-1~deb13u1 +8.4 MB Debian" in lines
    assert "4 layers are the same (120.0 MB)" in lines
    assert "and 45 more, -45.0 MB in all" in lines
    assert lines[-1] == "unattributed: 0 B"


def test_a_package_with_one_version_that_differs_says_it_once() -> None:
    diff = factory.single_to_multi()
    package = dataclasses.replace(diff.packages[0], after=diff.packages[0].before)
    assert "~ gcc-14-x86-64-linux-gnu 14.2.0-19 " in _table(dataclasses.replace(diff, packages=(package,)))


def test_platforms_that_differ_are_said() -> None:
    diff = factory.single_to_multi()
    other = dataclasses.replace(diff, after=dataclasses.replace(diff.after, platform="linux/arm64"))
    assert _table(other).startswith("native:single (linux/amd64) -> native:multi (linux/arm64)\n")
    unknown = dataclasses.replace(other, before=dataclasses.replace(diff.before, platform=None))
    assert _table(unknown).startswith("native:single (platform not known) -> native:multi (linux/arm64)\n")


def test_of_many_layers_the_largest_are_shown_in_the_order_of_the_image() -> None:
    text = _table(factory.single_to_multi(), rows=Rows(packages=2, others=1))
    assert text.index("~ RUN apt-get") < text.index("+ COPY /venv")
    assert "COPY requirements.txt" not in text
    assert "and 2 more, -41.9 MB uncompressed in all" in text


@pytest.mark.parametrize("width", range(70, 161, 10))
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(width: int) -> None:
    text = _table(factory.single_to_multi(), width)
    assert [line for line in text.splitlines() if cell_len(line) > width] == []
    assert _figures(_table(factory.single_to_multi(), 500)) <= _figures(text)


def _json(value: ImageDiff) -> str:
    return "".join(diff_json.render(value))


def _figures(text: str) -> set[str]:
    return set(re.findall(r"[+-]?[\d.,]+ (?:B|kB|MB|GB)\b", " ".join(text.split())))


@pytest.mark.parametrize("example", [factory.single_to_multi, factory.alike, factory.incomparable])
def test_markdown(example: object, snapshot: SnapshotAssertion) -> None:
    assert diff_markdown.render(example(), top=3) == snapshot  # type: ignore[operator]


def test_markdown_of_hostile_names(snapshot: SnapshotAssertion) -> None:
    text = diff_markdown.render(factory.hostile_diff(), top=15)
    assert not CONTROL.search(text)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    html = "".join(token.content for token in tokens if token.type.startswith("html"))
    assert "<b>" not in html
    inline = [child for token in tokens for child in token.children or []]
    tags = {child.content for child in inline if child.type == "html_inline"}
    assert tags <= {"<code>", "</code>", "<sub>", "</sub>", "<br>"}
    assert not [child for child in inline if child.type in {"link_open", "image", "em_open"}]
    assert text == snapshot


def test_markdown_tables_have_the_same_cells_in_every_row() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(diff_markdown.render(factory.hostile_diff(), top=15))
    tables: list[list[int]] = []
    for token in tokens:
        match token.type:
            case "table_open":
                tables.append([])
            case "tr_open":
                tables[-1].append(0)
            case "th_open" | "td_open":
                tables[-1][-1] += 1
    assert [len(set(rows)) for rows in tables] == [1] * 5


def test_markdown_fits_a_comment() -> None:
    diff = factory.single_to_multi()
    long = tuple(dataclasses.replace(diff.packages[0], name="n" * 5000) for _ in range(100))
    files = tuple(dataclasses.replace(diff.files[0], path="p" * 4096) for _ in range(100))
    text = diff_markdown.render(dataclasses.replace(diff, packages=long, files=files), top=15)
    assert len(text) < 65_536


def test_json(snapshot: SnapshotAssertion) -> None:
    diff = factory.single_to_multi()
    assert _json(dataclasses.replace(diff, packages=diff.packages[:3], files=diff.files[:2])) == snapshot


def test_json_keys_that_others_rely_on() -> None:
    figures = json.loads(_json(factory.single_to_multi()))
    assert figures["compressed_bytes_delta"] == -90_050_180
    assert figures["uncompressed_bytes_delta"] == -301_729_792
    assert figures["unattributed_bytes"] == 0
    assert figures["packages"][0] == {
        "ecosystem": "debian",
        "name": "gcc-14-x86-64-linux-gnu",
        "location": "",
        "before": "14.2.0-19",
        "after": None,
        "uncompressed_bytes_delta": -71_303_168,
        "location_before": None,
    }
    assert len(figures["packages"]) == 60
    assert len(figures["files"]) == 905
    assert len(figures["layers"]) == 8
    assert figures["before"]["name"] == "native:single"


def test_json_parts_add_up() -> None:
    figures = json.loads(_json(factory.single_to_multi()))

    def total(*lists: str) -> int:
        return sum(part["uncompressed_bytes_delta"] for name in lists for part in figures[name])

    whole = figures["uncompressed_bytes_delta"]
    assert total("layers") == whole
    assert total("packages", "unowned") + figures["end_bytes_delta"] == whole
    assert json.loads(_json(factory.incomparable()))["compressed_bytes_delta"] is None


def test_json_of_bytes_that_are_no_utf8() -> None:
    text = _json(factory.hostile_diff())
    assert text.isascii()
    assert json.loads(text)["files"][0]["path"] == factory.HOSTILE


def test_json_keys_are_the_documented_ones() -> None:
    figures = json.loads(_json(factory.single_to_multi()))
    documented = diff_json.__doc__ or ""
    assert [
        key for key in factory.keys_of(figures) if f"`{key}`" not in documented and f"`{key}[]`" not in documented
    ] == []
