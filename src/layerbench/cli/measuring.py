"""What the commands that build have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerbench.results.models import Result
    from layerbench.runner.connect import Connection


class Connecting:
    """The way to engine and builder, asked for while the rest is imported: each takes as long as a warm build."""

    def __init__(self, builder: str | None) -> None:
        from layerbench.runner.at_once import Answer
        from layerbench.runner.connect import connect

        self._notes: list[str] = []
        self._answer = Answer(lambda: connect(builder, self._notes.append))

    def get(self, note: Callable[[str], None]) -> Connection:
        """The connection; waits for it, and tells what there is to tell of it.

        Raises:
            EngineError: no engine answers, or buildx or the builder is missing.
        """
        connection: Connection = self._answer.get()
        for text in self._notes:
            note(text)
        return connection


def has_failures(*results: Result) -> bool:
    """Whether a build or a smoke test failed."""
    return any(
        any(build.outcome != "built" for build in result.builds)
        or any(test.outcome == "failed" for test in result.smoke_tests)
        for result in results
    )
