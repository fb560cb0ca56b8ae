"""`expand` against the Dockerfile reference, and against what BuildKit's own lexer does where that is silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.errors import UsageError
from layerbench.expansion import expand

VALUES = {"foo": "value", "empty": "", "str": "foobarbaz", "string": "foobarbaz", "n_1": "under"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # https://docs.docker.com/reference/dockerfile/#environment-replacement
        ("$foo", "value"),
        ("${foo}_bar", "value_bar"),
        ("$foo_bar", ""),
        ("$n_1/x", "under/x"),
        ("python:${foo}-slim", "python:value-slim"),
        ("${foo:-word}", "value"),
        ("${empty:-word}", "word"),
        ("${unset:-word}", "word"),
        ("${foo-word}", "value"),
        ("${empty-word}", ""),
        ("${unset-word}", "word"),
        ("${foo:+word}", "word"),
        ("${empty:+word}", ""),
        ("${unset:+word}", ""),
        ("${foo+word}", "word"),
        ("${empty+word}", "word"),
        ("${unset+word}", ""),
        ("${foo:?must be}", "value"),
        ("${empty?must be}", ""),
        ("${unset:-a${foo}b}", "avalueb"),
        ("${unset:-${unset:-${foo}}}", "value"),
        (r"\$foo", "$foo"),
        (r"\${foo}", "${foo}"),
        # the examples of the reference for patterns
        ("${str#f*b}", "arbaz"),
        ("${str##f*b}", "az"),
        ("${string%b*}", "foobar"),
        ("${string%%b*}", "foo"),
        ("${string/ba/fo}", "fooforbaz"),
        ("${string//ba/fo}", "fooforfoz"),
        ("${str#x*}", "foobarbaz"),
        ("${str%x*}", "foobarbaz"),
        ("${str#???}", "barbaz"),
        (r"${str#\?}", "foobarbaz"),
        ("${unset#a}", ""),
        # quotes, as in a shell
        ('"$foo"', "value"),
        ("'$foo'", "$foo"),
        ("'a b'\"c d\"e", "a bc de"),
        (r'"\"\x\$foo"', r'"\x$foo'),
        # what is no variable
        ("$", "$"),
        ("a$/b", "a$/b"),
        ("$1x", "x"),
        ("", ""),
    ],
)
def test_expands(text: str, expected: str) -> None:
    assert expand(text, VALUES) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${}", "bad substitution"),
        ("${:-x}", "bad substitution"),
        ("${{foo}}", "bad substitution"),
        ("${foo", '"" is no modifier'),
        ("${foo:", '":" is no modifier'),
        ("${foo:-x", '"}" is missing'),
        ("${foo:#x}", '":#" is no modifier'),
        ("${foo=x}", '"=" is no modifier'),
        ("${foo/a}", '"/" is missing'),
        ("'a", "a single quote is not closed"),
        ('"a', "a double quote is not closed"),
        ("${unset:?give it}", "unset: give it"),
        ("${unset?}", "unset: is not allowed to be unset or empty"),
        ("${empty:?}", "empty: is not allowed to be unset or empty"),
    ],
)
def test_refuses_what_buildkit_refuses(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        expand(text, VALUES)
    assert str(caught.value) == f'"{text}" cannot be expanded: {reason}'


@given(st.text(st.characters(exclude_characters="$\\'\"")))
def test_text_without_special_characters_stays(text: str) -> None:
    assert expand(text, VALUES) == text


@given(st.text("ab${}:-+?#%/\\'\"*", max_size=12))
def test_any_text_is_expanded_or_refused(text: str) -> None:
    try:
        assert isinstance(expand(text, {"a": "b", "ab": ""}), str)
    except UsageError as error:
        assert text in str(error)


@given(st.text("abc", max_size=8), st.text("abc?*", max_size=4))
def test_shortest_and_longest_matches_are_taken_off(value: str, pattern: str) -> None:
    short = expand(f"${{x#{pattern}}}", {"x": value})
    long = expand(f"${{x##{pattern}}}", {"x": value})
    assert value.endswith(short)
    assert short.endswith(long)
    assert value.startswith(expand(f"${{x%%{pattern}}}", {"x": value}))
