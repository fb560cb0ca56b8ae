from __future__ import annotations

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.first_causes import with_first_causes
from layerbench.analysis.comparison.models import Side
from layerbench.analysis.explain.lost import LostStep
from layerbench.report.comparison.words import pair_remarks
from tests.analysis.comparison.factory import result, uncached


def test_the_cause_stands_beside_the_lost_hit_of_its_variant_and_scenario_only() -> None:
    base = result("single", "multi")
    head = uncached(result("single", "multi"), "pip install", "touch")
    found = compare_results(Side("base", base), Side("head", head))
    [pair] = [one for one in found.pairs if (one.variant_head, one.scenario) == ("single", "touch")]
    [lost] = pair.steps_lost
    causes = {
        LostStep("single", "touch", lost.stage, lost.instruction): "app.py changed (content)",
        LostStep("single", "cold", lost.stage, lost.instruction): "the cache was emptied",
        LostStep("multi", "touch", None, lost.instruction): "of another variant",
    }
    explained = with_first_causes(found, {}, causes)
    told = {
        (one.variant_head, one.scenario): [step.cause for step in one.steps_lost]
        for one in explained.pairs
        if one.steps_lost
    }
    assert told["single", "touch"] == ["app.py changed (content)"]
    assert told["multi", "touch"] == [None]
    [again] = [one for one in explained.pairs if (one.variant_head, one.scenario) == ("single", "touch")]
    assert any(text.endswith(": app.py changed (content)") for _, text in pair_remarks(again))
