"""What a test fails with, beside its own asserts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerbench.errors import BuildError, EngineError

if TYPE_CHECKING:
    from layerbench.results.models import Build


class StepNotFoundError(AssertionError):
    """No step of the build matches a pattern, or several do; the message lists the steps."""


class BuildFailedError(BuildError):
    """The build failed, or its cache was not what was asked for; `build` is its record."""

    def __init__(self, message: str, build: Build) -> None:
        super().__init__(message)
        self.build = build


class NoEngineError(EngineError):
    """No Docker Engine answers."""
