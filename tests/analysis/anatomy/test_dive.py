from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given

from layerbench.analysis.anatomy.examine import examine
from layerbench.analysis.anatomy.models import DiveFigures
from layerbench.image.profile import Entry
from tests.analysis.anatomy import layers_strategy, oracle
from tests.analysis.anatomy.build import file, folder, image, layer, whiteout


def figures(*layers: Sequence[Entry]) -> DiveFigures:
    return examine(image(*(layer(*entries) for entries in layers))).dive


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([[file("a", 100)]], (1.0, 0, 0.0)),
        ([[file("a", 100)], [file("b", 50)]], (1.0, 0, 0.0)),
        ([[file("a", 100)], [file("a", 50)]], (50 / 150, 150, 3.0)),
        ([[file("a", 100)], [whiteout("a"), file("b", 50)]], (50 / 150, 100, 2.0)),
        # The folder's whiteout stands for the 100 bytes once more, and its path occurs once: as a leaf.
        ([[folder("a"), file("a/x", 100)], [whiteout("a")]], (200 / 200, 0, 0.0)),
        ([[folder("a"), file("a/x", 100)], [whiteout("a")], [file("a", 7)]], (107 / 207, 107, 107 / 7)),
        # An empty folder is a leaf of 0 bytes.
        ([[folder("a")], [file("a", 7)]], (0 / 7, 7, 1.0)),
    ],
)
def test_examples(layers: list[list[Entry]], expected: tuple[float, int, float]) -> None:
    found = figures(*layers)
    assert (found.efficiency, found.wasted_bytes, found.user_wasted_ratio) == pytest.approx(expected)


@layers_strategy.some
@given(layers_strategy.layers)
def test_figures_are_those_of_the_definitions(layers: list[list[Entry]]) -> None:
    found = figures(*layers)
    assert (found.efficiency, found.wasted_bytes, found.user_wasted_ratio) == pytest.approx(oracle.dive(layers))
