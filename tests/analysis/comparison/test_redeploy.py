from __future__ import annotations

import dataclasses

import pytest

from layerbench.analysis.comparison.redeploy import redeploy_bytes, redeploy_of
from layerbench.results.models import Image, Layer
from tests.analysis.comparison.factory import edited, result
from tests.results import factory

SOURCE_LAYER, INSTALL_LAYER = 1_210, 19_230_000


def image(*layers: tuple[str | None, str, int]) -> Image:
    made = tuple(Layer(digest, diff_id, count, 10 * count, None) for digest, diff_id, count in layers)
    return Image(None, "sha256:c", sum(one.compressed_bytes for one in made), 0, "manifest", made)


@pytest.mark.parametrize(
    ("warm", "edited", "expected"),
    [
        ([("a", "A", 100), ("b", "B", 20)], [("a", "A", 100), ("b", "B", 20)], 0),
        ([("a", "A", 100), ("b", "B", 20)], [("a", "A", 100), ("c", "C", 21)], 21),
        ([("a", "A", 100)], [("b", "B", 20), ("a", "A", 100), ("c", "C", 3)], 23),
        # The same content compressed anew is another blob, which a registry does not have.
        ([("a", "A", 100)], [("other", "A", 101)], 101),
        # On the classic store there are no blobs: content counts.
        ([(None, "A", 100), (None, "B", 20)], [(None, "A", 100), (None, "C", 21)], 21),
        # One blob twice is transferred once.
        ([("a", "A", 100)], [("a", "A", 100), ("e", "E", 7), ("e", "E", 7)], 7),
        ([], [("a", "A", 100)], 100),
    ],
)
def test_only_layers_that_the_warm_image_lacks_count(
    warm: list[tuple[str | None, str, int]], edited: list[tuple[str | None, str, int]], expected: int
) -> None:
    assert redeploy_bytes(image(*warm), image(*edited)) == expected


def test_the_edited_image_is_held_against_the_warm_one() -> None:
    found = redeploy_of(edited(result("single")), "single", "edit-source")
    assert found is not None
    assert (found.count, found.minimum, found.median, found.maximum) == (10, SOURCE_LAYER, SOURCE_LAYER, SOURCE_LAYER)
    naive = redeploy_of(edited(result("naive")), "naive", "edit-source")
    assert naive is not None
    assert naive.median == SOURCE_LAYER + INSTALL_LAYER


def test_cold_serves_where_warm_was_not_measured_and_no_other_round_does() -> None:
    whole = edited(result("single", rounds=3))
    without_warm = dataclasses.replace(
        whole, builds=tuple(one for one in whole.builds if (one.scenario, one.round) != ("warm", 2))
    )
    found = redeploy_of(without_warm, "single", "edit-source")
    assert found is not None
    assert found.count == 3
    neither = dataclasses.replace(
        without_warm, builds=tuple(one for one in without_warm.builds if (one.scenario, one.round) != ("cold", 2))
    )
    found = redeploy_of(neither, "single", "edit-source")
    assert found is not None
    assert found.count == 2


def test_the_warm_image_of_the_same_round_counts_not_the_cold_one() -> None:
    whole = edited(result("single", rounds=1))
    other = dataclasses.replace(
        next(one.image for one in whole.builds if one.image), layers=(Layer("sha256:x", "sha256:y", 1, 1, None),)
    )
    assert redeploy_of(factory.change(whole, "single", "cold", (1,), image=other), "single", "edit-source") == (
        redeploy_of(whole, "single", "edit-source")
    )
    changed = redeploy_of(factory.change(whole, "single", "warm", (1,), image=other), "single", "edit-source")
    assert changed is not None
    assert changed.median > INSTALL_LAYER


def test_builds_that_do_not_count_and_scenarios_that_are_no_edit() -> None:
    whole = edited(result("single", rounds=2))
    invalid = factory.change(whole, "single", "edit-source", (1, 2), invalid="a step that should be cached ran")
    assert redeploy_of(invalid, "single", "edit-source") is None
    assert redeploy_of(whole, "single", "cold") is None
    assert redeploy_of(whole, "single", "warm") is None
    assert redeploy_of(whole, "absent", "edit-source") is None
