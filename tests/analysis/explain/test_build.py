"""Explanations of recorded builds: with what they were made from, without, and with BuildKit's keys as a witness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from layerbench.analysis.explain.build import (
    KnownBuild,
    explain_build,
    explain_pair,
    explain_result,
    explain_results,
    reference_build,
)
from layerbench.analysis.explain.models import ExplainedStep
from layerbench.cachekeys.models import BuildInputs, BuildKeys, InputKey, StepKey
from layerbench.cachekeys.planning import plan_steps
from layerbench.results.models import Build, ScenarioRecord, Step
from tests.cachekeys.projects import build as inputs_of
from tests.results import factory

TEXT = "FROM base:1\nCOPY a.txt /\nRUN make\nCOPY b.txt /\n"
STAGES = "FROM base:1 AS b\nCOPY a.txt /\nRUN make\nFROM base:1\nCOPY --from=b /made /x\n"
RAN, HIT = False, True


def record(inputs: BuildInputs, cached: Sequence[bool], scenario: str = "edit", round_: int = 1) -> Build:
    """A record of a build in which the steps were cached or not, sources left out."""
    plan, states = plan_steps(inputs), iter(cached)
    steps = tuple(
        Step(
            step.stage, step.index, step.count, step.instruction, step.line, step.line,
            None if step.is_source else next(states), 1.0, 0.0, () if step.parent is None else (step.parent,),
        )
        for step in plan.steps
    )  # fmt: skip
    return Build("v", scenario, round_, "built", 1.0, None, None, steps)


def keys(operations: Sequence[str], parents: Sequence[str], contents: Sequence[str]) -> BuildKeys:
    """BuildKit's keys of the steps behind a FROM: the operation, what it builds on, and the files, if any."""
    found: dict[int, tuple[StepKey, ...]] = {}
    for at, (operation, parent, content) in enumerate(zip(operations, parents, contents, strict=True), start=1):
        files = (InputKey(None, (content,)),) if content else ()
        found[at] = (StepKey(operation, (InputKey(parent), *files)),)
    return BuildKeys(found)


def told(steps: Sequence[ExplainedStep]) -> list[tuple[str, str, str | None, int | None, str | None]]:
    """Outcome, certainty, kind, line of the first step, text."""
    return [
        (
            step.outcome,
            step.certainty,
            step.cause.kind if step.cause else None,
            step.cause.first.line if step.cause and step.cause.first else None,
            step.cause.text if step.cause else step.reason,
        )
        for step in steps
    ]


OLD, NEW = inputs_of(TEXT), inputs_of(TEXT, {"a.txt": "new"})
WARM = record(OLD, [HIT, HIT, HIT], "warm")
EDITED = record(NEW, [RAN, RAN, RAN])
EXPECTED = [
    ("ran", "files", 2, "a.txt changed (content)"),
    ("ran", "parent", 2, "COPY a.txt / above it ran"),
    ("ran", "parent", 2, "RUN make above it ran"),
]


def test_each_step_that_ran_has_one_cause_and_the_first_one_beside_it() -> None:
    steps = explain_build(KnownBuild(EDITED, NEW), KnownBuild(WARM, OLD), is_cold=False)
    assert [(outcome, *rest) for outcome, _, *rest in told(steps)] == EXPECTED
    assert {step.certainty for step in steps} == {"derived"}
    assert steps[0].first_cause is None
    assert steps[2].first_cause == steps[0].cause
    assert [change.path for change in steps[0].cause.files] == ["a.txt"]  # type: ignore[union-attr]


OLD_KEYS = keys(["c", "r", "d"], ["base", "k1", "k2"], ["a", "", "b"])
NEW_KEYS = keys(["c", "r", "d"], ["base", "n1", "n2"], ["new", "", "b"])


