"""Variants that one side cannot build are told and left out; where nothing else is left, the run ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layerbench.ab import buildable
from layerbench.ab.buildable import unreadable, without_bases
from layerbench.ab.joining import SideName, join
from layerbench.ab.loading import Side
from layerbench.config.models import BenchFile, Variant
from layerbench.errors import EngineError, UsageError
from tests.ab.test_joining import bench
from tests.runner.test_start import CONNECTION

GOOD, BAD = "FROM scratch\nCOPY . .\n", "FROM scratch\nRAN x\n"


@pytest.fixture
def sides(tmp_path: Path) -> Mapping[SideName, Side]:
    made: dict[SideName, Side] = {
        "base": Side("main", tmp_path / "b"),
        "head": Side("the working tree", tmp_path / "h"),
    }
    for side in made.values():
        side.tree.mkdir()
        for name in "ab":
            (side.tree / f"{name}.Dockerfile").write_text(GOOD)
    return made


def benches(sides: Mapping[SideName, Side]) -> dict[SideName, BenchFile]:
    return {name: bench("ab", folder=str(side.tree)) for name, side in sides.items()}


def test_nothing_is_left_out_where_all_can_be_read(sides: Mapping[SideName, Side]) -> None:
    assert unreadable(benches(sides), sides) == {}


@pytest.mark.parametrize(("side", "label"), [("base", "main"), ("head", "the working tree")])
def test_a_dockerfile_that_nobody_can_build(sides: Mapping[SideName, Side], side: SideName, label: str) -> None:
    (sides[side].tree / "a.Dockerfile").write_text(BAD)
    found = unreadable(benches(sides), sides)
    assert list(found) == ["a"]
    assert found["a"].startswith(
        f"the variant a is left out: in {label}: a.Dockerfile: line 2: no instruction is named"
    )


def test_a_target_that_only_one_side_has(sides: Mapping[SideName, Side]) -> None:
    made = benches(sides)
    made["head"] = replace(made["head"], variants=tuple(replace(one, target="x") for one in made["head"].variants[:1]))
    made["base"] = replace(made["base"], variants=made["base"].variants[:1])
    with pytest.raises(UsageError, match=r"^in the working tree: a\.Dockerfile: .*\"x\""):
        unreadable(made, sides)


def test_it_ends_where_nothing_is_left(sides: Mapping[SideName, Side]) -> None:
    (sides["base"].tree / "a.Dockerfile").write_text(BAD)
    (sides["head"].tree / "b.Dockerfile").write_text(BAD)
    with pytest.raises(UsageError, match=r"^in main: a\.Dockerfile: line 2"):
        unreadable(benches(sides), sides)


class MadeUpFinder:
    """Finds the bases of all variants but some."""

    missing: tuple[str, ...] = ()
    tags = ("layerbench-run/stand-in:1",)

    def __init__(self, *_: Any) -> None: ...

    def find(self, variant: Variant) -> None:
        if variant.name in self.missing:
            raise EngineError('the base "x" cannot be had (no such host)')


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(buildable, "SourceFinder", MadeUpFinder)
    monkeypatch.setattr(buildable, "remove_images", lambda _, tags: found.extend(tags))
    return found


def test_a_base_that_one_side_lacks(
    sides: Mapping[SideName, Side], removed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = benches(sides)
    joined = join(made["base"], made["head"])
    assert without_bases(joined, sides, CONNECTION, tmp_path) == {}
    monkeypatch.setattr(MadeUpFinder, "missing", ("b@head",))
    assert without_bases(joined, sides, CONNECTION, tmp_path) == {
        "b": 'the variant b is left out: in the working tree the base "x" cannot be had (no such host)'
    }
    monkeypatch.setattr(MadeUpFinder, "missing", ("a@base", "b@head"))
    with pytest.raises(EngineError, match=r'^in main the base "x" cannot be had'):
        without_bases(joined, sides, CONNECTION, tmp_path)
    assert removed == ["layerbench-run/stand-in:1"] * 3
