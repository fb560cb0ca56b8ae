"""Go's two pattern syntaxes; the rows are facts of Go's own tests of `filepath.Match`."""

from __future__ import annotations

import re

import pytest

from layerbench.context.gosyntax import (
    BadPatternError,
    clean_path,
    compile_match,
    has_wildcards,
    translate_regexp,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "."), (".", "."), ("/", "/"), ("//a", "/a"), ("a/", "a"), ("./a//b/.", "a/b"), ("a/../..", ".."),
        ("/..", "/"), ("../a", "../a"), ("a/..", "."),
    ],
)  # fmt: skip
def test_paths_are_cleaned(path: str, expected: str) -> None:
    assert clean_path(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"), [("a", False), ("a*", True), (r"a\*", False), (r"a\\*", True), ("[", True), ("a\\", False)]
)
def test_what_is_a_wildcard(path: str, expected: bool) -> None:
    assert has_wildcards(path) is expected


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("abc", "abc", True), ("*", "abc", True), ("*c", "abc", True), ("a*", "a", True), ("a*", "abc", True),
        ("a*", "ab/c", False), ("a*/b", "abc/b", True), ("a*/b", "a/c/b", False),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", True), ("a*b*c*d*e*/f", "axbxcxdxexxx/f", True),
        ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", False), ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", False),
        ("a*b?c*x", "abxbbxdbxebxczzx", True), ("a*b?c*x", "abxbbxdbxebxczzy", False),
        ("ab[c]", "abc", True), ("ab[b-d]", "abc", True), ("ab[e-g]", "abc", False), ("ab[^c]", "abc", False),
        ("ab[^b-d]", "abc", False), ("ab[^e-g]", "abc", True), (r"a\*b", "a*b", True), (r"a\*b", "ab", False),
        ("a?b", "a☺b", True), ("a[^a]b", "a☺b", True), ("a???b", "a☺b", False), ("[a-ζ]*", "α", True),
        ("*[a-ζ]", "A", False), ("a?b", "a/b", False), ("a*b", "a/b", False), (r"[\]a]", "]", True),
        (r"[\-]", "-", True), (r"[x\-]", "x", True), (r"[x\-]", "-", True), (r"[x\-]", "z", False),
        (r"[\-x]", "x", True), (r"[\-x]", "-", True), (r"[\-x]", "a", False), ("*x", "xxx", True),
        ("[*]", "*", True), ("[*]", "a", False), ("[z-a]", "z", False), ("[^z-a]", "b", True), ("[&&~|]", "~", True),
        ("a[^b]c", "a/c", True), ("[[]", "[", True), ("a\nb*", "a\nbc", True), ("?", "\udcff", True), ("", "", True),
    ],
)  # fmt: skip
def test_a_copy_source_matches_as_in_go(pattern: str, name: str, expected: bool) -> None:
    assert (compile_match(pattern).fullmatch(name) is not None) is expected


@pytest.mark.parametrize(
    "pattern",
    ["[]a]", "[-]", "[x-]", "[-x]", "\\", "[a-b-c]", "[", "[^", "[^bc", "a[", "[^]", "[a", "[a-", "[\\", "[]", "a*["],
)
def test_go_refuses_these(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        compile_match(pattern)


def matches(go: str, text: str) -> bool:
    whole = "".join(piece.text for piece in translate_regexp(go))
    return re.compile(whole, re.ASCII).match(text) is not None


@pytest.mark.parametrize(
    ("go", "text", "expected"),
    [
        (r"^\d[^/]*$", "1a", True), (r"^\d$", "a", False), (r"^\D$", "a", True), (r"^\w\W\s\S$", "a- b", True),
        (r"^[\d]$", "5", True), (r"^[^\d]$", "5", False), (r"^[\D]$", "5", False), (r"^[\D]$", "é", True),
        (r"^[[:alpha:]]$", "x", True), (r"^[[:^alpha:]]$", "x", False), (r"^[[:punct:]]$", "]", True),
        (r"^\x41\101\0$", "AA\0", True), (r"^\a\f\n\r\t\v$", "\a\f\n\r\t\v", True), (r"^\_$", "_", True),
        (r"^a^b$", "a^b", False), ("^^a$", "a", True), (r"^\Aa\z$", "a", True), (r"^\ba\B", "aa", True),
        (r"^\Qa[*\Eb$", "a[*b", True), (r"^\Qa[^/]*$", "a[^/]*$", True), ("^.*$", "a\nb", False),
        ("^(.*/)?b$", "a/b", True), ("^(.*/)?b$", "a\n/b", False), ("^[[^/]*]$", "^[/]", True), ("^a$", "a\n", False),
        ("^\ufffd$", "\udcff", True), ("^[^a]$", "\n", True), ("^a]$", "a]", True), ("^[]a]$", "]", True),
        ("^[a-]$", "-", True),
    ],
)  # fmt: skip
def test_a_regular_expression_matches_as_in_go(go: str, text: str, expected: bool) -> None:
    assert matches(go, text) is expected


@pytest.mark.parametrize("go", [r"^\y$", r"^\8$", r"^\1$", r"^\é$", "^[z-a]$", "^[[:foo:]]$", "^[a", "\\", "^\\pL$"])
def test_go_compiles_none_of_these(go: str) -> None:
    with pytest.raises(BadPatternError):
        translate_regexp(go)
