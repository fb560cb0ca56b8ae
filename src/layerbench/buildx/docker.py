"""The docker client: how it is called, and what it says of engine and builder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from layerbench.errors import EngineError
from layerbench.platforms import platform_of_machine

_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DockerClient:
    """The start of every docker command line, and what its environment has beyond this process's."""

    command: tuple[str, ...] = ("docker",)
    environment: Mapping[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        """The whole environment of a docker process."""
        return {**os.environ, **self.environment}

    def run(self, *arguments: str, timeout_seconds: float = _ANSWER_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run one short docker command and return what it printed, whatever its exit code.

        Raises:
            EngineError: docker is not installed, or gave no answer in time.
        """
        try:
            return subprocess.run(
                [*self.command, *arguments],
                env=self.environ(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_seconds,
                check=False,
                start_new_session=True,  # Ctrl-C is for this program, which may be cleaning up
            )
        except FileNotFoundError:
            raise EngineError(
                f"{self.command[0]} is not installed; install the docker client, or run "
                "`layerbench engine up --fetch` for a private engine with its own"
            ) from None
        except subprocess.TimeoutExpired:
            words = " ".join(("docker", *arguments[:2]))
            raise EngineError(f"{words} gave no answer within {timeout_seconds:.0f} s; is the engine well?") from None

    def ask(self, *arguments: str, timeout_seconds: float = _ANSWER_SECONDS) -> str:
        """What a docker command prints on stdout.

        Raises:
            EngineError: it failed; with docker's own words.
        """
        done = self.run(*arguments, timeout_seconds=timeout_seconds)
        if done.returncode != 0:
            raise EngineError(f"docker {' '.join(arguments[:2])} failed: {last_line(done.stderr)}")
        return done.stdout

    def is_installed(self) -> bool:
        """Whether the client can be started at all."""
        return shutil.which(self.command[0], path=self.environ().get("PATH")) is not None

    def answers(self) -> bool:
        """Whether an engine answers this client now."""
        if not self.is_installed():
            return False
        try:
            return self.run("version", "--format", "{{.Server.Version}}", timeout_seconds=10).returncode == 0
        except EngineError:
            return False


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the engine says of itself; None where it does not."""

    id: str | None
    version: str | None
    image_store: str | None
    root: str | None
    platform: str
    """As `linux/amd64`: what a build without `--platform` is for."""


@dataclass(frozen=True, slots=True)
class BuilderFacts:
    """What buildx says of a builder; None where it does not."""

    name: str
    driver: str
    buildx_version: str | None
    buildkit_version: str | None
    platforms: tuple[str, ...] = ()


def engine_facts(docker: DockerClient) -> EngineFacts:
    """Ask the engine for its identity, version and image store.

    Raises:
        EngineError: no engine answers.
    """
    answer = docker.run("info", "--format", "{{json .}}")
    if answer.returncode != 0:
        raise EngineError(_no_engine(last_line(answer.stderr)))
    info: Any = _json(answer.stdout)
    errors = info.get("ServerErrors")
    if errors:  # older clients exit with 0 all the same
        raise EngineError(_no_engine(errors[0]))
    status = dict(pair for pair in info.get("DriverStatus") or () if len(pair) == 2)
    machine = str(info.get("Architecture", ""))
    is_containerd = "containerd" in str(status.get("driver-type", ""))
    return EngineFacts(
        id=info.get("ID") or None,
        version=info.get("ServerVersion") or None,
        image_store="containerd" if is_containerd else "classic",
        root=info.get("DockerRootDir") or None,
        platform=platform_of_machine(machine, str(info.get("OSType", "linux"))),
    )


def builder_facts(docker: DockerClient, name: str | None) -> BuilderFacts:
    """Ask buildx for a builder, by default the one that `docker buildx build` takes.

    Raises:
        EngineError: buildx is missing, there is no such builder, or its node does not run.
    """
    version = buildx_version(docker)
    inspected = docker.run("buildx", "inspect", *([name] if name else []), timeout_seconds=120)
    if inspected.returncode != 0:
        wanted = name or docker.environ().get("BUILDX_BUILDER") or "default"
        raise EngineError(f"builder {wanted}: {last_line(inspected.stderr)}; `docker buildx ls` lists them")
    found = _fields(inspected.stdout)
    problem = found.get("error")
    if problem:
        raise EngineError(f"builder {found.get('name', name)} does not run: {problem}")
    return BuilderFacts(
        name=found.get("name", name or "default"),
        driver=found.get("driver", "docker"),
        buildx_version=version,
        buildkit_version=_known(found.get("buildkit version") or found.get("buildkit")),
        platforms=tuple(part.strip(" *") for part in found.get("platforms", "").split(",") if part.strip()),
    )


def buildx_version(docker: DockerClient) -> str | None:
    """The version of the client's buildx; None where it does not tell.

    Raises:
        EngineError: the client has no buildx.
    """
    answer = docker.run("buildx", "version")
    if answer.returncode != 0:
        raise EngineError(
            "the docker client has no buildx; install the docker-buildx package (or docker-buildx-plugin), "
            "or run `layerbench engine up --fetch`"
        )
    return _version(answer.stdout)


def last_line(text: str) -> str:
    """The last line that says something, without docker's `ERROR:`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"^ERROR:\s*", "", lines[-1]) if lines else "it said nothing"


def _fields(text: str) -> dict[str, str]:
    """The first value of every `Key: value` line; a builder's own lines stand before its nodes'."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, separator, value = line.partition(":")
        if separator:
            found.setdefault(key.strip().lower(), value.strip())
    return found


def _known(version: str | None) -> str | None:
    """Nothing for a BuildKit that was compiled without its version, as Debian's is."""
    return version if version and "unknown" not in version else None


def _no_engine(why: str) -> str:
    if "permission denied" in why.lower():
        return f"the Docker Engine may not be used: {why}; run as root, or join the group docker"
    return f"no Docker Engine answers: {why.rstrip('.')}; start it, or run `layerbench engine up --fetch`"


def _version(text: str) -> str | None:
    match = re.search(r"\bv?(\d+\.\d+\S*)", text)
    return match[1] if match else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise EngineError(f"docker printed no JSON: {error}") from None
