from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.impact.effects import Effects
from layerbench.analysis.impact.models import FileGroup
from layerbench.analysis.predict.models import ForeseenStep, MeasuredCosts

STEPS = (
    StepName(1, None, 2, "COPY requirements.txt .", 2),
    StepName(2, None, 3, "RUN pip install", 3),
    StepName(3, None, 4, "COPY . .", 4),
)
READERS = {
    "requirements.txt": frozenset({1, 3}),
    "app.py": frozenset({3}),
    "src/a.py": frozenset({3}),
    "src/b.py": frozenset({3}),
    ".gitignore": frozenset[int](),
}
COSTS = MeasuredCosts({1: 0.1, 2: 5.0, 3: 0.2}, 0.5, {}, {1: 10, 2: 1000, 3: 100}, inputs={2: (1,), 3: (2,)})


class Foreseeing:
    """A chain: all from the first reader on runs."""

    def __init__(self) -> None:
        self.asked: list[Collection[str]] = []

    def __call__(self, paths: Collection[str]) -> Sequence[ForeseenStep]:
        self.asked.append(paths)
        first = min((min(READERS[path]) for path in paths if READERS[path]), default=9)
        return [ForeseenStep(step, "ran" if step.position >= first else "hit", "derived") for step in STEPS]


def test_the_most_expensive_files_come_first() -> None:
    foresee = Foreseeing()
    found = Effects("v", READERS, foresee, COSTS).table(list(READERS))
    assert [effect.groups for effect in found] == [
        (FileGroup("requirements.txt", 1),),
        (FileGroup("src/", 2), FileGroup("app.py", 1)),
        (FileGroup(".gitignore", 1),),
    ]
    assert found[0].total_seconds == pytest.approx(0.5 + 0.1 + 5.0 + 0.2)
    assert [effect.redeploy_bytes for effect in found] == [1110, 100, 0]
    assert [len(effect.steps) for effect in found] == [3, 1, 0]
    assert len(foresee.asked) == 3  # one a set of readers, not one a file


def test_a_commit_costs_what_its_files_do_together() -> None:
    foresee = Foreseeing()
    effects = Effects("v", READERS, foresee, COSTS)
    found = effects.commits([["app.py"], ["app.py", "src/a.py"], ["requirements.txt", "app.py"], [], ["gone"]])
    assert (found.commits, found.touching) == (5, 3)
    assert found.seconds == pytest.approx((0.7 + 0.7 + 5.8 + 0.5 + 0.5) / 5)
    assert found.redeploy_bytes == pytest.approx((100 + 100 + 1110) / 5)
    assert found.worst_files == (("requirements.txt", 1), ("app.py", 3), ("src/a.py", 1))


def test_without_costs_bytes_and_seconds_are_not_known() -> None:
    effects = Effects("v", READERS, Foreseeing(), None)
    assert [effect.total_seconds for effect in effects.table(list(READERS))] == [None, None, None]
    costs = effects.commits([["app.py"]])
    assert (costs.seconds, costs.redeploy_bytes, costs.touching) == (None, None, 1)
    assert "no build of this variant was measured" in effects.notes[0]


def test_no_commit_costs_nothing_that_is_known() -> None:
    assert Effects("v", READERS, Foreseeing(), COSTS).commits([]).seconds is None
