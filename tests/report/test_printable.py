from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from layerbench.report.printable import markdown_code, markdown_text, printable

ANY_TEXT = st.text(st.characters(codec="utf-8"))
WILD_TEXT = st.text("ab1 \\`*_{}[]<>&|~@#!$:\"'-+.()=\n\t\x1b", max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("größe 単 🙂", "größe 単 🙂"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x9b1m\x7f", r"\x9b1m\x7f"),
        ("a\u202eb\u2028", r"a\u202eb\u2028"),
        ("\udce9", r"\udce9"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_beyond_ascii_is_written_out_where_it_cannot_be_shown() -> None:
    assert printable("größe", ascii_only=True) == r"gr\xf6\xdfe"


@given(ANY_TEXT)
def test_what_is_printable_stays_so(text: str) -> None:
    once = printable(text)
    assert printable(once) == once
    assert not re.search("[\x00-\x1f\x7f-\x9f]", once)


def _cells(markdown: str) -> list[str]:
    """The text of all cells of a rendered table, markup left out."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return [_text(token) for token in parser.parse(markdown) if token.type == "inline"]


def _text(token: Token) -> str:
    parts = []
    for child in token.children or []:
        if child.type in {"text", "code_inline", "text_special"}:
            parts.append(child.content)
        elif child.type == "html_inline":
            assert child.content in {"<code>", "</code>"}
        else:
            raise AssertionError(f"{child.type}: {child.content}")
    return "".join(parts)


@given(ANY_TEXT | WILD_TEXT)
def test_in_a_markdown_table_any_text_is_text_and_stays_in_its_cell(text: str) -> None:
    for escaped in (markdown_text(text), markdown_code(text)):
        cells = _cells(f"| a | b |\n|---|---|\n| {escaped} | next |\n")
        assert cells[:2] == ["a", "b"]
        assert cells[3:] == ["next"]
        assert cells[2].strip() == printable(text).strip()


@given(WILD_TEXT)
def test_no_mention_no_issue_number_no_emoji_comes_about(text: str) -> None:
    escaped = markdown_text(text)
    assert not re.search(r"@|#(?!\d+;)|\$|:[\w+-]+:", escaped)
    assert html.unescape(escaped) == printable(text)


def test_common_names_stay_readable() -> None:
    assert markdown_text("edit-source: 3 of 5 builds, x86_64") == "edit-source: 3 of 5 builds, x86_64"
    assert markdown_code("RUN pip install -r requirements.txt") == "`RUN pip install -r requirements.txt`"