@pytest.mark.parametrize(
    ("new_keys", "certainty"),
    [
        (NEW_KEYS, ["proven", "proven", "proven"]),
        (BuildKeys({at: NEW_KEYS.steps[at] for at in (1, 3)}), ["proven", "derived", "proven"]),
        (keys(["c", "r", "d"], ["base", "n1", "n2"], ["new", "", "other"]), ["proven", "proven", "derived"]),
    ],
)
def test_keys_prove_a_cause_where_they_differ_in_the_same_places(new_keys: BuildKeys, certainty: list[str]) -> None:
    steps = explain_build(KnownBuild(EDITED, NEW, new_keys), KnownBuild(WARM, OLD, OLD_KEYS), is_cold=False)
    assert [step.certainty for step in steps] == certainty
    assert [(outcome, *rest) for outcome, _, *rest in told(steps)] == EXPECTED


def test_a_link_of_another_copy_proves_the_copy() -> None:
    old, new = (
        inputs_of("FROM base:1\nCOPY --link src /\n"),
        inputs_of("FROM base:1\nCOPY --link src /\n", {"src/x.py": "n"}),
    )
    copies = [
        (StepKey("c", (InputKey(None, (name,)),)), StepKey("link", (InputKey("base"), InputKey(name)))) for name in "ab"
    ]
    old_keys, new_keys = (BuildKeys({1: found}) for found in copies)
    [step] = explain_build(
        KnownBuild(record(new, [RAN]), new, new_keys), KnownBuild(record(old, [HIT]), old, old_keys), is_cold=False
    )
    assert step.cause is not None
    assert (step.cause.kind, step.certainty) == ("files", "proven")


def test_an_input_whose_key_is_not_told_is_no_equal_one() -> None:
    """Where BuildKit knows several keys of a step's maker, nothing is known of that input: not that it is the same."""
    text = "FROM base:1\nRUN make\n"
    old = new = inputs_of(text)
    untold = BuildKeys({1: (StepKey("r", (InputKey(None),)),)})
    [step] = explain_build(
        KnownBuild(record(new, [RAN]), new, untold), KnownBuild(record(old, [HIT]), old, untold), is_cold=False
    )
    assert step.cause is not None
    assert (step.cause.kind, step.certainty) == ("unknown", "unknown")


def test_keys_that_contradict_leave_no_cause() -> None:
    wrong = keys(["other", "r", "d"], ["base", "n1", "n2"], ["a", "", "b"])
    [first, *_] = explain_build(KnownBuild(EDITED, NEW, wrong), KnownBuild(WARM, OLD, OLD_KEYS), is_cold=False)
    assert first.cause is not None
    assert (first.cause.kind, first.certainty) == ("unknown", "unknown")
    assert first.cause.text == "BuildKit's keys do not differ where they would have to if a.txt changed (content)"


def test_equal_keys_prove_that_the_cache_entry_was_not_there() -> None:
    again = record(OLD, [RAN, HIT, HIT])
    [first, *rest] = explain_build(KnownBuild(again, OLD, OLD_KEYS), KnownBuild(WARM, OLD, OLD_KEYS), is_cold=False)
    assert first.cause is not None
    assert (first.cause.kind, first.certainty) == ("cache-missing", "proven")
    assert [step.outcome for step in rest] == ["hit", "hit"]


def test_without_keys_that_is_not_known() -> None:
    [first, *_] = explain_build(KnownBuild(record(OLD, [RAN, HIT, HIT]), OLD), KnownBuild(WARM, OLD), is_cold=False)
    assert first.cause is not None
    assert (first.cause.kind, first.certainty) == ("unknown", "unknown")


def test_a_cold_build_ran_because_the_cache_was_emptied() -> None:
    cold = record(OLD, [RAN, RAN, HIT], "cold")
    assert told(explain_build(KnownBuild(cold, OLD), None, is_cold=True)) == [
        ("ran", "derived", "cache-missing", 2, "the cache was emptied for this scenario"),
        ("ran", "derived", "cache-missing", 3, "the cache was emptied for this scenario"),
        ("hit", "derived", None, None, None),
    ]


