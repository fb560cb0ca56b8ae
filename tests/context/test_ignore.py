"""Reading ignore files; rows are facts of github.com/moby/patternmatcher/ignorefile and of a real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.context.ignore import IgnoreRules, parse_ignore, read_ignore
from layerbench.errors import UsageError

FILE = Path("/c/.dockerignore")


def rules(text: str | bytes) -> IgnoreRules:
    return parse_ignore(text.encode() if isinstance(text, str) else text, FILE)


def test_lines_are_read_as_mobys_reader_does() -> None:
    found = rules("test1\n/test2\n/a/file/here\n\nlastfile\n# this is a comment\n! /inverted/abs/path\n")
    assert [(rule.line, rule.text, rule.is_exception) for rule in found.rules] == [
        (1, "test1", False), (2, "/test2", False), (3, "/a/file/here", False), (5, "lastfile", False),
        (7, "! /inverted/abs/path", True),
    ]  # fmt: skip
    assert found.excludes("test2")
    assert found.excludes("a/file/here")
    assert not found.excludes("inverted/abs/path")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("\ufeffa", "a", True),
        ("#a\n\ufeffa", "a", False),
        (" # a", "# a", True),
        ("a\r\n", "a", True),
        ("\u3000a\xa0", "a", True),
        ("./x/../a/", "a", True),
        ("../a", "a", False),
        (".", "a", False),
        ("/", "a", False),
        ("*\n!./a", "a", False),
        ("*\n!/a", "a", False),
        ("*\n! a", "a", False),
        ("//a", "a", True),
        ("a\x1f", "a", False),
    ],
)
def test_lines_are_cleaned(text: str, path: str, expected: bool) -> None:
    assert rules(text).excludes(path) is expected


def test_names_that_are_no_utf8_are_matched() -> None:
    found = rules(b"a\xff\n*.\xff")
    assert found.excludes("a\udcff")
    assert found.excludes("x.\udcff")
    assert not found.excludes("a\udcfe")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n[", "/c/.dockerignore: line 2, '[', is refused by BuildKit (syntax error in pattern); mend it"),
        ("[z-a]", "/c/.dockerignore: line 1, '[z-a]', is refused by BuildKit (syntax error in pattern); mend it"),
        ("!", '/c/.dockerignore: line 1 is a single "!", which BuildKit refuses; name what is to be kept'),
        ("! ", '/c/.dockerignore: line 1 is a single "!", which BuildKit refuses; name what is to be kept'),
        ("x" * 70_000, "/c/.dockerignore: line 1 is too long for BuildKit; it reads 65536 bytes a line"),
    ],
)
def test_what_fails_a_build_is_said(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        rules(text)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "folder", "is_excluded", "is_pruned"),
    [
        ("d", "d", True, True),
        ("d\n!e", "d", True, True),
        ("d\n!d/x", "d", True, False),
        ("d\n!d/x", "d/y", True, True),
        ("d\n!d/x/**", "d/x", True, False),
        ("d\n!**/x", "d/y", True, False),
        ("d\n!d/x", "e", False, False),
        ("*\n!a/b/c", "a/b", True, False),
        ("d", "d/e/f", True, True),
    ],
)
def test_folders_that_hold_nothing_are_not_looked_at(
    text: str, folder: str, is_excluded: bool, is_pruned: bool
) -> None:
    found = rules(text).folder(folder)
    assert (found.is_excluded, found.is_pruned) == (is_excluded, is_pruned)


def test_the_deciding_line_is_named() -> None:
    found = rules("# all\n*\n!src\nsrc/*.o\n")
    deciding = [found.deciding(path) for path in ("a/b", "src/a.c", "src/a.o")]
    assert [(rule.line, rule.text) for rule in deciding if rule is not None] == [(2, "*"), (3, "!src"), (4, "src/*.o")]
    assert rules("a").deciding("b") is None
    pruned = rules("d\n!e").deciding("d/x/y")
    assert pruned is not None
    assert pruned.line == 1


def test_a_file_that_two_readings_disagree_on_arrives_empty() -> None:
    found = rules("d\n!d/x\nd\n")
    assert [found.arrives_empty(path) for path in ("d/x/f", "d/x", "d/y", "e")] == [True, True, False, False]
    assert not rules("d\n!d/x\n").arrives_empty("d/x/f")


def test_the_dockerfiles_own_file_stands_in_for_the_contexts(tmp_path: Path) -> None:
    context, elsewhere = tmp_path / "context", tmp_path / "docker"
    context.mkdir()
    elsewhere.mkdir()
    dockerfile = elsewhere / "web.Dockerfile"
    assert read_ignore(dockerfile, context).rules == ()
    assert read_ignore(dockerfile, context).file is None
    (context / ".dockerignore").write_text("a")
    assert read_ignore(dockerfile, context).file == context / ".dockerignore"
    (elsewhere / "web.Dockerfile.dockerignore").write_text("")
    assert read_ignore(dockerfile, context).rules == ()
    (elsewhere / "web.Dockerfile.dockerignore").write_text("b")
    assert read_ignore(dockerfile, context).excludes("b")
    assert not read_ignore(dockerfile, context).excludes("a")


def test_links_are_followed_inside_the_context_only(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "list").write_text("a")
    (tmp_path / "outside").write_text("a")
    file = context / ".dockerignore"
    file.symlink_to("list")
    assert read_ignore(context / "Dockerfile", context).excludes("a")
    for target in ("../outside", "nowhere", ".dockerignore"):
        file.unlink()
        file.symlink_to(target)
        assert read_ignore(context / "Dockerfile", context).rules == ()
    file.unlink()
    file.mkdir()
    assert read_ignore(context / "Dockerfile", context).rules == ()
