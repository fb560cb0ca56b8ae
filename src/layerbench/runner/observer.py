"""How a run tells what it does: the runner knows this interface, the command line has the displays."""

from __future__ import annotations

from typing import Protocol

from layerbench.buildx.trace import Trace
from layerbench.plan import PlannedBuild
from layerbench.results.models import Build


class Observer(Protocol):
    """Is told of a run's course. Every method returns soon; none raises."""

    def note(self, text: str) -> None:
        """Something that a person should know, as one sentence."""

    def begin(self, total: int) -> None:
        """The run starts; that many builds will be measured."""

    def preparing(self, what: str) -> None:
        """Work around the measured builds, such as filling a cache, begins."""

    def build_begins(self, planned: PlannedBuild) -> None:
        """A measured build is being started."""

    def build_moves(self, trace: Trace) -> None:
        """A build under way has news; at most ten times a second."""

    def build_ends(self, build: Build) -> None:
        """A measured build is recorded."""

    def end(self) -> None:
        """The run is over, well or not."""
