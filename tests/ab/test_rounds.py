"""When the rounds end, and what each round is given. The builds themselves are made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from layerbench.ab import rounds
from layerbench.ab.joining import join
from layerbench.ab.rounds import Limits, measure
from layerbench.config.models import COLD
from layerbench.plan import make_plan
from layerbench.results.models import Build, Result
from layerbench.runner.session import RunOptions
from tests.ab.test_joining import bench
from tests.runner.test_start import CONNECTION

JOINED = join(bench("ab", COLD), bench("ab", COLD, folder="/h"))


class Watching:
    """An observer that remembers how many builds were announced."""

    def __init__(self) -> None:
        self.totals: list[int] = []

    def begin(self, total: int) -> None:
        self.totals.append(total)

    def note(self, text: str) -> None: ...
    def preparing(self, what: str) -> None: ...
    def build_begins(self, planned: Any) -> None: ...
    def build_moves(self, trace: Any) -> None: ...
    def build_ends(self, build: Build) -> None: ...
    def end(self) -> None: ...


class MadeUpSession:
    """Does what is missing of a plan, and takes no time."""

    smoke: list[bool]
    clock: float

    def __init__(self, bench: Any, _: Any, options: RunOptions, observer: Any, save: Callable[[Result], None]) -> None:
        self.bench, self.observer, self.save = bench, observer, save
        self.smoke.append(options.smoke)

    def run(self, start: Result) -> Result:
        plan = make_plan(self.bench, [(one.variant, one.scenario, one.round) for one in start.builds])
        self.observer.begin(len(plan.builds))
        made = tuple(Build(*build.key, "failed", 1.0, None, None) for build in plan.builds)
        type(self).clock += 60
        return replace(start, builds=(*start.builds, *made), complete=True)


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> type[MadeUpSession]:
    MadeUpSession.smoke, MadeUpSession.clock = [], 0.0
    monkeypatch.setattr(rounds, "Session", MadeUpSession)
    monkeypatch.setattr(rounds.time, "monotonic", lambda: MadeUpSession.clock)
    return MadeUpSession


def run(limits: Limits, decided_after: int = 1000) -> tuple[rounds.Measured, list[Result], Watching]:
    saved: list[Result] = []
    watching = Watching()

    def undecided() -> tuple[str, ...]:
        return () if saved[-1].bench.rounds >= decided_after else ("a, cold",)

    return measure(JOINED, CONNECTION, RunOptions(), limits, watching, saved.append, undecided), saved, watching


def test_it_ends_when_all_is_decided(session: type[MadeUpSession]) -> None:
    measured, saved, watching = run(Limits(10), decided_after=3)
    assert (measured.end, measured.rounds, measured.undecided) == ("decided", 3, ())
    assert len(measured.result.builds) == 3 * 4
    assert [len(result.builds) for result in saved] == [4, 8, 12]
    assert session.smoke == [True, False, False]  # an image is run once
    assert watching.totals == [40]


def test_builds_stay_in_the_order_in_which_they_were_made() -> None:
    measured, _, _ = run(Limits(4))
    assert [build.round for build in measured.result.builds] == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert [build.variant for build in measured.result.builds[:8]] == [
        *("a@base", "a@head", "b@base", "b@head"),
        *("b@head", "b@base", "a@head", "a@base"),
    ]
    assert len({(build.variant, build.round) for build in measured.result.builds}) == 16


def test_it_ends_when_the_rounds_are_used_up() -> None:
    measured, _, _ = run(Limits(2))
    assert (measured.end, measured.rounds, measured.undecided) == ("rounds", 2, ("a, cold",))


@pytest.mark.parametrize(("seconds", "expected"), [(1, 1), (119, 1), (120, 2), (300, 5)])
def test_no_round_is_begun_that_the_time_budget_does_not_hold(seconds: float, expected: int) -> None:
    measured, _, _ = run(Limits(10, seconds))
    assert (measured.end, measured.rounds) == ("time-budget", expected)


def test_the_last_round_ends_by_rounds_and_not_by_time() -> None:
    measured, _, _ = run(Limits(1, 1))
    assert measured.end == "rounds"
