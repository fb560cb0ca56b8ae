"""Steps of recorded builds: the same from both versions of buildx, and as the Dockerfile has them."""

from __future__ import annotations

import time

import pytest

from layerbench.buildx.steps import exit_code, is_cancellation, trace_steps
from layerbench.buildx.trace import Trace
from layerbench.instructions import parse_dockerfile
from tests.buildx.cases import CASES, DATA, ENGINES, NEW, OLD, RECORDED, Case
from tests.buildx.streams import as_text, decoded, step

_RACES = {"failed-copy": "COPY a.txt /"}
"""Steps beside a failing one, which are announced as cached or as stopped, as it happens."""


@pytest.mark.parametrize(("engine", "case"), RECORDED, ids=lambda value: getattr(value, "name", value))
def test_steps_are_those_of_the_dockerfile(engine: str, case: Case) -> None:
    found = as_text(decoded(engine, case.name).steps).splitlines()
    expected = (DATA / "steps" / f"{case.name}.txt").read_text().splitlines()
    race = _RACES.get(case.name)
    assert [line for line in found if not (race and race in line)] == [
        line for line in expected if not (race and race in line)
    ]
    assert len(found) == len(expected)


@pytest.mark.parametrize(("engine", "case"), RECORDED, ids=lambda value: getattr(value, "name", value))
def test_times_and_inputs_are_sound(engine: str, case: Case) -> None:
    found = decoded(engine, case.name)
    vertices = [digest for one in found.steps for digest in one.vertices]
    assert len(vertices) == len(set(vertices))
    for at, one in enumerate(found.steps):
        assert one.seconds is None or 0 <= one.seconds < 60
        assert (one.started_seconds is None) == (one.seconds is None)
        assert one.started_seconds is None or 0 <= one.started_seconds < 60
        assert at not in one.inputs
        assert all(0 <= above < len(found.steps) for above in one.inputs)
        if one.cached is True:
            assert one.seconds is not None
            assert one.seconds < 0.5
        for above in one.inputs:
            upper = found.steps[above]
            if one.cached is False and upper.cached is False and "--link" not in one.instruction:
                assert upper.started_seconds is not None
                assert one.started_seconds is not None
                assert upper.started_seconds <= one.started_seconds


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_takes_as_long_as_its_command(engine: str) -> None:
    quick = step(decoded(engine, "failed-beside"), "RUN sleep 1", "quick")
    assert quick.seconds is not None
    assert 1.0 < quick.seconds < 5.0


@pytest.mark.parametrize("engine", ENGINES)
def test_warm_build_has_hits_only(engine: str) -> None:
    steps = decoded(engine, "warm").steps
    assert [one.cached for one in steps] == [None, True, True, True]


@pytest.mark.parametrize("engine", ENGINES)
def test_edit_misses_from_the_copy_on(engine: str) -> None:
    assert [one.cached for one in decoded(engine, "source-edit").steps] == [None, True, False, False]
    assert [one.cached for one in decoded(engine, "ignored-edit").steps] == [None, True, True, True]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_cache_leaves_only_workdir_cached(engine: str) -> None:
    assert [one.cached for one in decoded(engine, "no-cache").steps] == [None, True, False, False]


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_instructions_are_one_step_of_the_first_stage(engine: str) -> None:
    found = decoded(engine, "equal-instructions")
    assert [(one.stage, one.index) for one in found.steps] == [
        ("builder", 1),
        ("builder", 2),
        ("builder", 3),
        ("builder", 4),
        ("stage-1", 5),
    ]
    assert found.steps[4].inputs == (3,)


def test_base_of_two_stages_is_charged_to_the_first_however_it_is_printed() -> None:
    printed = {
        engine: {
            vertex.name.partition("]")[0]
            for vertex in decoded(engine, "many-stages").trace.vertices.values()
            if " FROM " in vertex.name
        }
        for engine in ENGINES
    }
    assert printed == {OLD: {"[stage-2 1/5"}, NEW: {"[builder 1/4"}}
    for engine in ENGINES:
        base = decoded(engine, "many-stages").steps[0]
        assert (base.stage, base.index, base.count, base.line_start) == ("builder", 1, 4, 1)


def test_triggers_are_counted_alike_by_both_versions() -> None:
    names = {vertex.name for vertex in decoded(OLD, "onbuild").trace.vertices.values()}
    assert "[4/3] RUN cat /onbuild/a.txt" in names
    assert as_text(decoded(OLD, "onbuild").steps) == as_text(decoded(NEW, "onbuild").steps)
    own = step(decoded(OLD, "onbuild"), "RUN cat")
    assert (own.index, own.count, own.line_start) == (4, 5, 2)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_named_context_takes_the_number_of_the_from_away(engine: str) -> None:
    copied = step(decoded(engine, "named-context"), "COPY --from", "stage-1")
    assert (copied.index, copied.count, copied.line_start) == (2, 3, 8)


