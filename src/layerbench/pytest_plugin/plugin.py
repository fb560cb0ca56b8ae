"""The hooks of pytest: options, marker, fixture, and what the report of a failed test shows."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from layerbench.pytest_plugin.asking import Places
    from layerbench.pytest_plugin.fixture import Layerbench
    from layerbench.pytest_plugin.outcome import RunOutcome

_MARKER = "layerbench"
_BENCH_FILE_OPTION = "--layerbench-bench-file"
_NO_ENGINE_OPTION = "--layerbench-no-engine"
_BENCH_FILE_INI = "layerbench_bench_file"
_looked_at: pytest.StashKey[list[RunOutcome]] = pytest.StashKey()
"""The builds that the test under way looked at."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("layerbench", "container image builds")
    group.addoption(
        _BENCH_FILE_OPTION,
        metavar="FILE",
        default=None,
        help="Bench file whose variants the tests build (default: layerbench.toml in the root folder).",
    )
    group.addoption(
        _NO_ENGINE_OPTION,
        choices=("fail", "skip"),
        default="fail",
        help="What a test does that builds an image where no Docker Engine answers (default: fail).",
    )
    parser.addini(_BENCH_FILE_INI, "Bench file whose variants the tests build, relative to this file.", default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{_MARKER}: builds a container image (set where the fixture is used)")
    config.stash[_looked_at] = []


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what uses the fixture, before `-m` selects."""
    if _MARKER in getattr(item, "fixturenames", ()):
        item.add_marker(_MARKER)


@pytest.fixture(scope="session")
def layerbench(request: pytest.FixtureRequest) -> Layerbench:
    """Builds a Dockerfile's image and says what was cached, what ran, and how many bytes it has."""
    from layerbench.pytest_plugin.builds import Builds
    from layerbench.pytest_plugin.fixture import Layerbench

    config = request.config
    return Layerbench(
        _places(config), Builds(_shared_folder(request)), _Looks(config), _Without(config.getoption(_NO_ENGINE_OPTION))
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Forget what the test before looked at."""
    item.config.stash[_looked_at].clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the steps of the builds that a test looked at, below its failed assert."""
    report = yield
    looked_at = item.config.stash[_looked_at]
    if report.failed and looked_at and call.excinfo is not None and _wants_tables(call.excinfo.value):
        for outcome in looked_at:
            _add_section(report, f"layerbench: {outcome.title}", f"{outcome!r}\n{outcome.table()}")
    return report


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Say of a comparison with a build's figure what the figure is made of."""
    if not config.stash[_looked_at]:
        return None  # without importing anything for tests that have nothing to do with images
    from layerbench.pytest_plugin.comparisons import explain_comparison

    return explain_comparison(op, left, right)


class _Looks:
    """Takes down what the test under way looks at, each build once."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __call__(self, outcome: RunOutcome) -> None:
        looked_at = self._config.stash[_looked_at]
        if all(one.build is not outcome.build for one in looked_at):
            looked_at.append(outcome)


class _Without:
    """Ends a test where no engine answers."""

    def __init__(self, choice: str) -> None:
        self._choice = choice

    def __call__(self, reason: str) -> NoReturn:
        __tracebackhide__ = True
        if self._choice == "skip":
            pytest.skip(reason)
        pytest.fail(reason, pytrace=False)


def _places(config: pytest.Config) -> Places:
    from layerbench.pytest_plugin.asking import Places

    option = config.getoption(_BENCH_FILE_OPTION)
    if option:
        return Places(config.rootpath, Path(config.invocation_params.dir, option))
    ini: Any = config.getini(_BENCH_FILE_INI)
    if ini:
        folder = config.inipath.parent if config.inipath else config.rootpath
        return Places(config.rootpath, folder / ini)
    return Places(config.rootpath)


def _shared_folder(request: pytest.FixtureRequest) -> Path | None:
    """Where the processes of pytest-xdist find each other's results; None where there is one process."""
    if not hasattr(request.config, "workerinput"):
        return None
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return factory.getbasetemp().parent / "layerbench"


def _wants_tables(error: BaseException) -> bool:
    """Whether an error is an assert on a figure; one that lists the steps itself needs no table."""
    from layerbench.pytest_plugin.errors import StepNotFoundError

    return isinstance(error, AssertionError) and not isinstance(error, StepNotFoundError)


def _add_section(report: pytest.TestReport, title: str, text: str) -> None:
    """Add to the traceback, which goes into every kind of report; below it where that is a plain text."""
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(title, text, "-")
    else:
        report.sections.append((title, text))
