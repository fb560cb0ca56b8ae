"""What a build was made from, as far as it can decide a cache hit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from layerbench.context.models import Fingerprint


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options of `docker buildx build` that enter cache keys; layerbench's own namespace is left out."""

    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    platform: str | None = None
    native_platform: str = "linux/amd64"
    """The builder's own, which counts where no platform is asked for."""
    network: str | None = None
    add_hosts: Mapping[str, str] = field(default_factory=dict)
    extra_args: tuple[str, ...] = ()
    """Words as the bench file states them, such as `--ulimit=nofile=1024`."""
    secrets: tuple[str, ...] = ()
    """Ids; a secret's value enters no key."""


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """Everything that one build was made from."""

    dockerfile: str
    """The text that was built, edits included."""
    invocation: Invocation
    contexts: Mapping[str, Fingerprint]
    """The main context under the empty name, named contexts that are folders under theirs."""
    bases: Mapping[str, str | None] = field(default_factory=dict)
    """Digest by reference as the Dockerfile says it, variables filled in; None where it is not known."""
    remote_contexts: Mapping[str, str] = field(default_factory=dict)
    """Named contexts that are no folders, as they were given: `docker-image://…`, a URL, a git repository."""


@dataclass(frozen=True, slots=True)
class InputKey:
    """What BuildKit identified one input of an operation by."""

    parent: str | None
    """Key of the operation that made the input, hashed with all above it; None for a source, or where unknown."""
    contents: tuple[str, ...] = ()
    """Digests of what was selected from it, where BuildKit compared content; else, of a source, its own keys."""

    @property
    def is_unknown(self) -> bool:
        """Whether BuildKit did not tell which of several keys its maker had."""
        return self.parent is None and not self.contents


@dataclass(frozen=True, slots=True)
class StepKey:
    """BuildKit's own cache key of a step, out of the inline cache's graph."""

    operation: str
    """Digest of the operation: the instruction with its options, environment and working directory."""
    inputs: tuple[InputKey, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildKeys:
    """BuildKit's own keys of one build."""

    steps: Mapping[int, tuple[StepKey, ...]]
    """By position in the record's `steps`; several for `COPY --link` and `ADD url`. One that is absent is unknown."""
