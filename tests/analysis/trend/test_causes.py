from __future__ import annotations

from dataclasses import replace

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.models import Comparison, Side
from layerbench.analysis.trend.causes import cause_of, with_causes
from layerbench.analysis.trend.entries import entry_of
from layerbench.analysis.trend.models import Entry, LevelChange, Line, LineKey, Point
from tests.analysis.comparison.factory import result, uncached

BASE, HEAD = result("single"), uncached(result("single"), "pip install", "touch")
ENTRIES = [entry_of(one, f"/results/{number}.json", f"{number:064}") for number, one in enumerate((BASE, HEAD))]
ASKED: list[tuple[Entry, Entry, str]] = []


def compare(before: Entry, after: Entry, variant: str) -> Comparison | None:
    ASKED.append((before, after, variant))
    return compare_results(Side("base", BASE, variant), Side("head", HEAD, variant))


def line(scenario: str, *changes: LevelChange) -> Line:
    key = LineKey("web", "single", scenario, "seconds", "d", "x86_64")
    return Line(key, tuple(Point(entry, 1.0, 1.0, 1.0, 1) for entry in ENTRIES), changes)


def test_a_step_that_lost_its_hit_is_the_cause() -> None:
    [found] = with_causes((line("touch", LevelChange(1, 0.3, 3.0)),), compare, 5)
    cause = found.changes[0].cause
    assert cause is not None
    assert cause.startswith("pip install runs")


def test_a_step_is_named_whatever_the_comparison_says_of_the_times() -> None:
    """Three rounds decide nothing, and where times do not compare there is not even a pair."""
    base, head = result("single", rounds=3), uncached(result("single", rounds=3), "pip install", "touch")
    undecided = compare_results(Side("base", base, "single"), Side("head", head, "single"))
    assert all(pair.time is None or pair.time.verdict == "undecided" for pair in undecided.pairs)
    for comparison in (undecided, replace(undecided, pairs=())):
        told = cause_of(comparison, line("touch").key, LevelChange(1, 0.3, 2.8))
        assert told == "pip install runs (2.50 s)"


def test_a_change_with_nothing_behind_it_has_none_and_a_gone_file_neither() -> None:
    [found] = with_causes((line("warm", LevelChange(1, 0.3, 3.0)),), compare, 5)
    assert found.changes[0].cause is None
    [found] = with_causes((line("touch", LevelChange(1, 0.3, 3.0)),), lambda *_: None, 5)
    assert found.changes[0].cause is None


def test_no_more_are_looked_into_than_are_asked_for() -> None:
    ASKED.clear()
    lines = tuple(line("touch", LevelChange(1, 0.3, 3.0)) for _ in range(4))
    found = with_causes(lines, compare, 2)
    assert [one.changes[0].cause is not None for one in found] == [True, True, False, False]
    assert len(ASKED) == 2
