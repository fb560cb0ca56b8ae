"""The command line of one measured build."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from layerbench.buildx.docker import DockerClient

_SOURCE_DATE_EPOCH = "SOURCE_DATE_EPOCH"
_TEN_YEARS_SECONDS = 10 * 365 * 86400


@dataclass(frozen=True, slots=True)
class Namespace:
    """A part of the builder's cache that nobody else uses, made by options that enter cache keys.

    An extra host's name enters every RUN's key (its address does not), `BUILDKIT_CACHE_MOUNT_NS` gives cache mounts of
    one's own, and since BuildKit 0.14 or so `SOURCE_DATE_EPOCH` enters WORKDIR's key (with 0.25 a COPY's key was seen
    to be equal in two namespaces). What stays outside (COPY and ADD before the first RUN or WORKDIR, and `COPY --link`
    anywhere) is told apart by content only: see docs/method.md.
    """

    id: str
    source_date_epoch: int

    @classmethod
    def new(cls) -> Namespace:
        """A namespace that was never used before."""
        # A date of the last ten years: zip files know none before 1980, and make distrusts the future.
        epoch = int(time.time()) - 86400 - secrets.randbelow(_TEN_YEARS_SECONDS)
        return cls(f"layerbench-{secrets.token_hex(8)}", epoch)

    def options(self, build_args: Mapping[str, str]) -> list[str]:
        """The options of a build inside; a SOURCE_DATE_EPOCH of the variant's own is left alone."""
        options = [
            f"--add-host={self.id}.invalid:127.0.0.1",
            f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={self.id}",
        ]
        if _SOURCE_DATE_EPOCH not in build_args:
            options.append(f"--build-arg={_SOURCE_DATE_EPOCH}={self.source_date_epoch}")
        return options


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """Everything that one build is told. Secrets are told by where they are."""

    context: Path
    dockerfile: Path
    tag: str
    namespace: Namespace | None = None
    no_cache: bool = False
    builder: str | None = None
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    build_contexts: Mapping[str, str] = field(default_factory=dict)
    secret_specs: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    platform: str | None = None
    network: str | None = None
    add_hosts: Mapping[str, str] = field(default_factory=dict)
    extra_args: tuple[str, ...] = ()

    def command(self, docker: DockerClient) -> list[str]:
        """The words of the process to start."""
        return self._words(docker, ["--load", f"--tag={self.tag}"], self.target)

    def command_for_keys(self, docker: DockerClient, metadata: Path, target: str | None) -> list[str]:
        """The words of a process that builds the same once more, and keeps BuildKit's cache keys with its result.

        Args:
            docker: the client.
            metadata: where buildx says what it made.
            target: a stage; None for the last one.
        """
        # Nothing is left in the image store; and without attestations the config's digest is told.
        output = ["--provenance=false", "--cache-to=type=inline", "--output=type=image,store=false"]
        return self._words(docker, [*output, f"--metadata-file={metadata}"], target)

    def _words(self, docker: DockerClient, output: list[str], target: str | None) -> list[str]:
        words = [*docker.command, "buildx", "build", "--progress=rawjson", *output]
        words.append(f"--file={self.dockerfile}")
        for option, value in (
            ("--builder", self.builder),
            ("--target", target),
            ("--platform", self.platform),
            ("--network", self.network),
        ):
            if value is not None:
                words.append(f"{option}={value}")
        words += [f"--build-arg={name}={value}" for name, value in self.build_args.items()]
        words += [f"--build-context={name}={value}" for name, value in self.build_contexts.items()]
        words += [f"--secret={spec}" for spec in self.secret_specs]
        words += [f"--ssh={spec}" for spec in self.ssh]
        words += [f"--add-host={name}:{address}" for name, address in self.add_hosts.items()]
        if self.namespace is not None:
            words += self.namespace.options(self.build_args)
        if self.no_cache:
            words.append("--no-cache")
        return [*words, *self.extra_args, str(self.context)]
