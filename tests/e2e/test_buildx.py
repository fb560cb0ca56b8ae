"""Real builds, on a current engine with the containerd store and on an older one with the classic store."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerbench.buildx.command import BuildRequest, Namespace
from layerbench.buildx.docker import DockerClient, builder_facts, engine_facts
from layerbench.buildx.process import FinishedBuild, run_build
from layerbench.buildx.steps import StepTrace, exit_code, trace_steps
from layerbench.errors import EngineError
from layerbench.instructions import parse_dockerfile
from tests.buildx.streams import as_text

pytestmark = pytest.mark.e2e

_REPOSITORY = "layerbench-test/buildx"
_PLAIN = ("--provenance=false",)
_SOON_SECONDS = 10.0


class Site:
    """A context with its Dockerfile, in a folder whose name was never used: BuildKit keeps what it was sent by it."""

    def __init__(self, parent: Path, docker: DockerClient, dockerfile: str, files: dict[str, str]) -> None:
        self.docker = docker
        self.dockerfile = dockerfile
        self.context = parent / f"context-{secrets.token_hex(8)}"
        self.context.mkdir()
        (self.context / "Dockerfile").write_text(dockerfile)
        for name, text in files.items():
            (self.context / name).write_text(text)
        self._tags: list[str] = []

    def command(self, **fields: object) -> list[str]:
        """The words of a build of it, under a name of its own.

        An image that loses its name is collected while the next one is unpacked, which then may miss a layer that both
        have ("parent snapshot … does not exist": Docker 28.5 with the containerd store).
        """
        options = {"extra_args": _PLAIN, **fields}
        self._tags.append(f"{_REPOSITORY}:{secrets.token_hex(8)}")
        request = BuildRequest(self.context, self.context / "Dockerfile", self._tags[-1], **options)  # type: ignore[arg-type]
        return request.command(self.docker)

    def build(self, **fields: object) -> FinishedBuild:
        """Build it; fails the test where the build fails."""
        finished = run_build(self.command(**fields), self.docker.environ(), timeout_seconds=120)
        assert finished.exit_code == 0, finished.text
        return finished

    def steps(self, finished: FinishedBuild) -> tuple[StepTrace, ...]:
        """Steps of a build of it."""
        return trace_steps(finished.trace, parse_dockerfile(self.dockerfile))

    def hits(self, finished: FinishedBuild) -> list[bool]:
        """Which steps were cached; without sources."""
        return [step.cached for step in self.steps(finished) if step.cached is not None]

    def image_id(self) -> str:
        """Digest of what was built: of the manifest, or with the classic store of the config."""
        return self.docker.ask("image", "inspect", "--format", "{{.Id}}", self._tags[-1]).strip()

    def remove(self) -> None:
        """Remove what was built."""
        self.docker.run("image", "rm", "--force", *self._tags)


MakeSite = Callable[[str, dict[str, str]], Site]


@pytest.fixture
def make_site(docker: DockerClient, tmp_path: Path) -> Iterator[MakeSite]:
    """Makes contexts for the engine of the test."""
    sites: list[Site] = []

    def make(dockerfile: str, files: dict[str, str]) -> Site:
        sites.append(Site(tmp_path, docker, dockerfile, files))
        return sites[-1]

    yield make
    for site in sites:
        site.remove()


def test_facts_of_a_current_engine(containerd_docker: DockerClient) -> None:
    engine = engine_facts(containerd_docker)
    assert engine.image_store == "containerd"
    assert engine.version is not None
    assert int(engine.version.partition(".")[0]) >= 28
    _check_facts(containerd_docker)


def test_facts_of_an_older_engine(classic_docker: DockerClient) -> None:
    engine = engine_facts(classic_docker)
    assert (engine.image_store, engine.version) == ("classic", "26.1.5+dfsg1")
    assert (builder_facts(classic_docker, None).buildx_version or "").startswith("0.13.")
    _check_facts(classic_docker)


def _check_facts(docker: DockerClient) -> None:
    engine, builder = engine_facts(docker), builder_facts(docker, None)
    assert docker.answers()
    assert engine.id
    assert engine.root is not None
    assert Path(engine.root).is_dir()
    assert (builder.name, builder.driver) == ("default", "docker")
    assert any(platform.startswith("linux/") for platform in builder.platforms)
    assert builder_facts(docker, "default") == builder


def test_builder_that_is_not_there(docker: DockerClient) -> None:
    with pytest.raises(
        EngineError, match=r'builder nowhere: no builder "nowhere" found; `docker buildx ls` lists them'
    ):
        builder_facts(docker, "nowhere")
    by_variable = DockerClient(docker.command, {**docker.environment, "BUILDX_BUILDER": "elsewhere"})
    with pytest.raises(EngineError, match=r'builder elsewhere: no builder "elsewhere" found'):
        builder_facts(by_variable, None)


@pytest.mark.parametrize("host", ["unix:///nonexistent/docker.sock", "tcp://127.0.0.1:9"])
def test_no_engine(docker: DockerClient, host: str) -> None:
    deaf = DockerClient(docker.command, {**docker.environment, "DOCKER_HOST": host})
    assert not deaf.answers()
    with pytest.raises(EngineError, match=r"^no Docker Engine answers: .*; start it, or run `layerbench engine up"):
        engine_facts(deaf)
    with pytest.raises(EngineError, match="builder default does not run: Cannot connect"):
        builder_facts(deaf, None)


def _dockerfile(base: str) -> str:
    return (
        f"FROM {base} AS builder\nWORKDIR /src\nCOPY a.txt .\nRUN --mount=type=cache,target=/cache \\\n"
        "    cat a.txt > b.txt; ls /cache; touch /cache/used\n"
        f"FROM {base}\nWORKDIR /srv\nCOPY --from=builder /src/b.txt .\nRUN cat b.txt\n"
    )


def test_both_engines_tell_the_same_steps(
    containerd_docker: DockerClient,
    classic_docker: DockerClient,
    base_of: Callable[[DockerClient], str],
    tmp_path: Path,
) -> None:
    content = {"a.txt": secrets.token_hex(8)}
    found = []
    for docker in (containerd_docker, classic_docker):
        site = Site(tmp_path, docker, _dockerfile(base_of(docker)), content)
        namespace = Namespace.new()
        for no_cache in (True, False):
            finished = site.build(namespace=namespace, no_cache=no_cache)
            found.append([line for line in as_text(site.steps(finished)).splitlines() if "WORKDIR" not in line])
        site.remove()
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert [line.split(" | ")[3] for line in found[0]] == ["source", "ran", "ran", "ran", "ran"]
    assert [line.split(" | ")[3] for line in found[1]] == ["source", "hit", "hit", "hit", "hit"]


def test_namespaces_share_no_hits(make_site: MakeSite, base: str, docker: DockerClient) -> None:
    site = make_site(_dockerfile(base), {"a.txt": secrets.token_hex(8)})
    first, second = Namespace.new(), Namespace.new()
    site.build(namespace=first)
    assert all(site.hits(site.build(namespace=first)))
    other = site.build(namespace=second)
    shared = {step.instruction for step in site.steps(other) if step.cached}
    if engine_facts(docker).image_store == "classic":
        # The older frontend keeps all but RUN outside: those steps are told apart by content only, and a builder's RUN
        # that runs again leaves the same content.
        assert shared == {"WORKDIR /src", "COPY a.txt .", "WORKDIR /srv", "COPY --from=builder /src/b.txt ."}
    else:
        assert shared == set()
    assert all(site.hits(site.build(namespace=second)))
    assert all(site.hits(site.build(namespace=first)))


def test_namespaces_have_cache_mounts_of_their_own(make_site: MakeSite, base: str) -> None:
    site = make_site(_dockerfile(base), {"a.txt": secrets.token_hex(8)})
    first, second = Namespace.new(), Namespace.new()
    for namespace, no_cache, seen in (
        (first, True, ()),
        (second, True, ()),
        (first, False, ("used",)),
        (first, True, ()),  # --no-cache gives an empty one, which replaces the other
        (second, False, ("used",)),
    ):
        (site.context / "a.txt").write_text(secrets.token_hex(8))
        finished = site.build(namespace=namespace, no_cache=no_cache)
        step = next(step for step in site.steps(finished) if "/cache" in step.instruction)
        assert finished.trace.log_tail(step.vertices[0]) == seen


def test_an_ordinary_build_hits_as_before(make_site: MakeSite, base: str) -> None:
    """The promise to everybody else on the builder."""
    content = secrets.token_hex(8)
    site = make_site(_dockerfile(base), {"a.txt": content})
    site.build()
    assert all(site.hits(site.build()))
    image = site.image_id()
    namespace = Namespace.new()
    measured = make_site(_dockerfile(base), {"a.txt": content})
    cold = measured.build(namespace=namespace, no_cache=True)
    assert not any(step.cached for step in measured.steps(cold) if step.instruction.startswith("RUN"))
    assert all(measured.hits(measured.build(namespace=namespace)))
    (measured.context / "a.txt").write_text(secrets.token_hex(9))
    assert not all(measured.hits(measured.build(namespace=namespace)))
    assert all(site.hits(site.build()))
    assert site.image_id() == image


def test_failed_build(make_site: MakeSite, base: str) -> None:
    site = make_site(f"FROM {base}\nRUN echo {secrets.token_hex(8)}; exit 7\n", {})
    finished = run_build(site.command(), site.docker.environ())
    assert finished.exit_code == 1
    failed = site.steps(finished)[-1]
    assert failed.error is not None
    assert exit_code(failed.error) == 7
    assert finished.text[-1].startswith("ERROR: ")


def _sleep(make_site: MakeSite, base: str) -> tuple[Site, str]:
    """A build that does not end by itself, and the word by which its process in the container can be found."""
    word = str(6_000_000 + secrets.randbelow(1_000_000))
    return make_site(f"FROM {base}\nRUN sleep {word}\n", {}), word


def _processes(word: str) -> list[str]:
    """Commands of this machine's processes that have the word among theirs, our own build commands included."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if word in words or any(f"sleep {word}" in one for one in words):
            found.append(" ".join(words))
    return found


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so after {seconds:g} s"
        time.sleep(0.02)


