from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from layerbench.analysis.comparison.findings import findings
from layerbench.analysis.comparison.models import Comparison
from layerbench.report.comparison import json_pairs, markdown, table
from layerbench.report.interface import Options
from tests.report.anatomy import factory as anatomy
from tests.report.anatomy.factory import keys_of
from tests.report.comparison import examples

ALL = [
    examples.variants,
    examples.pull_request,
    examples.slower_step,
    examples.attributed,
    examples.hostile,
]
ISSUE_KEYS = {
    "variant_base", "variant_head", "scenario", "time", "steps_lost", "steps_won", "compressed_bytes_delta",
    "uncompressed_bytes_delta", "redeploy_bytes_base", "redeploy_bytes_head", "packages", "steps_slower",
    "steps_faster",
}  # fmt: skip
STEP_TIME_KEYS = {
    "stage", "instruction", "ratio", "interval_low", "interval_high", "seconds_base", "seconds_head",
}  # fmt: skip
TIME_KEYS = {"ratio", "interval_low", "interval_high", "rounds", "verdict"}


def text(comparison: Comparison, **options: Any) -> str:
    return table.render(comparison, Options(**options), top=10)


@pytest.mark.parametrize("example", ALL)
def test_table(example: Callable[[], Comparison], snapshot: SnapshotAssertion) -> None:
    assert text(example()) == snapshot


@pytest.mark.parametrize("width", [34, 60])
def test_narrow_table(width: int, snapshot: SnapshotAssertion) -> None:
    assert text(examples.variants(), width=width) == snapshot


@pytest.mark.parametrize("width", [30, 45, 60, 80, 100])
@pytest.mark.parametrize("example", ALL)
def test_no_line_is_wider_than_the_terminal(example: Callable[[], Comparison], width: int) -> None:
    assert [line for line in text(example(), width=width).splitlines() if cell_len(line) > width] == []


@pytest.mark.parametrize("width", [34, 60, 100])
def test_every_figure_is_there_at_every_width(width: int) -> None:
    words = " ".join(text(examples.variants(), width=width).split())
    for figure in ("19.2 MB -> 1.2 kB", "+210 B", "+1.5 kB", "faster", "0.11x"):
        assert figure in words


def test_without_colour_there_are_no_escapes_and_with_it_the_same_text() -> None:
    plain = text(examples.pull_request())
    coloured = text(examples.pull_request(), color_system="standard")
    assert "\x1b" not in plain
    assert "\x1b[31m" in coloured
    lines = re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()
    assert [line.rstrip() for line in lines] == plain.splitlines()


def test_ascii_only() -> None:
    for example in ALL:
        assert text(example(), ascii_only=True).isascii()


def test_hostile_names_stay_text() -> None:
    shown = text(examples.hostile())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.render(examples.hostile(), top=10))
    inline = [child for token in tokens for child in token.children or []]
    assert {child.content for child in inline if child.type == "html_inline"} <= {
        "<code>",
        "</code>",
        "<sub>",
        "</sub>",
    }
    assert not [child for child in inline if child.type in {"link_open", "image", "em_open"}]


@pytest.mark.parametrize("example", ALL)
def test_markdown(example: Callable[[], Comparison], snapshot: SnapshotAssertion) -> None:
    assert markdown.render(example(), top=5) == snapshot


def test_json(snapshot: SnapshotAssertion) -> None:
    assert json_pairs.render(examples.attributed()) == snapshot


@pytest.mark.parametrize("example", ALL)
def test_json_has_the_keys_that_programs_rely_on(example: Callable[[], Comparison]) -> None:
    content = json_pairs.render(example())
    assert content.isascii()
    figures = json.loads(content)
    for pair in figures["pairs"]:
        assert pair.keys() >= ISSUE_KEYS
        assert pair["time"] is None or pair["time"].keys() >= TIME_KEYS
        for key in ("steps_lost", "steps_won", "packages"):
            assert isinstance(pair[key], list)
        for step in (*pair["steps_slower"], *pair["steps_faster"]):
            assert step.keys() >= STEP_TIME_KEYS
    assert tuple(figures["findings"]) == findings(example())


