"""Dockerfiles as stages and instructions; rules that are not in the reference were seen on real engines."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layerbench.errors import UsageError
from layerbench.instructions import (
    Dockerfile,
    blank_syntax_line,
    mounts_of,
    one_line,
    parse_dockerfile,
    syntax_image,
)


def lines(dockerfile: Dockerfile) -> list[tuple[str, int, int]]:
    return [(i.keyword, i.line_start, i.line_end) for stage in dockerfile.stages for i in stage.instructions]


def test_stages_have_their_instructions_with_lines() -> None:
    dockerfile = parse_dockerfile(
        "ARG TAG=3.12\n"
        "FROM python:$TAG AS Builder\n"
        "\n"
        "# a comment\n"
        "RUN a && \\\n"
        "    # inside\n"
        "    b\n"
        "from scratch\n"
        "COPY --from=builder --chown=1:2 /a /b /c/\n"
        "LABEL x=y\n"
    )
    builder, last = dockerfile.stages
    assert (builder.name, builder.base, builder.base_stage, builder.index) == ("Builder", "python:$TAG", None, 0)
    assert (last.name, last.base, last.base_stage, last.index) == (None, "scratch", None, 1)
    assert dockerfile.global_args == (("TAG", "3.12"),)
    assert lines(dockerfile) == [("FROM", 2, 2), ("RUN", 5, 7), ("FROM", 8, 8), ("COPY", 9, 9), ("LABEL", 10, 10)]
    copy = last.instructions[1]
    assert (copy.flag("from"), copy.flag("chown"), copy.flag("link")) == ("builder", "1:2", None)
    assert copy.value == ("/a", "/b", "/c/")
    assert [i.is_step for i in last.instructions] == [True, True, False]


def test_heredocs_take_up_all_their_lines() -> None:
    dockerfile = parse_dockerfile(
        "FROM a\nRUN <<EOF\necho 1\nFROM b\nEOF\nCOPY <<one <<two /x/\n1\none\n2\ntwo\nRUN <<-X\n\thi\n\tX\nWORKDIR /\n"
    )
    assert lines(dockerfile) == [("FROM", 1, 1), ("RUN", 2, 5), ("COPY", 6, 10), ("RUN", 11, 13), ("WORKDIR", 14, 14)]
    assert [i.text for i in dockerfile.stages[0].instructions[1:3]] == ["RUN <<EOF", "COPY <<one <<two /x/"]


def test_windows_line_ends_and_a_byte_order_mark_are_no_part_of_instructions() -> None:
    dockerfile = parse_dockerfile("\ufeffFROM a\r\nRUN x \\\r\n y\r\nCMD z\r\n")
    assert lines(dockerfile) == [("FROM", 1, 1), ("RUN", 2, 3), ("CMD", 4, 4)]
    assert dockerfile.stages[0].instructions[1].text == "RUN x y"


@pytest.mark.parametrize(
    "head",
    [
        "# escape=`\n",
        "#escape=`\n",
        "# ESCAPE = `  \n",
        "# syntax=docker/dockerfile:1\n# escape=`\n",
        "# check=skip=all\n# escape=`\n",
        "# escape=`\n# check=error=true\n",
        "\ufeff# check=skip=all\r\n# escape=`\r\n",
    ],
)
def test_the_escape_directive_counts_below_others(head: str) -> None:
    dockerfile = parse_dockerfile(f"{head}FROM a\nRUN x `\n  y\nCOPY c:\\ d\n")
    first = head.count("\n") + 1
    assert lines(dockerfile) == [
        ("FROM", first, first),
        ("RUN", first + 1, first + 2),
        ("COPY", first + 3, first + 3),
    ]


@pytest.mark.parametrize("head", ["\n# escape=`\n", "# hello\n# escape=`\n", "#!/bin/x\n# escape=`\n"])
def test_the_escape_directive_does_not_count_below_anything_else(head: str) -> None:
    dockerfile = parse_dockerfile(f"{head}FROM a\nRUN x \\\n  y\n")
    assert lines(dockerfile)[-1] == ("RUN", 4, 5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the Dockerfile cannot be parsed: file with no instructions"),
        ("# only a comment\n", "the Dockerfile cannot be parsed: file with no instructions"),
        ("RUN x\n", "the Dockerfile has no FROM"),
        ("FROM a\nRUN <<EOF\n", "the Dockerfile cannot be parsed: unterminated heredoc"),
        ("FROM a\nENV x\n", "the Dockerfile cannot be parsed: ENV must have two arguments"),
    ],
)
def test_what_cannot_be_parsed_is_refused_in_one_sentence(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_dockerfile(text)
    assert str(caught.value).startswith(problem)
    assert "\n" not in str(caught.value)


def test_text_that_no_c_string_can_hold_is_parsed() -> None:
    # The parser library ends the whole process on the one and drops what follows the other.
    dockerfile = parse_dockerfile("FROM a\nRUN echo \udcff\nRUN echo \0\nCMD x\n")
    assert [i.keyword for i in dockerfile.stages[0].instructions] == ["FROM", "RUN", "RUN", "CMD"]


@given(st.text(max_size=80))
@example("\\")
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        assert parse_dockerfile(f"FROM a\n{text}").stages[0].base == "a"
    except UsageError as error:
        assert str(error).startswith(("the Dockerfile cannot be parsed", "line "))


THREE_STAGES = """\
FROM one AS base
RUN a
FROM two AS other
COPY --from=img:1 /x /y
FROM base AS final
COPY --from=1 /x /y
FROM four
COPY --from=9 /x /y
"""


class TestStages:
    def test_a_target_is_named_in_any_case(self) -> None:
        dockerfile = parse_dockerfile(THREE_STAGES)
        assert dockerfile.stage("FINAL").index == 2
        assert dockerfile.stage(None).index == 3

    def test_of_two_stages_by_one_name_the_last_counts(self) -> None:
        dockerfile = parse_dockerfile("FROM one AS a\nFROM two AS A\nFROM a\n")
        assert dockerfile.stage("a").base == "two"
        assert dockerfile.stages[2].base_stage == 1

    @pytest.mark.parametrize("target", ["0", "3", "nope"])
    def test_an_unknown_target_is_refused_and_numbers_are_none(self, target: str) -> None:
        with pytest.raises(UsageError) as caught:
            parse_dockerfile(THREE_STAGES).stage(target)
        assert str(caught.value) == f'no stage is named "{target}"; the Dockerfile has: base, other, final'

    def test_a_dockerfile_without_names_says_so(self) -> None:
        with pytest.raises(UsageError, match="the Dockerfile has: only stages without a name"):
            parse_dockerfile("FROM a\n").stage("x")

    def test_from_names_a_stage_in_lower_case_and_never_by_number(self) -> None:
        dockerfile = parse_dockerfile("FROM a AS Base\nFROM base\nFROM Base\nFROM 0\n")
        assert [stage.base_stage for stage in dockerfile.stages] == [None, 0, None, None]

    def test_a_stage_is_not_its_own_base(self) -> None:
        dockerfile = parse_dockerfile("FROM golang AS golang\n")
        assert dockerfile.stages[0].base_stage is None
        assert dockerfile.base_references(None, {}) == ("golang",)

    def test_the_chain_is_what_makes_up_the_image(self) -> None:
        dockerfile = parse_dockerfile(THREE_STAGES)
        assert [stage.index for stage in dockerfile.chain("final")] == [0, 2]
        assert [stage.index for stage in dockerfile.chain(None)] == [3]

    def test_stages_that_the_target_does_not_need_are_skipped(self) -> None:
        dockerfile = parse_dockerfile(THREE_STAGES)
        assert [stage.index for stage in dockerfile.needed_stages("final")] == [0, 1, 2]
        assert [stage.index for stage in dockerfile.needed_stages("base")] == [0]
        assert [stage.index for stage in dockerfile.needed_stages(None)] == [3]

    def test_a_build_argument_chooses_the_stage(self) -> None:
        dockerfile = parse_dockerfile(
            "ARG KIND=slim\nARG BASE=with-${KIND}\nFROM a AS with-slim\nFROM b AS with-all\nFROM ${BASE} AS final\n"
        )
        assert [stage.base for stage in dockerfile.chain(None)] == ["a", "${BASE}"]
        assert [stage.base for stage in dockerfile.chain(None, {"KIND": "all"})] == ["b", "${BASE}"]
        assert dockerfile.base_references(None, {}) == ("a",)
        assert dockerfile.base_references("final", {"KIND": "all"}) == ("b",)


class TestBaseReferences:
    @pytest.mark.parametrize(
        ("target", "expected"), [("base", ("one",)), ("final", ("one", "img:1", "two")), (None, ("four",))]
    )
    def test_only_of_the_stages_that_the_target_needs(self, target: str | None, expected: tuple[str, ...]) -> None:
        assert set(parse_dockerfile(THREE_STAGES).base_references(target, {})) == set(expected)

    def test_scratch_is_none_and_each_is_there_once(self) -> None:
        dockerfile = parse_dockerfile("FROM a AS x\nFROM a AS y\nCOPY --from=x / /\nFROM scratch\nCOPY --from=y / /\n")
        assert dockerfile.base_references(None, {}) == ("a",)

    def test_mounts_name_images_and_stages_too(self) -> None:
        dockerfile = parse_dockerfile(
            "FROM a AS tools\n"
            "FROM b\n"
            "RUN --mount=type=bind,from=tools,target=/t --mount=type=cache,target=/c \\\n"
            "    --mount=target=/u,FROM=img:2 x\n"
            "RUN --mount=type=bind,from=0,target=/t x\n"
        )
        # A mount, unlike a COPY, takes no number: 0 is the image `0`.
        assert dockerfile.base_references(None, {}) == ("a", "b", "img:2", "0")

    def test_an_unset_argument_is_not_an_empty_one(self) -> None:
        dockerfile = parse_dockerfile("ARG A\nARG B=\nFROM x:${A-1}${B-2}${B:-3}\n")
        assert dockerfile.base_references(None, {}) == ("x:13",)
        assert dockerfile.base_references(None, {"A": "a", "B": "b"}) == ("x:abb",)

    def test_a_default_sees_the_arguments_before_it_only(self) -> None:
        dockerfile = parse_dockerfile("ARG B=$A-1\nARG A=x\nARG C='$A' D=\"$A 2\"\nFROM c${C#?}:${D%?2}\n")
        assert dockerfile.base_references(None, {}) == ("cA:x",)
        assert parse_dockerfile("ARG B=$A-1\nARG A=x\nFROM b$B\n").base_references(None, {}) == ("b-1",)

    def test_declared_again_without_a_default_an_argument_keeps_it(self) -> None:
        assert parse_dockerfile("ARG A=1\nARG A\nFROM x:$A\n").base_references(None, {}) == ("x:1",)

    def test_build_arguments_count_only_where_declared_but_platforms_always_do(self) -> None:
        dockerfile = parse_dockerfile("FROM x-$OTHER$TARGETARCH\n")
        assert dockerfile.base_references(None, {"OTHER": "o", "TARGETARCH": "amd64"}) == ("x-amd64",)

    def test_triggers_need_nothing_in_this_build(self) -> None:
        dockerfile = parse_dockerfile("FROM a\nONBUILD COPY --from=img:3 /x /y\nONBUILD RUN --mount=from=img:4 x\n")
        assert dockerfile.base_references(None, {}) == ("a",)
        assert [i.is_step for i in dockerfile.stages[0].instructions] == [True, False, False]

    def test_a_from_that_needs_an_argument_is_refused_without_it(self) -> None:
        dockerfile = parse_dockerfile("ARG TAG\nFROM x:${TAG:?missing} AS a\nFROM a\n")
        assert dockerfile.base_references(None, {"TAG": "1"}) == ("x:1",)
        assert [stage.index for stage in dockerfile.chain(None, {"TAG": "1"})] == [0, 1]
        with pytest.raises(UsageError, match="TAG: missing"):
            dockerfile.base_references(None, {})


def test_the_fields_of_mounts_are_read_as_buildkit_does() -> None:
    dockerfile = parse_dockerfile('FROM a\nRUN --mount=Type=cache,\\"target=/a,b\\",ro --mount=type=ssh x\n')
    assert list(mounts_of(dockerfile.stages[0].instructions[1])) == [
        {"type": "cache", "target": "/a,b", "ro": ""},
        {"type": "ssh"},
    ]


SYNTAX_LINES = {
    b"# syntax=docker/dockerfile:1\nFROM a\n": "docker/dockerfile:1",
    b"#syntax=x\nFROM a\n": "x",
    b"#  SynTax  =  x  \nFROM a\n": "x",
    b"# syntax=x some words\nFROM a\n": "x",
    b"# syntax=x\r\nFROM a\r\n": "x",
    b"\xef\xbb\xbf# syntax=x\nFROM a\n": "x",
    b"#!/usr/bin/env docker\n# syntax=x\nFROM a\n": "x",
    b"\xef\xbb\xbf#!/x\n# syntax=x\nFROM a\n": "x",
    b"# escape=`\n# syntax=x\nFROM a\n": "x",
    b"# check=skip=all\n# escape=`\n# syntax=x\nFROM a\n": "x",
    b"// syntax=x\nFROM a\n": "x",
    b"# syntax=x\n# syntax=y\nFROM a\n": "x",
    b"# syntax=x": "x",
    # not at the top, or no directive
    b"\n# syntax=x\nFROM a\n": None,
    b" # syntax=x\nFROM a\n": None,
    b"# hello\n# syntax=x\nFROM a\n": None,
    b"# unknown=1\n# syntax=x\nFROM a\n": None,
    b"# escape=`\n# escape=`\n# syntax=x\nFROM a\n": None,
    b"FROM a\n# syntax=x\n": None,
    b"#!/x\n#!/y\n# syntax=x\nFROM a\n": None,
    b"\n#!/x\n# syntax=x\nFROM a\n": None,
    b"# escape=`\n// syntax=x\nFROM a\n": None,
    b"# syntax=\nFROM a\n": None,
    b"# syntax\nFROM a\n": None,
    b"": None,
}


@pytest.mark.parametrize(("text", "image"), SYNTAX_LINES.items())
def test_the_syntax_directive_is_found_by_buildkits_rules(text: bytes, image: str | None) -> None:
    assert syntax_image(text) == image


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"# syntax=x\nFROM a\n", b"\nFROM a\n"),
        (b"# syntax=x\r\nFROM a\r\n", b"\r\nFROM a\r\n"),
        (b"# syntax=x\n# escape=`\nFROM a\n", b"# escape=`\n\nFROM a\n"),
        (
            b"# escape=`\n# syntax=x\n# check=skip=all\n# hi\nFROM a\n",
            b"# escape=`\n# check=skip=all\n\n# hi\nFROM a\n",
        ),
        (b"#!/x\n# syntax=x\nFROM a\n", b"#!/x\n\nFROM a\n"),
        (b"\xef\xbb\xbf# syntax=x\nFROM a\n", b"\nFROM a\n"),
        (b"# syntax=x", b""),
        (b"FROM a\n# syntax=x\n", b"FROM a\n# syntax=x\n"),
        (b"// syntax=x\nFROM a\n", b"\nFROM a\n"),
    ],
)
def test_without_the_syntax_line_other_directives_count_as_before(text: bytes, expected: bytes) -> None:
    assert blank_syntax_line(text) == expected


_DIRECTIVES = st.lists(
    st.sampled_from(["# syntax=x", "# escape=`", "# check=skip=all"]), min_size=1, max_size=3, unique=True
)


@given(_DIRECTIVES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from(["", "# words", "# a=b"]))
def test_without_the_syntax_line_everything_is_on_its_line(
    directives: list[str], line_end: str, has_mark: bool, comment: str
) -> None:
    continuation = "`" if "# escape=`" in directives else "\\"
    body = [comment, "FROM a", f"RUN x {continuation}", "  y", "CMD z"]
    text = ("\ufeff" if has_mark else "") + line_end.join([*directives, *body])
    blanked = blank_syntax_line(text.encode())
    assert syntax_image(blanked) is None
    assert blanked.count(b"\n") == text.count("\n")
    assert lines(parse_dockerfile(blanked.decode())) == lines(parse_dockerfile(text))
    assert lines(parse_dockerfile(text))[1][0] == "RUN"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN  a   &&\tb", "RUN a && b"),
        ("RUN <<EOF\nhi\nEOF\n", "RUN <<EOF"),
        ("  COPY . . ", "COPY . ."),
    ],
)
def test_instructions_are_one_line(text: str, expected: str) -> None:
    assert one_line(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM a\n\nRUNN x\n", 'line 3: no instruction is named RUNN; did you mean "RUN"?'),
        ("FROM a\nqqqqqq\n", "line 2: no instruction is named QQQQQQ; known: ADD, ARG"),
        ("FROM\n", "line 1: FROM is cut short; it needs at least one word"),
        ("FROM --platform=linux/amd64\n", "line 1: FROM is cut short"),
        ("FROM a\nCOPY\n", "line 2: COPY is cut short; it needs what to copy, and where to"),
        ("FROM a\nCOPY --link a\n", "line 2: COPY is cut short"),
        ('FROM a\nADD ["a"]\n', "line 2: ADD is cut short"),
        ("FROM a\nCOPY <<EOF\nx\nEOF\n", "line 2: COPY is cut short"),
        ("FROM a\nWORKDIR\nRUN x\n", "line 2: WORKDIR is cut short"),
        ("# syntax=docker/dockerfile:1\nFROM a\nRUNN x\n", "line 3: no instruction is named RUNN"),
    ],
)
def test_what_no_build_takes_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_dockerfile(text)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    "text",
    [
        "from a\nrun x\ncopy a b\nOnbuild run x\n",
        "FROM a\nMAINTAINER A B <c@d>\nONBUILD COPY . .\nONBUILD FOO x\n",
        "FROM a\nRUN <<EOF\nRUNN is no instruction here\nCOPY\nEOF\nCOPY <<A <<B /x/\nNOR this\nA\nNOR that\nB\n",
        'FROM a\nRUN <<-"E" cat\n\tFOO\n\tE\nONBUILD RUN <<E\nFOO\nE\n',
        "# escape=`\nFROM a\nRUN x `\n  FOO `\n\n  BAR\n",
        "# check=skip=all\n# escape=`\nFROM a\nRUN x `\n  FOO\n",
        "FROM a\nRUN x && \\\n# FOO\n  BAR\n",
        "FROM a\nRUN\nCMD\nENTRYPOINT []\nCMD []\n",
        'FROM a\nHEALTHCHECK NONE\nSHELL ["x"]\nSTOPSIGNAL 9\nUSER 0\nVOLUME /x\nEXPOSE 80\nLABEL a=b\nENV a=b\n',
        "FROM a\nRUN --mount=type=bind,target=/x\n",
        "FROM a\n\\\n",
        "\ufeffFROM a\r\nCOPY a \\\r\n  b\r\n",
        "# syntax=someone/else:1\nFROM a\nINSTALL y\nCOPY\n",
    ],
)
def test_what_is_odd_but_fine_is_taken(text: str) -> None:
    assert parse_dockerfile(text).stages
