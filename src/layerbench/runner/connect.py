"""Which docker, which engine, which builder: found once, before the first build."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from layerbench.buildx.docker import BuilderFacts, DockerClient, EngineFacts, builder_facts, engine_facts
from layerbench.engine import PrivateEngine, running
from layerbench.errors import EngineError
from layerbench.results.models import Builder, Machine
from layerbench.runner.at_once import at_once


@dataclass(frozen=True, slots=True)
class Connection:
    """A docker client that reaches an engine with a builder that runs."""

    docker: DockerClient
    engine: EngineFacts
    builder: BuilderFacts
    private_engine: PrivateEngine | None
    builder_option: str | None
    """What `--builder` of a build has to be; None for the client's own choice."""

    def record(self) -> Builder:
        """The builder as the result file tells it."""
        return Builder(
            name=self.builder.name,
            driver=self.builder.driver,
            engine_version=self.engine.version,
            buildx_version=self.builder.buildx_version,
            buildkit_version=self.builder.buildkit_version,
            image_store=_image_store(self.engine.image_store),
            private_engine=self.private_engine.name if self.private_engine else None,
        )


def connect(builder: str | None, notify: Callable[[str], None]) -> Connection:
    """Find the engine that answers, by preference the one that `docker` itself would use.

    Args:
        builder: name of a buildx builder; None for the one that `docker buildx build` would take.
        notify: told when a private engine serves.

    Raises:
        EngineError: none answers, or buildx or the builder is missing.
    """
    own = DockerClient()
    # Each of these starts a docker process or two, which together would take as long as a warm build.
    engine, facts, docker = at_once(
        lambda: engine_facts(own), lambda: builder_facts(own, builder), lambda: _with_host(own)
    )
    if engine.error is None:
        return Connection(docker.get(), engine.get(), facts.get(), _owner(docker.get()), builder)
    private = _any_running()
    if private is None:
        raise engine.error
    notify(f'the private engine "{private.name}" serves, for no other engine answers')
    client = client_of(private)
    return Connection(client, engine_facts(client), builder_facts(client, builder), private, builder)


def find_client() -> tuple[DockerClient, PrivateEngine | None]:
    """The client of the engine that answers; of a private engine that is up when no other does.

    Raises:
        EngineError: no engine answers.
    """
    own = DockerClient()
    if own.answers():
        return _with_host(own), _owner(own)
    private = _any_running()
    if private is None:
        engine_facts(own)  # has the words for what is wrong
        raise EngineError("no Docker Engine answers; start it, or run `layerbench engine up --fetch` for a private one")
    return client_of(private), private


def client_of(engine: PrivateEngine) -> DockerClient:
    """The docker client that reaches a private engine."""
    environment = dict(engine.environment)
    if engine.client_folder is not None:
        environment["PATH"] = os.pathsep.join((str(engine.client_folder), os.environ.get("PATH", os.defpath)))
    return DockerClient(engine.docker_command, environment)


def machine_record() -> Machine:
    """This machine as the result file tells it."""
    try:
        memory_bytes: int | None = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        memory_bytes = None
    return Machine(
        cpu_count=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=memory_bytes,
        kernel=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
    )


def _with_host(docker: DockerClient) -> DockerClient:
    """The same client with DOCKER_HOST said: docker-py knows no docker contexts."""
    if "DOCKER_HOST" in os.environ:
        return docker
    answer = docker.run(
        "context", "inspect", "--format", "{{.Endpoints.docker.Host}} {{.Endpoints.docker.SkipTLSVerify}}"
    )
    host, _, _ = answer.stdout.strip().partition(" ")
    if answer.returncode != 0 or not host.startswith(("unix://", "npipe://", "ssh://")):
        return docker
    return DockerClient(docker.command, {**docker.environment, "DOCKER_HOST": host})


def _owner(docker: DockerClient) -> PrivateEngine | None:
    """The private engine that DOCKER_HOST points to, where it does."""
    host = docker.environ().get("DOCKER_HOST", "")
    if not host.startswith("unix://"):
        return None
    socket = host.removeprefix("unix://")
    return next((engine for engine in running() if str(engine.socket) == socket), None)


def _any_running() -> PrivateEngine | None:
    return next(iter(running()), None)


def _image_store(name: str | None) -> Literal["containerd", "classic"] | None:
    return "containerd" if name == "containerd" else "classic" if name == "classic" else None
