"""The steps of a build, named and numbered as docker prints them."""

from __future__ import annotations

from layerbench.cachekeys.models import BuildInputs, Invocation
from layerbench.cachekeys.planning import plan_steps
from tests.cachekeys.projects import build, fingerprint


def named(inputs: BuildInputs) -> list[tuple[str | None, int, int, str, int | None]]:
    return [(step.stage, step.index, step.count, step.instruction, step.line) for step in plan_steps(inputs).steps]


def test_names_are_those_of_docker() -> None:
    text = (
        "ARG TAG=1\nFROM docker.io/library/base:$TAG AS One\nARG DIR=/w\nWORKDIR $DIR/in\nLABEL a=b\n"
        "RUN echo $DIR '$DIR' $NONE\nFROM base:1\nCOPY --from=one $DIR/x \\\n  /x\n"
    )
    assert named(build(text)) == [
        ("one", 1, 3, "FROM base:1", 2),
        ("one", 2, 3, "WORKDIR /w/in", 4),
        ("one", 3, 3, "RUN echo /w '$DIR' $NONE", 6),
        ("stage-1", 1, 2, "FROM base:1", 7),
        ("stage-1", 2, 2, "COPY --from=one /x /x", 8),
    ]


def test_a_stage_that_is_alone_has_no_name_and_the_root_no_step() -> None:
    text = "FROM base:1 AS alone\nWORKDIR /\nRUN true\n"
    assert named(build(text)) == [(None, 1, 3, "FROM base:1", 1), (None, 2, 3, "RUN true", 3)]


def test_a_heredoc_is_shown_by_its_first_line() -> None:
    text = "FROM base:1\nRUN <<END\necho 1\necho 2\nEND\nRUN <<END\necho 3\nEND\n"
    assert [step.instruction for step in plan_steps(build(text)).steps[1:]] == [
        "RUN <<END (echo 1...)",
        "RUN <<END (echo 3)",
    ]


def test_stages_that_are_not_needed_are_not_planned() -> None:
    text = "FROM base:1 AS a\nRUN 1\nFROM base:1 AS b\nRUN 2\nFROM b AS c\nRUN 3\n"
    assert [step.instruction for step in plan_steps(build(text)).steps] == ["FROM base:1", "RUN 2", "RUN 3"]
    assert [step.instruction for step in plan_steps(build(text, target="A")).steps] == ["FROM base:1", "RUN 1"]


def test_equal_steps_of_two_stages_are_one() -> None:
    text = "FROM base:1 AS a\nWORKDIR /w\nRUN 1\nFROM base:1\nWORKDIR /w\nCOPY --from=a /x /x\n"
    plan = plan_steps(build(text))
    assert [step.instruction for step in plan.steps] == ["FROM base:1", "WORKDIR /w", "RUN 1", "COPY --from=a /x /x"]
    assert {("stage-1", 2), ("a", 2)} <= set(plan.steps[1].aliases)


def test_triggers_of_a_stage_run_first_in_those_on_top() -> None:
    text = "FROM base:1 AS a\nONBUILD RUN trigger\nONBUILD ARG V\nRUN 1\nFROM a\nRUN 2\n"
    assert [(step.index, step.count, step.instruction) for step in plan_steps(build(text)).steps] == [
        (1, 2, "FROM base:1"),
        (2, 2, "RUN 1"),
        (1, 3, "ONBUILD RUN trigger"),
        (2, 3, "RUN 2"),
    ]


def test_a_named_context_stands_in_for_an_image_and_is_no_step() -> None:
    text = "FROM base:1\nCOPY --from=assets one /one\n"
    inputs = BuildInputs(
        text,
        Invocation(),
        {"": fingerprint({}), "assets": fingerprint({"one": "1"})},
        {},
        {"docker.io/library/base:1": "docker-image://other"},
    )
    plan = plan_steps(inputs)
    assert [(step.index, step.instruction) for step in plan.steps] == [(1, "COPY --from=assets one /one")]
    assert list(plan.steps[0].contents[0].content.entries) == ["one"]


def test_a_named_context_stands_in_for_a_stage() -> None:
    text = "FROM base:1 AS assets\nRUN make\nFROM base:1\nCOPY --from=assets one /one\n"
    inputs = BuildInputs(text, Invocation(), {"": fingerprint({}), "assets": fingerprint({"one": "1"})})
    plan = plan_steps(inputs)
    assert [step.instruction for step in plan.steps] == ["FROM base:1", "COPY --from=assets one /one"]
    assert plan.steps[1].contents[0].kind == "context"


def test_what_a_run_sees_is_in_its_key_and_what_others_see_is_not() -> None:
    text = (
        'FROM base:1\nARG A=1\nENV B=2\nUSER u\nSHELL ["/bin/sh", "-e"]\nWORKDIR /w\n'
        'RUN --network=none x\nRUN ["y"]\nCOPY a.txt .\n'
    )
    workdir, run, json_run, copy = plan_steps(build(text, extra_args=("--ulimit=nofile=1", "--add-host", "h:1"))).steps[
        1:
    ]
    assert dict(workdir.operation) == {"path": "/w", "USER": "u"}
    assert dict(run.operation) == {
        "command": "x",
        "SHELL": '["/bin/sh", "-e"]',
        "variable A": "1",
        "variable B": "2",
        "order of variables": "A B",
        "USER": "u",
        "WORKDIR": "/w",
        "--network": "none",
        "--add-host": "h",
        "--ulimit": "nofile=1",
    }
    assert "SHELL" not in json_run.operation
    assert dict(copy.operation) == {"source": '["a.txt"]', "destination": "/w/"}


def test_the_builders_own_platform_counts_where_none_is_asked_for() -> None:
    text = "FROM base:1 AS for-amd64\nRUN 1\nFROM base:1 AS for-arm64\nRUN 2\nFROM for-${TARGETARCH}\nRUN 3\n"
    own = plan_steps(build(text, native_platform="linux/arm64"))
    assert [step.instruction for step in own.steps] == ["FROM base:1", "RUN 2", "RUN 3"]
    asked = plan_steps(build(text, native_platform="linux/arm64", platform="linux/amd64"))
    assert [step.instruction for step in asked.steps] == ["FROM base:1", "RUN 1", "RUN 3"]
