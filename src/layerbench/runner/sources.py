"""Where a variant's FROM images and its frontend come from: the registry, the engine, or a stand-in.

Every reference is tried by a small real build, once a run. That also pulls and unpacks the bases before anything is
measured, so that a cold build's time holds no pull.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from layerbench.buildx.process import FinishedBuild, run_build
from layerbench.config.models import BenchFile, Variant
from layerbench.errors import EngineError, UsageError
from layerbench.image import load_layout
from layerbench.instructions import Dockerfile, parse_dockerfile, syntax_image
from layerbench.results.models import Base, Frontend
from layerbench.runner.connect import Connection
from layerbench.runner.leftovers import TEMPORARY_REPOSITORY

_PROBE_SECONDS = 600.0
_SYNTAX_PROBE_SECONDS = 60.0
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})")

FrontendChoice = Literal["auto", "builtin"]


@dataclass(frozen=True, slots=True)
class Sources:
    """What a variant's builds are told of bases and frontend."""

    dockerfile: Dockerfile
    bases: tuple[Base, ...]
    frontend: Frontend
    blanks_syntax_line: bool
    build_contexts: Mapping[str, str] = field(default_factory=dict)
    add_hosts: Mapping[str, str] = field(default_factory=dict)


class SourceFinder:
    """Finds every reference of a run once."""

    def __init__(
        self,
        connection: Connection,
        stand_ins: Mapping[str, str],
        folder: Path,
        choice: FrontendChoice,
        notify: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._stand_ins = stand_ins
        self._folder = folder
        self._choice = choice
        self._notify = notify
        self._bases: dict[tuple[str, str | None], Base] = {}
        self._syntax_images: dict[str, bool] = {}
        self._served: dict[str, str] = {}
        self.tags: list[str] = []
        """Images that were loaded for this run, for the caller to remove."""

    def find(self, variant: Variant) -> Sources:
        """Bases and frontend of one variant.

        Raises:
            UsageError: its Dockerfile cannot be read, or has no such target.
            EngineError: a base can be had neither by a pull nor by a stand-in.
        """
        text = _read(variant)
        try:
            dockerfile = parse_dockerfile(text.decode(errors="replace"))
            platform = variant.platform or self._connection.engine.platform
            references = dockerfile.base_references(
                variant.target, {**platform_arguments(platform), **variant.build_args}
            )
        except UsageError as error:
            raise UsageError(f"{variant.dockerfile}: {error}") from None
        bases = tuple(
            self._base(reference, variant.platform)
            for reference in references
            if reference not in variant.build_contexts
        )
        wanted = syntax_image(text)
        from_registry = wanted is not None and self._choice == "auto" and self._has_syntax_image(wanted)
        return Sources(
            dockerfile=dockerfile,
            bases=bases,
            frontend="registry" if from_registry else "builtin",
            blanks_syntax_line=wanted is not None and not from_registry,
            build_contexts={base.reference: self._served[base.substituted_by] for base in bases if base.substituted_by},
        )

    def _base(self, reference: str, platform: str | None) -> Base:
        key = (reference, platform)
        if key not in self._bases:
            self._bases[key] = self._find_base(reference, platform)
        return self._bases[key]

    def _find_base(self, reference: str, platform: str | None) -> Base:
        pulled = self._try(reference, platform, None)
        if pulled.exit_code == 0:
            return Base(reference, _digest(pulled))
        stand_in = self._stand_ins.get(reference)
        if stand_in is None:
            raise EngineError(
                f'the base "{reference}" cannot be had ({_reason(pulled)}); reach its registry, or name a stand-in '
                f'under [bases], as "{reference}" = "docker-image://…" or "oci-layout://…"'
            )
        served = self._servable(stand_in)
        substituted = self._try(reference, platform, served)
        if substituted.exit_code != 0:
            raise EngineError(
                f'the base "{reference}" cannot be pulled, and its stand-in {stand_in} cannot be used: '
                f"{_reason(substituted)}"
            )
        self._notify(f"{reference} cannot be pulled here; the stand-in {stand_in} serves in its place")
        self._served[stand_in] = served
        return Base(reference, _digest(substituted), stand_in)

    def _servable(self, stand_in: str) -> str:
        """The stand-in in a form that this engine reads: the classic image store knows no OCI layouts."""
        layout = stand_in.removeprefix("oci-layout://")
        is_classic = self._connection.engine.image_store == "classic" and self._connection.builder.driver == "docker"
        if layout == stand_in or not is_classic:
            return stand_in
        tag = f"{TEMPORARY_REPOSITORY}/stand-in:{secrets.token_hex(6)}"
        self.tags.append(tag)
        load_layout(self._connection.docker.command, self._connection.docker.environ(), layout, tag)
        return f"docker-image://{tag}"

    def _has_syntax_image(self, image: str) -> bool:
        if image not in self._syntax_images:
            probe = self._build(f"# syntax={image}\nFROM scratch\nENV layerbench=1\n", (), _SYNTAX_PROBE_SECONDS)
            self._syntax_images[image] = probe.exit_code == 0
            if probe.exit_code != 0:
                self._notify(f"the syntax image {image} cannot be had here; the engine's built-in frontend serves")
        return self._syntax_images[image]

    def _try(self, reference: str, platform: str | None, stand_in: str | None) -> FinishedBuild:
        options = [f"--build-context={reference}={stand_in}"] if stand_in else []
        options += [f"--platform={platform}"] if platform else []
        # WORKDIR makes BuildKit unpack the base; a FROM alone stays a reference.
        return self._build(f"FROM {reference}\nWORKDIR /layerbench\n", options, _PROBE_SECONDS)

    def _build(self, dockerfile: str, options: tuple[str, ...] | list[str], timeout_seconds: float) -> FinishedBuild:
        folder = self._folder / f"probe-{secrets.token_hex(8)}"
        folder.mkdir()
        (folder / "Dockerfile").write_text(dockerfile)
        builder = self._connection.builder_option
        command = [
            *self._connection.docker.command,
            *("buildx", "build", "--progress=rawjson", "--provenance=false", "--output=type=cacheonly"),
            *([f"--builder={builder}"] if builder else []),
            *options,
            str(folder),
        ]
        return run_build(command, self._connection.docker.environ(), timeout_seconds=timeout_seconds)


def platform_arguments(platform: str) -> dict[str, str]:
    """BuildKit's own arguments that every FROM sees, for a platform such as `linux/arm64/v8`."""
    system, _, rest = platform.partition("/")
    architecture, _, version = rest.partition("/")
    return {
        "TARGETPLATFORM": platform,
        "TARGETOS": system,
        "TARGETARCH": architecture,
        "TARGETVARIANT": version,
    }


def find_sources(finder: SourceFinder, bench: BenchFile) -> dict[str, Sources]:
    """Sources of every variant, by its name."""
    return {variant.name: finder.find(variant) for variant in bench.variants}


def all_bases(sources: Mapping[str, Sources]) -> tuple[Base, ...]:
    """Every base of a run once, in the order of the variants."""
    found = {base.reference: base for source in sources.values() for base in source.bases}
    return tuple(found.values())


def with_build_contexts(sources: Sources, contexts: Mapping[str, str], add_hosts: Mapping[str, str]) -> Sources:
    """The same sources with bases replaced once more, as by derived ones that know a package index."""
    return replace(sources, build_contexts={**sources.build_contexts, **contexts}, add_hosts=dict(add_hosts))


def _read(variant: Variant) -> bytes:
    try:
        return variant.dockerfile.read_bytes()
    except OSError as error:
        raise UsageError(f"{variant.dockerfile}: {error.strerror}") from None


def _digest(finished: FinishedBuild) -> str | None:
    for vertex in finished.trace.vertices.values():
        match = _DIGEST.search(vertex.name)
        if match:
            return match[1]
    return None


def _reason(finished: FinishedBuild) -> str:
    if finished.timed_out:
        return f"no answer within {_PROBE_SECONDS:.0f} s"
    errors = [line for line in finished.text if line.startswith("ERROR:")]
    return errors[-1].removeprefix("ERROR:").strip() if errors else f"docker exited with {finished.exit_code}"