def test_of_two_cold_builds_what_differs_is_told() -> None:
    cold = record(NEW, [RAN, RAN, RAN], "cold")
    found = explain_pair(KnownBuild(record(OLD, [RAN] * 3, "cold"), OLD), KnownBuild(cold, NEW), is_cold=True)
    assert [kind for _, _, kind, _, _ in told(found.steps)] == ["files", "parent", "parent"]
    same = explain_pair(KnownBuild(WARM, OLD), KnownBuild(record(OLD, [RAN] * 3, "cold"), OLD), is_cold=True)
    assert [kind for _, _, kind, _, _ in told(same.steps)] == ["cache-missing"] * 3


@pytest.mark.parametrize(
    ("cached", "expected"),
    [
        (HIT, ("hit", "derived", None, None, "what it takes from b is the same, though RUN make ran")),
        (RAN, ("ran", "derived", "stage-output", 2, "what b holds for it changed")),
    ],
)
def test_the_record_decides_what_hung_on_a_run(cached: bool, expected: tuple[object, ...]) -> None:
    old, new = inputs_of(STAGES), inputs_of(STAGES, {"a.txt": "new"})
    steps = explain_build(
        KnownBuild(record(new, [RAN, RAN, cached]), new), KnownBuild(record(old, [HIT] * 3), old), is_cold=False
    )
    assert told(steps)[2] == expected


def test_a_hit_that_the_model_did_not_expect_is_no_wrong_cause() -> None:
    steps = explain_build(KnownBuild(record(NEW, [HIT, HIT, HIT]), NEW), KnownBuild(WARM, OLD), is_cold=False)
    assert told(steps)[0] == ("hit", "unknown", None, None, "an earlier build had already made this step")


def test_what_ran_below_such_a_hit_began_there() -> None:
    steps = explain_build(KnownBuild(record(NEW, [HIT, RAN, RAN]), NEW), KnownBuild(WARM, OLD), is_cold=False)
    assert told(steps)[1][2:] == (
        "parent",
        2,
        "COPY a.txt / above it is another one than before, which an earlier build had made",
    )
    assert steps[2].first_cause is not None
    assert steps[2].first_cause.text == "a.txt changed (content)"


def test_without_inputs_the_records_tell_what_they_can() -> None:
    changed = replace(
        EDITED, steps=(*EDITED.steps[:2], replace(EDITED.steps[2], instruction="RUN other"), EDITED.steps[3])
    )
    steps = explain_build(KnownBuild(changed), KnownBuild(WARM), is_cold=False)
    assert [kind for _, _, kind, _, _ in told(steps)] == ["unknown", "instruction", "parent"]
    assert steps[2].cause is not None
    assert steps[2].cause.first is not None
    assert steps[2].cause.first.line == 3


def test_a_trigger_of_the_base_is_seen_in_the_record_alone() -> None:
    trigger = Step(None, 2, 5, "ONBUILD COPY . /", None, None, RAN, 1.0, 0.0, (0,))
    first, *rest = EDITED.steps
    shifted = [replace(step, index=step.index + 1, count=5, inputs=(at,)) for at, step in enumerate(rest, start=1)]
    build = replace(EDITED, steps=(first, trigger, *shifted))
    steps = explain_build(KnownBuild(build, OLD), KnownBuild(WARM, OLD), is_cold=False)
    assert [(kind, text) for _, _, kind, _, text in told(steps)][:2] == [
        ("unknown", "it is not in the Dockerfile as it was recorded; a base's trigger may be"),
        ("parent", "ONBUILD COPY . / above it ran"),
    ]


def _result(builds: Sequence[Build]) -> factory.Result:  # type: ignore[name-defined]
    result = factory.result()
    scenarios = tuple(ScenarioRecord(kind, kind) for kind in ("cold", "warm", "edit"))  # type: ignore[arg-type]
    return replace(result, bench=replace(result.bench, scenarios=scenarios), builds=tuple(builds))


