from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import pytest

from layerbench.analysis.trend.models import Entry
from layerbench.cli.history_choice import doomed
from tests.history.test_store import entry

if TYPE_CHECKING:
    from layerbench.history import History, Selection

COUNT = 20_000


class Many:
    """Stands for a history of many runs."""

    def __init__(self) -> None:
        one = entry(1)
        self._entries = tuple(dataclasses.replace(one, digest=f"{number:064}") for number in range(COUNT))

    def entries(self, _: Selection) -> tuple[Entry, ...]:
        return self._entries


def test_the_newest_are_kept_without_a_look_at_each_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise AssertionError("two runs were held against each other")

    many = Many()
    monkeypatch.setattr(Entry, "__eq__", fail)
    taken = doomed(cast("History", many), COUNT // 2, None, None)
    assert [one.digest for one in taken] == [f"{number:064}" for number in range(COUNT // 2)]
