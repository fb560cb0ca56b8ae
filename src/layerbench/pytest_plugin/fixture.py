"""The object that tests get as `layerbench`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from layerbench.errors import LayerbenchError
from layerbench.pytest_plugin.asking import Asked, EditText, Places, Wanted, understand
from layerbench.pytest_plugin.builds import Builds
from layerbench.pytest_plugin.errors import BuildFailedError, NoEngineError
from layerbench.pytest_plugin.outcome import RunOutcome
from layerbench.results.models import Build


class Layerbench:
    """Builds images for tests. Equal requests of one session are built once."""

    def __init__(
        self,
        places: Places,
        builds: Builds,
        on_look: Callable[[RunOutcome], None],
        without_engine: Callable[[str], NoReturn],
    ) -> None:
        self._places = places
        self._builds = builds
        self._on_look = on_look
        self._without_engine = without_engine

    def run(
        self,
        variant: str | None = None,
        *,
        edit: EditText | Sequence[EditText] | None = None,
        scenario: str | None = None,
        warm: bool = False,
        dockerfile: str | os.PathLike[str] | None = None,
        context: str | os.PathLike[str] | None = None,
        target: str | None = None,
        build_args: Mapping[str, str] | None = None,
    ) -> RunOutcome:
        """Build a variant and say what came of it: with nothing cached, unless something else is asked for.

        Args:
            variant: name in the bench file; may be left out where that has one only.
            edit: an edit as in the bench file, or a list of them, on top of a warm cache; `append` and `write` may
                leave out their `text`, which is then a comment that was never there before.
            scenario: a scenario of the bench file, or `cold` or `warm`.
            warm: build once more what was just built.
            dockerfile: a Dockerfile to be built without a bench file; relative to pytest's root folder.
            context: its context; the Dockerfile's folder by default.
            target: the stage to build, with `dockerfile` or `context`.
            build_args: likewise.

        Raises:
            BuildFailedError: the build failed, or its cache was not what was asked for.
            UsageError: an argument, the bench file or a Dockerfile is wrong.
            EngineError: the engine died, or a base cannot be had.
        """
        __tracebackhide__ = True
        wanted = Wanted(variant, edit, scenario, warm, dockerfile, context, target, build_args or {})
        asked = understand(wanted, self._places)
        try:
            build = self._builds.of(asked)
        except NoEngineError as error:
            self._without_engine(str(error))
        return self._outcome(asked, build)

    def _outcome(self, asked: Asked, build: Build) -> RunOutcome:
        __tracebackhide__ = True
        outcome = RunOutcome(
            asked.title, asked.scenario.kind, build, self._on_look, functools.cache(lambda: causes_of(asked))
        )
        if build.outcome != "built":
            raise BuildFailedError(_failure(outcome), build)
        if build.invalid is not None:
            message = f"the build of {asked.title} says nothing, for its cache was not as it had to be: {build.invalid}"
            raise BuildFailedError(f"{message}\n{outcome.table()}", build)
        self._on_look(outcome)
        return outcome


def causes_of(asked: Asked) -> Mapping[tuple[str | None, str], str]:
    """Why the edit of what was asked for runs steps again; nothing where that cannot be found out any more."""
    from layerbench.foresight.scenarios import scenario_causes

    try:
        [variant] = asked.bench.variants
        return scenario_causes(variant, asked.scenario)
    except (LayerbenchError, OSError, ValueError):
        return {}


def _failure(outcome: RunOutcome) -> str:
    build = outcome.build
    error = build.error
    lines = [f"the build of {outcome.title} failed: {error.message if error else build.outcome}"]
    if error is not None:
        lines += [f"    {line}" for line in error.log_tail]
    return "\n".join([*lines, *([outcome.table()] if build.steps else [])])