def test_each_build_of_a_result_is_held_against_what_filled_its_cache() -> None:
    builds = [record(OLD, [RAN] * 3, "cold", round_) for round_ in (1, 2)]
    builds += [record(OLD, [HIT] * 3, "warm", 2), record(NEW, [RAN] * 3, "edit", 1), record(NEW, [RAN] * 3, "edit", 2)]
    result = _result(builds)
    assert [reference_build(result, build) for build in builds] == [None, None, builds[1], builds[0], builds[2]]
    made: Mapping[int, BuildInputs] = {id(build): NEW if build.scenario == "edit" else OLD for build in builds}
    found = explain_result(result, lambda build: made[id(build)], lambda _: None)
    assert len(found.steps) == 15
    assert found.notes == ()
    assert found.unknown_count == 0
    assert {step.scenario for step in explain_result(result, lambda _: OLD, lambda _: None, "v", "warm").steps} == {
        "warm"
    }
    pair = explain_results(
        result, result, (lambda _: OLD, lambda _: None), (lambda _: NEW, lambda _: None), "v", "edit"
    )
    assert [kind for _, _, kind, _, _ in told(pair.steps)] == ["files", "parent", "parent"] * 2


def test_failed_builds_and_missing_inputs_are_noted() -> None:
    failed = replace(EDITED, outcome="failed", round=2)
    found = explain_result(_result([WARM, EDITED, failed]), lambda _: None, lambda _: None, scenario="edit")
    assert found.notes == (
        "v, edit, round 1: what it was made from was not recorded, so causes are taken from the records.",
        "v, edit, round 2 failed, and has no cache hits to explain.",
    )
    assert len(found.steps) == 3


def test_two_runs_of_one_edit_have_a_cache_each() -> None:
    """What is the same in both ran in both, for what was new to the run's own cache."""
    head = _result([record(OLD, [HIT] * 3, "warm"), record(NEW, [RAN, RAN, RAN])])
    made = {"warm": OLD, "edit": NEW}
    known = (lambda build: made[build.scenario], lambda _: None)
    found = explain_results(head, head, known, known, "v", "edit")
    assert [(kind, line, text) for _, _, kind, line, text in told(found.steps)] == [
        ("files", 2, "a.txt changed (content), as in the base"),
        ("parent", 2, "COPY a.txt / above it ran"),
        ("parent", 2, "RUN make above it ran"),
    ]
    assert found.steps[2].first_cause is not None
    assert found.steps[2].first_cause.text == "a.txt changed (content), as in the base"
    assert found.unknown_count == 0


def test_what_differs_between_two_runs_is_told_before_what_both_ran() -> None:
    other = inputs_of(TEXT, {"a.txt": "new", "b.txt": "other"})
    base = _result([record(OLD, [HIT] * 3, "warm"), record(NEW, [RAN, RAN, RAN])])
    head = _result([record(OLD, [HIT] * 3, "warm"), record(other, [RAN, RAN, RAN])])
    base_known = (lambda build: {"warm": OLD, "edit": NEW}[build.scenario], lambda _: None)
    head_known = (lambda build: {"warm": OLD, "edit": other}[build.scenario], lambda _: None)
    found = explain_results(base, head, base_known, head_known, "v", "edit")
    assert [text for *_, text in told(found.steps)] == [
        "a.txt changed (content), as in the base", "COPY a.txt / above it ran", "b.txt changed (content)",
    ]  # fmt: skip


def test_a_step_that_is_the_same_in_a_run_without_its_filler() -> None:
    head = _result([record(NEW, [RAN, HIT, HIT])])
    known = (lambda _: NEW, lambda _: None)
    found = explain_results(head, head, known, known, "v", "edit")
    assert told(found.steps)[0] == (
        "ran", "derived", "cache-missing", 2, "nothing of it changed since the base, whose cache this run did not have",
    )  # fmt: skip