@pytest.mark.parametrize("engine", ENGINES)
def test_workdir_root_is_no_operation_and_shifts_numbers(engine: str) -> None:
    found = decoded(engine, "root-workdir")
    assert [(one.index, one.line_start) for one in found.steps] == [(1, 1), (2, 2), (3, 4), (4, 5), (5, 6)]


@pytest.mark.parametrize("engine", ENGINES)
def test_several_vertices_make_one_step(engine: str) -> None:
    assert len(step(decoded(engine, "add-url"), "ADD ").vertices) == 2
    linked = step(decoded(engine, "copy-link"), "COPY --link a.txt")
    assert len(linked.vertices) == (2 if engine == NEW else 1)


def test_a_linked_copy_whose_parent_ran_again_is_no_hit() -> None:
    """The copy itself was a hit, and only its LINK ran: the step as a whole was carried out."""
    found = decoded(NEW, "copy-link-parent-changed")
    linked = step(found, "COPY --link")
    states = {
        found.trace.vertices[digest].name[6:10]: found.trace.vertices[digest].cached for digest in linked.vertices
    }
    assert states == {"LINK": False, "COPY": True}
    assert linked.cached is False


@pytest.mark.parametrize("engine", ENGINES)
def test_stage_that_is_alone_has_no_name(engine: str) -> None:
    """Docker prints it as soon as a RUN has a mount; the step must not move to another place for that."""
    assert any("[stage-0 " in vertex.name for vertex in decoded(engine, "cache-mounts").trace.vertices.values())
    for name in ("one-named-stage", "cache-mounts"):
        assert {one.stage for one in decoded(engine, name).steps} == {None}


@pytest.mark.parametrize("engine", ENGINES)
def test_long_text_and_characters_of_any_script_are_kept(engine: str) -> None:
    long = step(decoded(engine, "long-text"), "RUN true")
    assert long.instruction.endswith('"word number 120 of a long instruction" >> /long.txt')
    assert (long.line_start, long.line_end) == (2, 122)
    assert step(decoded(engine, "non-ascii"), "RUN").instruction == 'RUN echo "žluťoučký kůň 🐎"; cat /größe/日本語.txt'


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "code"), [("failed-run", 7), ("failed-beside", 3), ("noisy", 1)])
def test_failed_run_has_its_exit_code(engine: str, name: str, code: int) -> None:
    errors = [one.error for one in decoded(engine, name).steps if one.error and not is_cancellation(one.error)]
    assert [exit_code(error) for error in errors] == [code]


@pytest.mark.parametrize("engine", ENGINES)
def test_step_that_was_stopped_beside_a_failure_is_told_from_it(engine: str) -> None:
    found = decoded(engine, "failed-beside")
    slow, quick = step(found, "RUN sleep 20", "slow"), step(found, "RUN sleep 1;", "quick")
    assert slow.error is not None
    assert quick.error is not None
    assert is_cancellation(slow.error)
    assert not is_cancellation(quick.error)
    assert [one.cached for one in found.steps if one.stage == "stage-2"] == [None, None]


@pytest.mark.parametrize("engine", ENGINES)
def test_failed_copy_names_the_file(engine: str) -> None:
    failed = step(decoded(engine, "failed-copy"), "COPY missing.txt")
    assert failed.error is not None
    assert '"/missing.txt": not found' in failed.error
    assert exit_code(failed.error) is None
    assert step(decoded(engine, "failed-copy"), "RUN echo never").seconds is None


@pytest.mark.parametrize("engine", ENGINES)
def test_syntax_error_has_no_steps_and_says_the_line(engine: str) -> None:
    found = decoded(engine, "syntax-error")
    assert found.steps == ()
    assert any("unknown instruction: COPPY" in line for line in found.text)
    assert "Dockerfile:3" in found.text


@pytest.mark.parametrize("engine", ENGINES)
def test_interrupted_step_says_so(engine: str) -> None:
    found = decoded(engine, "cancelled")
    stopped = step(found, "RUN echo begun")
    assert stopped.error is not None
    assert is_cancellation(stopped.error)
    assert stopped.seconds is not None
    assert stopped.seconds < 30
    assert step(found, "RUN echo never").seconds is None


def test_words_of_the_command_are_no_exit_code() -> None:
    error = (
        'process "/bin/sh -c echo exit code: 9, context canceled; exit 3" did not complete successfully: exit code: 3'
    )
    assert exit_code(error) == 3
    assert not is_cancellation(error)
    assert exit_code("no such file") is None


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_dockerfile_steps_have_no_lines(engine: str) -> None:
    steps = trace_steps(decoded(engine, "many-stages").trace, None)
    assert len(steps) == 9
    assert {one.line_start for one in steps} == {None}
    assert [one.cached for one in steps].count(False) == 8


