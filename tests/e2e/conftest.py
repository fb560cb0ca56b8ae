"""Engines for tests with real builds: one with the containerd image store, and an older one with the classic store.

Where `LAYERBENCH_TEST_ENGINE` and `LAYERBENCH_TEST_ENGINE_CLASSIC` name files of `export NAME=value` lines, as
`layerbench engine env` prints them, those engines serve. Otherwise private ones are started, and stopped at the end;
their files stay in the checkout's `.layerbench/`, so that the next time nothing is downloaded.
"""

from __future__ import annotations

import os
import shlex
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient
from layerbench.engine import PrivateEngine, start, stop
from tests.busybox import CHECKOUT, load_base

HOME = CHECKOUT / ".layerbench" / "test-engines"
BASE = "layerbench-test/base:1"
_CLASSIC_SUITE = "trixie"


# What these files test hardly depends on the image store: on the older engine they are part of `make test-full`
# only, so that `make test` stays within CI's time.
_CURRENT_ENGINE_ONLY = (
    "test_anatomy",
    "test_image",
    "test_index",
    "test_inspect_sources",
    "test_run_failures",
    "test_run_features",
    "test_run_interrupted",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in _CURRENT_ENGINE_ONLY and item.name.endswith("]") and "[classic" in item.name:
            item.add_marker(pytest.mark.full)


@pytest.fixture(scope="session")
def containerd_docker() -> Iterator[DockerClient]:
    """The client of a current engine, with the containerd image store."""
    with _engine("LAYERBENCH_TEST_ENGINE", "lb-test-containerd", suite=None, image_store="containerd") as docker:
        yield docker


@pytest.fixture(scope="session")
def classic_docker() -> Iterator[DockerClient]:
    """The client of an older engine, with the classic store and buildx 0.13."""
    with _engine(
        "LAYERBENCH_TEST_ENGINE_CLASSIC", "lb-test-classic", suite=_CLASSIC_SUITE, image_store="classic"
    ) as docker:
        yield docker


@pytest.fixture(scope="session", params=["containerd", "classic"])
def docker(request: pytest.FixtureRequest) -> DockerClient:
    """Both engines, one after the other."""
    client: DockerClient = request.getfixturevalue(f"{request.param}_docker")
    return client


@pytest.fixture(scope="session")
def base_of() -> Iterator[Callable[[DockerClient], str]]:
    """Loads a base of two megabytes, with a shell, into an engine, and gives its name; it is removed at the end."""
    loaded: list[DockerClient] = []

    def load(docker: DockerClient) -> str:
        if docker not in loaded:
            load_base(docker, BASE)
            loaded.append(docker)
        return BASE

    yield load
    for docker in loaded:
        docker.run("image", "rm", "--force", BASE)


@pytest.fixture
def base(docker: DockerClient, base_of: Callable[[DockerClient], str]) -> str:
    """The base in the engine of the test."""
    return base_of(docker)


def read_exports(text: str, current: Mapping[str, str]) -> dict[str, str]:
    """The variables of `export NAME=value` lines, as a shell would set them."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["export"]:
            for word in words[1:]:
                name, _, value = word.partition("=")
                found[name] = string.Template(value).safe_substitute({**current, **found})
    return found


@contextmanager
def _engine(variable: str, name: str, *, suite: str | None, image_store: str) -> Iterator[DockerClient]:
    given = os.environ.get(variable)
    if given:
        yield DockerClient(("docker",), read_exports(Path(given).read_text(), os.environ))
        return
    if os.geteuid() != 0:
        pytest.skip(f"a private engine needs root; or name another one in {variable}")
    # Builds that share an engine share vertices, so each process of pytest-xdist has engines of its own.
    name += os.environ.get("PYTEST_XDIST_WORKER", "").replace("gw", "-")
    with _home():
        engine = start(name, fetch=True, suite=suite, image_store=image_store, notify=print)
    try:
        yield _client(engine)
    finally:
        with _home():
            stop(name, notify=print)


def _client(engine: PrivateEngine) -> DockerClient:
    environment = dict(engine.environment)
    if engine.client_folder is not None:
        environment["PATH"] = os.pathsep.join((str(engine.client_folder), os.environ.get("PATH", os.defpath)))
    return DockerClient(engine.docker_command, environment)


@contextmanager
def _home() -> Iterator[None]:
    """The engine room keeps the engines of tests apart from the person's."""
    before = os.environ.get("LAYERBENCH_HOME")
    os.environ["LAYERBENCH_HOME"] = str(HOME)
    try:
        yield
    finally:
        if before is None:
            del os.environ["LAYERBENCH_HOME"]
        else:
            os.environ["LAYERBENCH_HOME"] = before
