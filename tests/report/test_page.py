from __future__ import annotations

import io

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from layerbench.report.page import Page, break_name
from layerbench.report.printable import printable

WORDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=30) | st.just("3.21 s"), max_size=30).map(" ".join)


def _lines(text: str, width: int, **layout: int) -> list[str]:
    stream = io.StringIO()
    Page(Console(file=stream, width=width, color_system=None), ascii_only=False).line(text, **layout)
    return stream.getvalue().splitlines()


@given(WORDS, st.integers(20, 100), st.integers(0, 4), st.integers(0, 4))
@example(" " * 200, 20, 2, 2)
@example("x" * 200, 20, 2, 2)
@example("\ue000", 20, 0, 0)
def test_a_line_is_wrapped_and_loses_nothing(text: str, width: int, indent: int, hang: int) -> None:
    lines = _lines(text, width, indent=indent, hang=hang)
    assert max(map(cell_len, lines), default=0) <= width
    assert "".join("".join(lines).split()) == "".join(printable(text).replace("\ue000", " ").split())
    assert all(line.startswith(" " * indent) for line in lines)
    assert all(line.startswith(" " * (indent + hang)) for line in lines[1:])


def test_a_figure_stays_beside_its_unit() -> None:
    for width in range(20, 60):
        for line in _lines("it took 3.21 s and 107.2 MB in each of 3 rounds, which is more than 12 kB", width):
            assert not line.rstrip().endswith(("3.21", "107.2", " 3", "12"))


def test_names_are_broken_behind_their_separators() -> None:
    assert break_name("edit-source", 10) == "edit-\nsource"
    assert break_name("edit-deps", 10) == "edit-deps"
    assert break_name("a_b.c/d e", 2) == "a_\nb.\nc/\nd\ne"
    assert break_name("abcdefghij", 4) == "abcd\nefgh\nij"


@given(st.text("ab-_. /単", max_size=40), st.integers(2, 20))
def test_a_broken_name_fits_and_keeps_its_characters(name: str, width: int) -> None:
    broken = break_name(name, width)
    assert all(cell_len(line) <= width for line in broken.split("\n"))
    assert broken.replace("\n", "").replace(" ", "") == name.replace(" ", "")
