"""Secrets' values do not come through."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from layerbench.config.models import Secret, Variant
from layerbench.runner.scrubbing import Scrubber


def scrubber(*secrets: Secret, **environment: str) -> Scrubber:
    return Scrubber([Variant("v", Path("Dockerfile"), Path(), secrets=secrets)], environment)


def test_values_of_variables_and_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    scrub = scrubber(Secret("a", env="A"), Secret("b", file=tmp_path / "token"), A="from-a-variable")
    assert scrub("a=from-a-variable, b=from-a-file.") == "a=***, b=***."


def test_lines_of_a_value_are_values(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("-----BEGIN-----\nfirst line\n  second line\n")
    scrub = scrubber(Secret("k", file=tmp_path / "key"))
    assert scrub("said: second line!") == "said: ***!"
    assert scrub("-----BEGIN-----\nfirst line\n  second line\n") == "***\n"


def test_a_value_within_another_does_not_uncover_the_rest() -> None:
    scrub = scrubber(Secret("a", env="A"), Secret("b", env="B"), A="pass", B="password")
    assert scrub("password pass") == "*** ***"


def test_what_is_too_short_or_missing_is_let_be(tmp_path: Path) -> None:
    scrub = scrubber(Secret("a", env="A"), Secret("b", env="B"), Secret("c", file=tmp_path / "gone"), A="abc", B="")
    assert scrub("abc and nothing") == "abc and nothing"


def test_pieces_of_a_value_where_a_line_was_cut() -> None:
    value = "0123456789abcdefghijklmnopqrstuvwxyz"
    scrub = scrubber(Secret("a", env="A"), A=value)
    assert scrub(f"token={value[:20]}") == "token=***"
    assert scrub(f"{value[20:]} was the token") == "*** was the token"
    assert scrub(value[5:30]) == "***"
    assert scrub(f"{value[-10:]} and {value[:10]}") == "*** and ***"


_SECRET = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=40)


@given(_SECRET, st.text(" .,:", max_size=20), st.text(" .,:", max_size=20), st.integers(0, 40))
def test_no_eight_characters_of_a_value_are_left(value: str, before: str, after: str, cut: int) -> None:
    scrub = scrubber(Secret("a", env="A"), A=value)
    whole = scrub(f"{before}{value}{after}{value}")
    piece = scrub(f"{before}{value}"[: len(before) + cut])
    for text in (whole, piece):
        assert not any(value[at : at + 8] in text for at in range(len(value) - 7))


@given(st.text(max_size=60))
def test_without_secrets_texts_stay(text: str) -> None:
    assert scrubber()(text) == text
