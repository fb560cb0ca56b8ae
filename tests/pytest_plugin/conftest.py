"""Builds made up from what was measured of the web sample app, in place of an engine's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# Imported here so that pytester, which forgets what a session of its own has imported, does not load them every time.
import layerbench.config.file
import layerbench.config.select
import layerbench.pytest_plugin.comparisons
import layerbench.pytest_plugin.fixture
import layerbench.runner.interruption
import layerbench.runner.lock
import layerbench.runner.records  # noqa: F401
from layerbench.config.models import BenchFile
from layerbench.pytest_plugin.builds import Builds
from layerbench.results.models import Result
from tests.pytest_plugin.sessions import plugin_arguments
from tests.results import factory

SAMPLE = Path(__file__).resolve().parents[2] / "sample_app" / "web"

RunPytest = Callable[..., pytest.RunResult]


@dataclasses.dataclass
class MadeUp:
    """Stands for the engine: what was measured in it, and what it is to make of a result."""

    measured: list[tuple[str, ...]] = dataclasses.field(default_factory=list)
    """Scenarios of each run."""
    change: Callable[[Result], Result] = dataclasses.field(default=lambda result: result)
    on_measure: Callable[[], None] = dataclasses.field(default=lambda: None)

    def measure(self, bench: BenchFile) -> Result:
        self.on_measure()
        names = tuple(scenario.name for scenario in bench.scenarios)
        self.measured.append(names)
        [variant] = bench.variants
        known = {scenario.name: scenario for scenario in factory.SCENARIOS}
        # An edit that a test makes up is to do what a source edit was seen to do.
        scenarios = [known.get(name, known["edit-source"]) for name in names]
        whole = self.change(factory.result([factory.plan(variant.name)], scenarios, rounds=1))
        builds = tuple(
            dataclasses.replace(build, scenario=name) for build, name in zip(whole.builds, names, strict=True)
        )
        return dataclasses.replace(whole, builds=builds)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    engine = MadeUp()
    connection: Any = SimpleNamespace(engine=SimpleNamespace(id="made-up"))
    monkeypatch.setattr(Builds, "connect", lambda self: connection)
    monkeypatch.setattr(Builds, "measure", lambda self, bench, connection: engine.measure(bench))
    return engine


@pytest.fixture
def run_pytest(pytester: pytest.Pytester) -> RunPytest:
    """Runs pytest on a test file's text, beside the web sample app's Dockerfiles."""
    for path in SAMPLE.iterdir():
        if path.is_file():
            (pytester.path / path.name).write_bytes(path.read_bytes())

    def run(text: str, *arguments: str, ini: Sequence[str] = (), **how: bool) -> pytest.RunResult:
        pytester.makepyfile(test_image=text)
        pytester.makeini("\n".join(["[pytest]", *ini]))
        return pytester.runpytest_inprocess(*plugin_arguments(), "-p", "no:xdist", *arguments, **how)

    return run
