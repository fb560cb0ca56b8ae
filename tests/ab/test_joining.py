"""Two bench files as one: names, scenarios, and the order of each round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.ab.joining import choose, join
from layerbench.config.models import COLD, WARM, Append, BenchFile, IndexSettings, Scenario, Variant
from layerbench.errors import UsageError
from layerbench.plan import make_plan

EDIT = Scenario("edit", "edit", None, (Append("app.py", "x"),))


def bench(variants: str = "ab", *scenarios: Scenario, folder: str = "/b") -> BenchFile:
    made = tuple(Variant(name, Path(folder) / f"{name}.Dockerfile", Path(folder)) for name in variants)
    return BenchFile("bench", Path(folder), made, scenarios or (COLD, WARM, EDIT), 3)


def test_every_round_builds_a_pair_side_by_side_and_each_side_is_first_in_turn() -> None:
    joined = join(bench("abc", COLD), bench("abc", COLD, folder="/h"))
    firsts: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    for number in range(1, 7):
        plan = make_plan(joined.for_round(number), [])
        names = [build.variant.name for build in plan.builds if build.round == number]
        for first, second in zip(names[::2], names[1::2], strict=True):
            assert first[0] == second[0]
            assert {first[1:], second[1:]} == {"@base", "@head"}
            firsts[first[0]].append(first[1:])
    assert all(sides == ["@base", "@head"] * 3 for sides in firsts.values())


def test_sides_keep_their_own_files() -> None:
    joined = join(bench(), bench(folder="/h"))
    by_name = {variant.name: variant.dockerfile for variant in joined.bench.variants}
    assert by_name["a@base"] == Path("/b/a.Dockerfile")
    assert by_name["a@head"] == Path("/h/a.Dockerfile")
    assert [scenario.variants for scenario in joined.bench.scenarios] == [None] * 3


def test_an_edit_that_differs_is_a_scenario_for_each_side() -> None:
    other = replace(EDIT, edits=(Append("app.py", "y"),), variants=("a",))
    taken = Scenario("edit@base", "edit", None, (Append("app.py", "z"),))
    joined = join(bench("ab", EDIT, taken), bench("ab", other, taken, folder="/h"))
    found = {scenario.name: scenario.variants for scenario in joined.bench.scenarios}
    assert found == {"edit@base@": ("a@base", "b@base"), "edit@head": ("a@head",), "edit@base": None}
    assert joined.own_scenarios == {"edit@base@": "edit", "edit@head": "edit", "edit@base": "edit@base"}


def test_a_scenario_for_some_variants_is_for_them_on_each_side() -> None:
    base, head = replace(EDIT, variants=("a",)), replace(EDIT, variants=("a", "b"))
    [scenario] = join(bench("ab", base), bench("ab", head)).bench.scenarios
    assert scenario.variants == ("a@base", "a@head", "b@head")


def test_one_index_holds_what_both_install() -> None:
    one = replace(bench(), index=IndexSettings("never", (Path("/b/r.txt"),), ("x==1",)))
    other = replace(bench(), index=IndexSettings("auto", (Path("/h/r.txt"),), ("x==1", "x==2")))
    assert join(one, other).bench.index == IndexSettings("auto", (Path("/h/r.txt"), Path("/b/r.txt")), ("x==1", "x==2"))


def test_what_only_one_side_has_is_told_and_left_out() -> None:
    notes: list[str] = []
    base, head = choose(bench("ab"), bench("bc", COLD, WARM), (), (), notes.append)
    assert [[variant.name for variant in one.variants] for one in (base, head)] == [["b"], ["b"]]
    assert [[scenario.name for scenario in one.scenarios] for one in (base, head)] == [["cold", "warm"]] * 2
    assert notes == [
        "the variant c is new in the head: there is nothing to compare it with",
        "the variant a is no more in the head: it is left out",
        "the scenario edit is no more in the head: it is left out",
    ]
    notes.clear()
    choose(bench("ab"), bench("bc"), ("b",), ("warm",), notes.append)
    assert notes == []


def test_names_that_neither_side_has_and_states_without_anything_in_common() -> None:
    with pytest.raises(UsageError, match='no variant is named "aa"; did you mean'):
        choose(bench(), bench(), ("aa",), (), print)
    with pytest.raises(UsageError, match="no variant of the same name"):
        choose(bench("a"), bench("b"), (), (), lambda _: None)
    with pytest.raises(UsageError, match="no scenario of the same name"):
        choose(bench("a", COLD), bench("a", WARM), (), (), lambda _: None)
