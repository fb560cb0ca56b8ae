"""The order of builds: rounds, scenarios, variants taking turns, and the bases that edits rest on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from layerbench.config.models import COLD, WARM, BenchFile, Scenario, Touch, Variant
from layerbench.plan import Plan, make_plan

FOLDER = Path("/nowhere")


def variant(name: str) -> Variant:
    return Variant(name, FOLDER / f"{name}.Dockerfile", FOLDER)


def edit(name: str, variants: tuple[str, ...] | None = None) -> Scenario:
    return Scenario(name, "edit", edits=(Touch("app.py"),), variants=variants)


def bench(variants: str, scenarios: tuple[Scenario, ...], rounds: int = 1) -> BenchFile:
    return BenchFile("bench", FOLDER, tuple(variant(name) for name in variants), scenarios, rounds)


def keys(plan: Plan) -> list[tuple[str, str, int]]:
    return [build.key for build in plan.builds]


def bases(plan: Plan) -> list[tuple[str, int]]:
    return [(base.variant.name, base.round) for a_round in plan.rounds for base in a_round.bases]


def test_variants_take_turns_inside_each_scenario_and_cold_comes_first() -> None:
    plan = make_plan(bench("ab", (edit("e"), WARM, COLD)))
    assert keys(plan) == [
        ("a", "cold", 1),
        ("b", "cold", 1),
        ("a", "warm", 1),
        ("b", "warm", 1),
        ("a", "e", 1),
        ("b", "e", 1),
    ]
    assert bases(plan) == []


def test_edits_keep_the_bench_files_order() -> None:
    plan = make_plan(bench("a", (COLD, WARM, edit("z"), edit("b"))))
    assert [scenario for _, scenario, _ in keys(plan)] == ["cold", "warm", "z", "b"]


def test_each_round_starts_with_another_variant() -> None:
    plan = make_plan(bench("abc", (COLD,), rounds=4))
    assert ["".join(name for name, _, number in keys(plan) if number == n) for n in (1, 2, 3, 4)] == [
        "abc",
        "bca",
        "cab",
        "abc",
    ]


def test_a_scenario_is_built_only_for_its_variants() -> None:
    plan = make_plan(bench("abc", (COLD, WARM, edit("e", ("c", "a"))), rounds=2))
    assert [key for key in keys(plan) if key[1] == "e"] == [("a", "e", 1), ("c", "e", 1), ("c", "e", 2), ("a", "e", 2)]


def test_where_cold_is_not_measured_each_round_prepares_a_base_for_edits() -> None:
    plan = make_plan(bench("ab", (edit("e"),), rounds=2))
    assert bases(plan) == [("a", 1), ("b", 1), ("b", 2), ("a", 2)]
    assert keys(plan) == [("a", "e", 1), ("b", "e", 1), ("b", "e", 2), ("a", "e", 2)]


def test_one_base_serves_all_rounds_of_warm_builds() -> None:
    plan = make_plan(bench("ab", (WARM,), rounds=3))
    assert bases(plan) == [("a", 1), ("b", 1)]
    assert len(plan.builds) == 6


def test_a_variant_without_a_cold_build_of_its_own_gets_a_base() -> None:
    cold_for_a = Scenario("cold", "cold", variants=("a",))
    assert bases(make_plan(bench("ab", (cold_for_a, WARM, edit("e"))))) == [("b", 1)]


class TestResume:
    def test_what_is_done_is_left_out_and_its_round_with_it(self) -> None:
        todo = bench("ab", (COLD, WARM), rounds=2)
        done = {key for key in keys(make_plan(todo)) if key[2] == 1}
        plan = make_plan(todo, done)
        assert [a_round.number for a_round in plan.rounds] == [2]
        assert keys(plan) == [key for key in keys(make_plan(todo)) if key[2] == 2]

    def test_an_edit_whose_cold_build_is_done_gets_a_base(self) -> None:
        todo = bench("ab", (COLD, edit("e")))
        plan = make_plan(todo, {("a", "cold", 1), ("b", "cold", 1), ("b", "e", 1)})
        assert bases(plan) == [("a", 1)]
        assert keys(plan) == [("a", "e", 1)]

    def test_warm_builds_of_later_rounds_get_a_base_when_the_first_round_is_done(self) -> None:
        todo = bench("ab", (WARM,), rounds=3)
        plan = make_plan(todo, {("a", "warm", 1), ("b", "warm", 1), ("b", "warm", 2)})
        assert bases(plan) == [("a", 2), ("b", 3)]

    def test_nothing_is_left_when_all_is_done(self) -> None:
        todo = bench("ab", (COLD, WARM), rounds=2)
        assert make_plan(todo, set(keys(make_plan(todo)))).rounds == ()

    def test_keys_of_other_bench_files_do_not_matter(self) -> None:
        todo = bench("a", (COLD,))
        assert keys(make_plan(todo, {("zzz", "cold", 1), ("a", "cold", 2)})) == [("a", "cold", 1)]


@st.composite
def benches(draw: st.DrawFn) -> tuple[BenchFile, set[tuple[str, str, int]]]:
    names = draw(st.text("abcd", min_size=1, max_size=4).map(lambda text: "".join(dict.fromkeys(text))))
    some = st.one_of(st.none(), st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple))
    pool = (COLD, WARM, edit("e1", draw(some)), edit("e2", draw(some)))
    scenarios = draw(st.lists(st.sampled_from(pool), min_size=1, unique_by=lambda scenario: scenario.name))
    todo = bench(names, tuple(scenarios), draw(st.integers(1, 5)))
    done = set(draw(st.lists(st.sampled_from(keys(make_plan(todo)) or [("", "", 0)]), unique=True)))
    return todo, done


@given(benches())
def test_every_build_is_planned_once_and_rests_on_one_cold_build(
    case: tuple[BenchFile, set[tuple[str, str, int]]],
) -> None:
    todo, done = case
    plan = make_plan(todo, done)
    expected = {
        (one.name, scenario.name, number)
        for one in todo.variants
        for scenario in todo.scenarios
        for number in range(1, todo.rounds + 1)
        if scenario.variants is None or one.name in scenario.variants
    }
    assert Counter(keys(plan)) == Counter(expected - done)
    filled: set[str] = set()
    lasting: set[str] = set()
    for a_round in plan.rounds:
        assert a_round.builds
        filled = {base.variant.name for base in a_round.bases}
        assert len(filled) == len(a_round.bases)
        lasting |= filled
        for build in a_round.builds:
            assert build.round == a_round.number
            name = build.variant.name
            if build.scenario.kind == "cold":
                assert name not in filled, "a second cold build in the round"
                filled.add(name)
            elif build.scenario.kind == "edit":
                assert name in filled
            else:
                assert name in filled | lasting
