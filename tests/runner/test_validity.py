"""Whether the cache was what a scenario says."""

from __future__ import annotations

from dataclasses import replace

from layerbench.results.models import Layer, Step
from layerbench.runner.validity import WarmBase, cache_counts, invalid_because


def step(instruction: str, cached: bool | None, inputs: tuple[int, ...] = (), stage: str | None = None) -> Step:
    return Step(stage, 2, 4, instruction, 1, 1, cached, 0.1, 0.0, inputs)


def layer(diff_id: str, made_by: int | None) -> Layer:
    return Layer(None, diff_id, 10, 20, made_by)


FROM = step("FROM base", None)
# What `COPY . .` before a RUN looks like after an edit: by right, and with a hit that an earlier build left.
RAN = (FROM, step("COPY . .", False, (0,)), step("RUN make", False, (1,)))
HIT = (FROM, step("COPY . .", True, (0,)), step("RUN make", False, (1,)))
BASE = WarmBase(2, 2, {"base", "copy", "make"}, {"FROM base", "COPY . .", "RUN make"})


def test_cold_has_no_hits() -> None:
    assert invalid_because("cold", RAN) is None
    assert invalid_because("cold", HIT) == "a cold build found [2/4] COPY . . in the cache"


def test_workdir_may_hit_in_a_cold_build_for_no_cache_leaves_it() -> None:
    assert invalid_because("cold", (FROM, step("WORKDIR /app", True, (0,)), *RAN[1:])) is None


def test_warm_has_no_misses() -> None:
    hits = tuple(replace(one, cached=one.cached and True) for one in (FROM, step("RUN make", True, (0,))))
    assert invalid_because("warm", hits) is None
    assert invalid_because("warm", HIT) == "nothing had changed, yet [2/4] RUN make ran"


def test_a_long_instruction_is_shortened_in_the_sentence_and_the_stage_is_named() -> None:
    said = invalid_because("warm", (step("RUN " + "x" * 100, False, (), "builder"),))
    assert said is not None
    assert said.startswith("nothing had changed, yet [builder 2/4] RUN xxx")
    assert "..." in said
    assert len(said) < 120


def test_an_edit_starts_from_a_warm_base() -> None:
    assert invalid_because("edit", RAN, BASE) is None
    assert invalid_because("edit", RAN, replace(BASE, cached_steps=1)) == (
        "only 1 of 2 steps were cached before the edit was made"
    )


def test_a_hit_whose_layer_is_not_the_unedited_one_is_another_builds() -> None:
    layers = (layer("base", None), layer("other", 1), layer("made", 2))
    said = invalid_because("edit", HIT, BASE, layers)
    assert said is not None
    assert said.startswith("the edit changed what [2/4] COPY . . makes, yet an earlier build had made the same")


def test_hits_with_the_unedited_layers_are_right() -> None:
    all_hit = (FROM, step("COPY . .", True, (0,)), step("RUN make", True, (1,)))
    assert invalid_because("edit", all_hit, BASE, (layer("base", None), layer("copy", 1), layer("make", 2))) is None


def test_layers_of_steps_that_ran_are_new_by_right() -> None:
    assert invalid_because("edit", RAN, BASE, (layer("base", None), layer("new", 1), layer("newer", 2))) is None


BUILDER = (
    step("FROM base", None, (), "builder"),
    step("COPY requirements.txt .", True, (0,), "builder"),
    step("RUN install", False, (1,), "builder"),
    step("COPY --from=builder /venv /venv", False, (0, 2), "stage-1"),
)
BUILDER_BASE = WarmBase(3, 3, {"base", "venv"}, {one.instruction for one in BUILDER})


def test_a_step_that_runs_though_its_inputs_hit_tells_of_a_foreign_hit_in_a_stage_without_layers() -> None:
    said = invalid_because("edit", BUILDER, BUILDER_BASE, (layer("base", None), layer("new", 3)))
    assert said is not None
    assert said.startswith("the edit changed what [builder 2/4] COPY requirements.txt . makes, yet")


def test_with_an_edited_dockerfile_a_step_may_run_by_itself() -> None:
    layers = (layer("base", None), layer("new", 3))
    assert invalid_because("edit", BUILDER, BUILDER_BASE, layers, is_dockerfile_edited=True) is None


def test_an_instruction_that_is_new_may_run_by_itself() -> None:
    base = replace(BUILDER_BASE, instructions={"FROM base", "COPY requirements.txt ."})
    steps = (*BUILDER[:3], replace(BUILDER[3], cached=True))
    assert invalid_because("edit", steps, base, ()) is None


def test_steps_that_read_the_context_may_run_though_their_inputs_hit() -> None:
    for instruction in (
        "COPY a b",
        "COPY --chown=1 a b",
        "ADD http://files.example/x /x",
        "RUN --mount=type=bind,source=r.txt,target=r.txt install",
        "RUN --mount=type=cache,target=/c --mount=source=.,target=/src make",
    ):
        base = WarmBase(1, 1, {"base"}, {instruction})
        assert invalid_because("edit", (FROM, step(instruction, False, (0,))), base) is None, instruction


def test_steps_that_do_not_read_the_context_may_not() -> None:
    for instruction in (
        "COPY --from=builder a b",
        "RUN make",
        "RUN --mount=type=bind,from=builder,target=/x make",
        "RUN --mount=type=cache,target=/c make",
        "WORKDIR /x",
    ):
        base = WarmBase(1, 1, {"base"}, {instruction})
        said = invalid_because("edit", (FROM, step(instruction, False, (0,))), base)
        assert said is not None, instruction
        assert "ran, though nothing that it builds on had" in said


def test_without_a_base_nothing_is_known() -> None:
    assert invalid_because("edit", HIT) is None


def test_sources_do_not_count() -> None:
    assert cache_counts(HIT) == (1, 2)
    assert cache_counts(()) == (0, 0)
