"""Numbers and truths that know which build they are of, so that a failed `assert` can say why they are as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerbench.pytest_plugin.outcome import RunOutcome

CONTEXT_BYTES = "bytes of the context that were sent"
"""What `Bytes` that are not the image's are."""


class Truth(int):
    """True or false (as 1 or 0), whose representation says why."""

    _told: str

    def __new__(cls, value: bool, told: str) -> Truth:
        """Make one.

        Args:
            value: the truth.
            told: what `assert` shows for it.
        """
        self = super().__new__(cls, value)
        self._told = told
        return self

    def __repr__(self) -> str:
        return self._told

    __str__ = __repr__


class Bytes(int):
    """A number of bytes of a build."""

    what: str
    outcome: RunOutcome

    def __new__(cls, count: int, what: str, outcome: RunOutcome) -> Bytes:
        """Make one.

        Args:
            count: the bytes.
            what: what they are the bytes of, as in `compressed bytes of the image`.
            outcome: the build.
        """
        self = super().__new__(cls, count)
        self.what, self.outcome = what, outcome
        return self


class Seconds(float):
    """A duration in a build, in seconds."""

    what: str
    outcome: RunOutcome

    def __new__(cls, seconds: float, what: str, outcome: RunOutcome) -> Seconds:
        """Make one.

        Args:
            seconds: the duration.
            what: what took so long, as in `the build`.
            outcome: the build.
        """
        self = super().__new__(cls, seconds)
        self.what, self.outcome = what, outcome
        return self
