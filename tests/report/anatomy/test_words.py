from __future__ import annotations

import dataclasses
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from layerbench.analysis.anatomy.models import WasteKind
from layerbench.report.anatomy.layout import shorten
from layerbench.report.anatomy.words import (
    package_origin,
    same_layers,
    short_digest,
    shown_layers,
    waste_title,
)
from tests.report.anatomy import factory


@pytest.mark.parametrize("kind", get_args(WasteKind))
def test_every_kind_of_waste_has_words(kind: WasteKind) -> None:
    title = waste_title(factory.waste(kind, 1, 0))
    assert title
    assert waste_title(factory.waste(kind, 1, 0, optional=True)) == f"{title} (optional)"


def test_waste_names_the_later_layer() -> None:
    assert waste_title(factory.waste("deleted", 1, 0, later_layer=4)) == "deleted in layer 4"


@pytest.mark.parametrize(
    ("ecosystem", "location", "origin"),
    [
        ("debian", "", "Debian"),
        ("python", "usr/local/lib/python3.12/site-packages", "Python in /usr/local"),
        ("python", "venv/lib/python3.12/site-packages", "Python in /venv"),
        ("python", "opt/env/lib64/pypy3.10/site-packages", "Python in /opt/env"),
        ("python", "usr/lib/python3/dist-packages", "Python in /usr"),
        ("python", "lib/python3/dist-packages", "Python in /"),
        ("python", "app/vendored", "Python in /app/vendored"),
        ("node", "app/node_modules/@scope/a/node_modules/b", "Node in /app"),
        ("node", "usr/local/lib/node_modules/npm", "Node in /usr/local/lib"),
        ("rpm", "", "RPM"),
    ],
)
def test_where_a_package_comes_from(ecosystem: str, location: str, origin: str) -> None:
    assert package_origin(ecosystem, location) == origin


@pytest.mark.parametrize(
    ("positions", "text"), [((), ""), ((3,), "3"), ((0, 1, 2, 5), "0-2, 5"), ((1, 3, 4), "1, 3-4")]
)
def test_positions_are_drawn_together(positions: tuple[int, ...], text: str) -> None:
    assert shown_layers(positions) == text


def test_a_digest_is_shortened_and_what_is_none_stays() -> None:
    assert short_digest(f"sha256:{'0123456789abcdef' * 4}") == "sha256:0123456789ab"
    assert short_digest("sha256:0123") == "sha256:0123"
    assert short_digest("unknown") == "unknown"


def test_what_stayed_is_one_line() -> None:
    diff = factory.single_to_multi()
    assert same_layers(factory.alike()) == "all 7 layers are the same (484.1 MB)"
    assert same_layers(dataclasses.replace(diff, unchanged_layers=1)) == "1 layer is the same (120.0 MB)"
    assert same_layers(dataclasses.replace(diff, unchanged_layers=0)) == "no layer is the same"


@given(st.text(), st.integers(3, 60), st.sampled_from(["…", "..."]))
def test_a_shortened_text_fits_and_keeps_both_its_ends(text: str, width: int, ellipsis: str) -> None:
    short = shorten(text, width, ellipsis)
    assert cell_len(short) <= width
    if short != text:
        start, _, end = short.partition(ellipsis) if ellipsis not in text else (short[:0], "", "")
        assert text.startswith(start)
        assert text.endswith(end)


def test_a_shortened_text_uses_the_room_that_it_has() -> None:
    assert shorten("0123456789", 10) == "0123456789"
    assert shorten("0123456789x", 10) == "01234…789x"
    assert shorten("0123456789x", 10, "...") == "0123...89x"