@pytest.mark.parametrize("case", CASES)
def test_any_other_dockerfile_is_no_reason_to_fail(case: str) -> None:
    """The Dockerfile may have been edited since; what cannot be found in it has no line."""
    trace = decoded(NEW, case).trace
    for other in CASES.values():
        if other.name != "syntax-error":
            dockerfile = parse_dockerfile(other.dockerfile_path.read_text())
            steps = trace_steps(trace, dockerfile)
            assert len({digest for one in steps for digest in one.vertices}) == len(
                {digest for one in trace_steps(trace, None) for digest in one.vertices}
            )


def _announce(*names: str) -> Trace:
    """A build whose steps were all cached, each on top of the one before."""
    trace = Trace()
    digests = [f"sha256:{at}" for at in range(len(names))]
    trace.add(
        {
            "vertexes": [
                {
                    "digest": digest,
                    "name": name,
                    "inputs": [digests[at - 1]] if at else [],
                    "cached": bool(at),
                    "started": "2026-01-02T03:04:05Z",
                    "completed": "2026-01-02T03:04:05.5Z",
                }
                for at, (digest, name) in enumerate(zip(digests, names, strict=True))
            ]
        }
    )
    return trace


@pytest.mark.parametrize(
    ("name", "platform", "stage", "index"),
    [
        ("[1/9] RUN x", None, None, 1),
        ("[ 1/12] RUN x", None, None, 1),
        ("[a.b-c_d   3/120] RUN x", None, "a.b-c_d", 3),
        ("[linux/arm64 2/3] RUN x", "linux/arm64", None, 2),
        ("[linux/arm64  2/13] RUN x", "linux/arm64", None, 2),
        ("[linux/amd64->arm64 builder 2/3] RUN x", "linux/amd64->arm64", "builder", 2),
        ("[linux/arm/v7 stage-1  2/13] RUN x", "linux/arm/v7", "stage-1", 2),
        ("[windows(10.0.17763)/amd64 1/2] RUN x", "windows(10.0.17763)/amd64", None, 1),
    ],
)
def test_names_as_buildkit_prints_them(name: str, platform: str | None, stage: str | None, index: int) -> None:
    (found,) = trace_steps(_announce(name), None)
    assert (found.platform, found.stage, found.index, found.instruction) == (platform, stage, index, "RUN x")


@pytest.mark.parametrize(
    "name",
    [
        "[internal] load build context",
        "[auth] library/python:pull token",
        "[context base] load metadata for 1/2",
        "exporting to image",
        "importing cache manifest from x",
        "resolve image config for docker.io/docker/dockerfile:1",
        "[1/2]",
        "[x] RUN 1/2] y",
        "",
    ],
)
def test_other_vertices_are_no_steps(name: str) -> None:
    assert trace_steps(_announce(name), None) == ()


def test_platforms_have_steps_of_their_own() -> None:
    names = (
        "[linux/amd64 1/2] FROM x",
        "[linux/amd64 2/2] RUN y",
        "[linux/arm64 1/2] FROM x",
        "[linux/arm64 2/2] RUN y",
    )
    steps = trace_steps(_announce(*names), parse_dockerfile("FROM x\nRUN y\n"))
    assert [(one.platform, one.index, one.line_start) for one in steps] == [
        ("linux/amd64", 1, 1),
        ("linux/arm64", 1, 1),
        ("linux/amd64", 2, 2),
        ("linux/arm64", 2, 2),
    ]


def test_equal_texts_on_different_bases_stay_apart() -> None:
    dockerfile = parse_dockerfile("FROM a AS one\nRUN x\nFROM b AS two\nRUN x\nCOPY --from=one / /\n")
    names = (
        "[one 1/2] FROM a",
        "[one 2/2] RUN x",
        "[two 1/3] FROM b",
        "[two 2/3] RUN x",
        "[two 3/3] COPY --from=one / /",
    )
    steps = trace_steps(_announce(*names), dockerfile)
    assert [(one.stage, one.line_start) for one in steps] == [
        ("one", 1),
        ("one", 2),
        ("two", 3),
        ("two", 4),
        ("two", 5),
    ]


def test_a_stage_that_is_not_built_gets_no_steps() -> None:
    dockerfile = parse_dockerfile("FROM a AS tests\nRUN x\nFROM a\nRUN x\nRUN y\n")
    names = ("[stage-1 1/3] FROM a", "[stage-1 2/3] RUN x", "[stage-1 3/3] RUN y")
    assert [one.line_start for one in trace_steps(_announce(*names), dockerfile)] == [3, 4, 5]


def test_many_equal_stages_take_no_long_time() -> None:
    text = "".join(
        f"FROM a AS s{number}\n{''.join(f'RUN {step}{chr(10)}' for step in range(50))}" for number in range(60)
    )
    names = [f"[s{number} {at + 2:>2}/51] RUN {at}" for number in range(59, 60) for at in range(50)]
    names += [f"[s{number}  1/51] FROM a" for number in range(60)]
    dockerfile, trace = parse_dockerfile(text), _announce(*names)
    started = time.process_time()
    steps = trace_steps(trace, dockerfile)
    assert time.process_time() - started < 5
    assert len(steps) == len(names)
