"""Real builds for the tests of one session, each done once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.errors import EngineError, LayerbenchError
from layerbench.pytest_plugin.asking import Asked
from layerbench.pytest_plugin.errors import NoEngineError

if TYPE_CHECKING:
    from layerbench.buildx.trace import Trace
    from layerbench.config.models import BenchFile, Scenario
    from layerbench.plan import PlannedBuild
    from layerbench.results.models import Build, Result
    from layerbench.runner.connect import Connection

_ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG", "BUILDX_BUILDER", "PATH")
"""What decides which engine answers; a test that sets one of them gets that engine."""


class Builds:
    """Builds what is asked for, unless it was asked for before."""

    def __init__(self, shared_folder: Path | None = None) -> None:
        """Start without any build.

        Args:
            shared_folder: where processes that carry out one session together leave results for each other.
        """
        self._shared_folder = shared_folder
        self._connections: dict[tuple[str | None, ...], Connection | EngineError] = {}
        self._known: dict[str, Build] = {}

    def of(self, asked: Asked) -> Build:
        """The build that is asked for.

        Raises:
            NoEngineError: no engine answers.
            EngineError: the engine died, or a base cannot be had.
            UsageError: a Dockerfile, a secret or an edit is wrong.
        """
        connection = self._connect()
        engine = connection.engine.id or "engine"
        key = _key(engine, asked.bench, asked.scenario)
        if key not in self._known:
            with _interruptible(), _locked(engine):
                # What another process of the session had built while this one waited.
                shared = self._read_shared(key, asked)
                if shared is not None:
                    self._known[key] = shared
                else:
                    self._keep(engine, asked.bench, self.measure(asked.bench, connection))
        return self._known[key]

    def measure(self, bench: BenchFile, connection: Connection) -> Result:
        """Build every scenario of a bench file. The engine's lock is the caller's."""
        from layerbench.runner.preflight import check_all_edits, check_dockerfiles, check_secrets
        from layerbench.runner.session import RunOptions, Session
        from layerbench.runner.start import start_result

        check_secrets(bench, os.environ)
        check_dockerfiles(bench)
        check_all_edits(bench)
        options = RunOptions(smoke=False)
        start = start_result(bench, connection, None)
        return Session(bench, connection, options, _Quiet(), lambda _: None).run(start)

    def connect(self) -> Connection:
        """Find the engine.

        Raises:
            EngineError: none answers, or buildx or the builder is missing.
        """
        from layerbench.runner.connect import connect

        return connect(None, _note)

    def _connect(self) -> Connection:
        """The engine that was found before, or else the one that answers now."""
        where = tuple(os.environ.get(name) for name in _ENGINE_VARIABLES)
        if where not in self._connections:
            try:
                self._connections[where] = self.connect()
            except EngineError as error:
                self._connections[where] = NoEngineError(str(error))
        found = self._connections[where]
        if isinstance(found, EngineError):
            raise NoEngineError(str(found))
        return found

    def _keep(self, engine: str, bench: BenchFile, result: Result) -> None:
        scenarios = {scenario.name: scenario for scenario in bench.scenarios}
        for build in result.builds:
            key = _key(engine, bench, scenarios[build.scenario])
            if key not in self._known:
                self._known[key] = build
                self._write_shared(key, replace(result, builds=(build,), images=()))

    def _read_shared(self, key: str, asked: Asked) -> Build | None:
        if self._shared_folder is None:
            return None
        from layerbench.results.file import read_result

        path = self._shared_folder / f"{key}.json"
        if not path.exists():
            return None
        try:
            builds = read_result(path).builds
        except LayerbenchError:  # it is built once more
            return None
        return next((build for build in builds if build.scenario == asked.scenario.name), None)

    def _write_shared(self, key: str, result: Result) -> None:
        if self._shared_folder is None or (path := self._shared_folder / f"{key}.json").exists():
            return
        from layerbench.results.file import write_result

        with contextlib.suppress(LayerbenchError, OSError):  # then the other processes build it themselves
            self._shared_folder.mkdir(parents=True, exist_ok=True)
            write_result(result, path)


class _Quiet:
    """An observer that passes on what a person should know; pytest shows it with a test that fails."""

    def note(self, text: str) -> None:
        _note(text)

    def begin(self, total: int) -> None:
        pass

    def preparing(self, what: str) -> None:
        pass

    def build_begins(self, planned: PlannedBuild) -> None:
        pass

    def build_moves(self, trace: Trace) -> None:
        pass

    def build_ends(self, build: Build) -> None:
        pass

    def end(self) -> None:
        pass


def _note(text: str) -> None:
    sys.stderr.write(f"layerbench: {text}\n")


def _key(engine: str, bench: BenchFile, scenario: Scenario) -> str:
    """What equal requests have in common: engine, folder, variant, its Dockerfile's content, and the scenario."""
    from layerbench.runner.records import bench_record

    [variant] = bench.variants
    digest = hashlib.sha256()
    for part in (engine, str(bench.folder), bench_record(replace(bench, scenarios=(scenario,))).digest):
        digest.update(part.encode(errors="surrogateescape") + b"\0")
    with contextlib.suppress(OSError):  # the check of the Dockerfiles has the words for it
        digest.update(variant.dockerfile.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def _locked(engine: str) -> Iterator[None]:
    from layerbench.runner.lock import engine_lock

    with engine_lock(engine, _note):
        yield


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the end of the terminal stop a build and clean up; they are pytest's again then."""
    from layerbench.runner.interruption import SIGNALS, install_handlers

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    install_handlers()
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # None: not set from Python, and not to be had back
                signal.signal(number, handler)
