from __future__ import annotations

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.models import Side
from layerbench.report.html.of_comparison import input_of_comparison
from layerbench.report.html.page import render_page
from layerbench.results.file import result_json
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
    assert set(downloads(text).values()) == {result_json(result)}


def test_the_rows_are_those_of_the_commands_table() -> None:
    from layerbench.report.comparison.words import pair_cells

    result = factory.result(rounds=3)
    found = compare_results(Side("r:single", result, "single"), Side("r:multi", result, "multi"))
    words = Reading(render_page(input_of_comparison(found))).words
    for pair in found.pairs:
        cells = pair_cells(pair, arrow="→")
        assert f"{cells.scenario} {cells.time} {cells.ratio}" in words
