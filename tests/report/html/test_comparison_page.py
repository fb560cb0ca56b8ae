from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.models import Comparison, Side
from layerbench.analysis.explain.models import Cause, ExplainedStep, Explanation, StepName
from layerbench.cli.html_output import comparison_page
from layerbench.report.html.of_comparison import input_of_comparison
from layerbench.report.html.page import render_page
from layerbench.results.file import result_json
from layerbench.results.models import Result
from tests.report.html.pages import Reading, downloads, stored
from tests.results import factory


def test_both_sides_are_on_the_page() -> None:
    result = factory.result(rounds=2)
    found = compare_results(Side("r:single", result, "single"), Side("r:multi", result, "multi"))
    text = render_page(input_of_comparison(found, ("It ended.",)))
    page = Reading(text)
    assert page.wrong == []
    assert "base: single" in page.words
    assert "head: multi" in page.words
    assert "naive" not in page.words.replace("naive.Dockerfile", "")
    assert "It ended." in page.words
    assert len(page.attributes("data-key")) == 2  # one timeline a side
    assert len(stored(text, "timeline-store")) == sum(build.variant in ("single", "multi") for build in result.builds)
    assert downloads(text) == {"web.json.gz": result_json(result)}, "both sides are out of one file"


def test_the_rows_are_those_of_the_commands_table() -> None:
    from layerbench.report.comparison.words import pair_cells

    result = factory.result(rounds=3)
    found = compare_results(Side("r:single", result, "single"), Side("r:multi", result, "multi"))
    words = Reading(render_page(input_of_comparison(found))).words
    for pair in found.pairs:
        cells = pair_cells(pair, arrow="→")
        assert f"{cells.scenario} {cells.time} {cells.ratio}" in words


def two_files() -> Comparison:
    base = factory.result((factory.plan("single"), factory.plan("multi")), rounds=1)
    head = replace(base, finished_at="2026-01-22T13:00:00+00:00")
    return compare_results(Side("a", base, "single"), Side("b", head, "single"))


def explained(result: Result, text: str) -> Explanation:
    """The second step of the variant `single` ran in `edit-deps`."""
    build = next(one for one in result.builds if (one.variant, one.scenario) == ("single", "edit-deps"))
    copy = StepName(2, None, 3, build.steps[2].instruction, 4)
    step = ExplainedStep("single", "edit-deps", 1, copy, "ran", "proven", Cause("files", copy, text))
    return Explanation((step,), (f"{text} is not known.",))


def test_two_result_files_can_be_taken_out() -> None:
    found = two_files()
    taken = downloads(render_page(input_of_comparison(found)))
    assert taken == {
        "base-web.json.gz": result_json(found.base.result),
        "head-web.json.gz": result_json(found.head.result),
    }


def test_what_both_sides_have_in_common_is_said_once() -> None:
    words = Reading(render_page(input_of_comparison(two_files()))).words
    assert ("base: Run" in words, "head: Run" in words) == (True, True)
    assert ("base: Machine" in words, "head: Machine" in words, "Machine" in words) == (False, False, True)


def test_first_causes_of_both_sides_stand_in_the_tables_and_on_hover() -> None:
    found = two_files()
    explanations = explained(found.base.result, "a.txt changed"), explained(found.head.result, "b.txt changed")
    text = render_page(input_of_comparison(found, explanations=explanations))
    before, _, after = text.partition("head: single (single.Dockerfile)")
    for part, cause, other in ((before, "a.txt changed", "b.txt changed"), (after, "b.txt changed", "a.txt changed")):
        assert part.count(f"<small><bdi>{cause}</bdi></small>") == 1
        assert f"<small><bdi>{other}</bdi></small>" not in part
        assert f' — {cause}"' in part
    words = Reading(text).words
    assert "base: a.txt changed is not known." in words
    assert "head: b.txt changed is not known." in words
    assert "why the step ran" in words


def test_one_side_may_be_explained_alone() -> None:
    found = two_files()
    text = render_page(input_of_comparison(found, explanations=(None, explained(found.head.result, "b.txt changed"))))
    assert text.count("<small><bdi>b.txt changed</bdi></small>") == 1


def test_the_page_of_the_command_explains_each_sides_compared_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Path, set[str]]] = []

    def explain(result: Result, path: Path) -> Explanation:
        asked.append((path, {build.variant for build in result.builds}))
        return explained(result, f"{path.stem}.txt changed")

    monkeypatch.setattr("layerbench.cli.explained.explained_result", explain)
    found = two_files()
    sides = (replace(side, result=replace(side.result, side_file="x.layers.zip")) for side in (found.base, found.head))
    base, head = sides
    text = comparison_page(replace(found, base=base, head=head), Path("a.json"), Path("b.json"))
    assert asked == [(Path("a.json"), {"single"}), (Path("b.json"), {"single"})]
    assert "<small><bdi>a.txt changed</bdi></small>" in text
    assert "<small><bdi>b.txt changed</bdi></small>" in text