def test_json_keys_are_the_documented_ones() -> None:
    documented = set(re.findall(r"`([a-z_]+)(?:\[\])?`", json_pairs.__doc__ or ""))
    keys = set().union(*(keys_of(json.loads(json_pairs.render(example()))) for example in ALL))
    parts = keys_of(
        [
            json.loads(json_pairs.render(examples.attributed()))["pairs"][0][name]
            for name in ("packages", "layers", "unowned", "files")
        ]
    )
    assert keys - parts - documented == set()


def test_json_holds_the_figures_of_the_comparison() -> None:
    found = examples.pull_request()
    figures = json.loads(json_pairs.render(found))
    assert [(one["variant_base"], one["scenario"]) for one in figures["pairs"]] == [
        (pair.variant_base, pair.scenario) for pair in found.pairs
    ]
    [touch] = [one for one in figures["pairs"] if (one["variant_head"], one["scenario"]) == ("single", "touch")]
    assert touch["time"]["verdict"] == "slower"
    assert touch["time"]["ratio"] == pytest.approx(1.2, rel=0.02)
    assert [step["instruction"] for step in touch["steps_lost"]] == [
        "RUN pip install --no-cache-dir -r requirements.txt"
    ]
    assert (touch["compressed_bytes_delta"], touch["uncompressed_bytes_delta"]) == (5_000_000, 6_000_000)
    [failed] = [one for one in figures["pairs"] if (one["variant_head"], one["scenario"]) == ("multi", "cold")]
    assert failed["time"] is failed["compressed_bytes_delta"] is failed["compressed_bytes_head"] is None
    assert failed["attributed"] is False
    assert failed["notes"][0].startswith("head: 10 of 10 builds failed")


def test_a_slower_and_a_faster_step_are_told_in_every_format() -> None:
    found = examples.slower_step()
    [pair] = [one for one in json.loads(json_pairs.render(found))["pairs"] if one["scenario"] == "cold"]
    assert pair["time"]["verdict"] == "no-difference"
    assert pair["steps_compared"] == 3
    [slower], [faster] = pair["steps_slower"], pair["steps_faster"]
    assert (slower["stage"], slower["ratio"]) == ("builder", pytest.approx(1.12))
    assert slower["interval_low"] <= slower["ratio"] <= slower["interval_high"]
    assert (faster["instruction"], faster["ratio"]) == ("COPY --from=builder /venv /venv", pytest.approx(0.6))
    for shown in (" ".join(text(found).split()), markdown.render(found, top=5)):
        assert re.search(
            r"cold: slower: RUN \S+.* \(line \d+, 2\.\d+ s -(>|&#62;) 3\.\d+ s, 1\.12x, interval 1\.12 to", shown
        )
        assert "cold: faster: COPY --from=builder /venv /venv" in shown
        assert re.search(r"pip install takes 1\.12x as long in head as in base", shown)


def test_json_has_every_package_and_the_largest_files() -> None:
    [pair] = json.loads(json_pairs.render(examples.attributed()))["pairs"]
    diff = anatomy.single_to_multi()
    assert pair["attributed"] is True
    assert [one["name"] for one in pair["packages"]] == [one.name for one in diff.packages]
    assert (len(pair["files"]), pair["files_count"]) == (20, len(diff.files))
    assert all(not layer["is_same"] for layer in pair["layers"])


def test_top_cuts_the_list_of_parts() -> None:
    shown = table.render(examples.attributed(), Options(), top=2)
    assert re.search(r"and \d+ more", shown)
    assert shown.count("package ") < text(examples.attributed()).count("package ")


def test_nothing_is_attributed_without_files() -> None:
    assert "where the uncompressed bytes come from" not in text(examples.variants())


def test_a_side_without_builds_has_no_cached_steps_to_compare() -> None:
    [line] = [line for line in text(examples.pull_request()).splitlines() if "6.17 s -> none" in line]
    assert line.split() == ["cold", "6.17", "s", "->", "none"]