def test_timeout_stops_the_step_in_its_container(make_site: MakeSite, base: str) -> None:
    site, word = _sleep(make_site, base)
    seen = []
    finished = run_build(
        site.command(),
        site.docker.environ(),
        timeout_seconds=4,
        on_update=lambda trace: seen.append(bool(_processes(word))),
    )
    assert any(seen)
    assert finished.timed_out
    assert finished.exit_code != 0
    assert finished.wall_seconds < 4 + _SOON_SECONDS
    _wait_until(lambda: not _processes(word), _SOON_SECONDS)


_PROGRAM = """
import os, sys
from layerbench.buildx.process import run_build
try:
    run_build(sys.argv[1:], os.environ)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_stops_the_step_in_its_container(make_site: MakeSite, base: str) -> None:
    site, word = _sleep(make_site, base)
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, *site.command()], env=site.docker.environ())
    try:
        _wait_until(lambda: any(one.startswith("sleep") for one in _processes(word)), 60)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert time.monotonic() - started < _SOON_SECONDS
        _wait_until(lambda: not _processes(word), _SOON_SECONDS)
        _wait_until(lambda: not _processes(site.context.name), _SOON_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()


def test_client_that_is_gone(tmp_path: Path) -> None:
    site = Site(tmp_path, DockerClient(("no-such-docker",)), "FROM scratch\n", {})
    with pytest.raises(EngineError, match="no-such-docker cannot be started: No such file or directory"):
        run_build(site.command(), os.environ)
