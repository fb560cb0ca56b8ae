"""The result file's records: one definition for memory, for the file and for its JSON Schema.

They are plain frozen dataclasses; `layerbench.results.file` validates and writes them through pydantic. A string below
a field is its description in the schema. Keys say their unit; what is not known is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from layerbench.results.image_models import ImageSummary as ImageSummary
from layerbench.results.record import FILE_RECORD as _FILE_RECORD

SCHEMA_VERSION = 1

Outcome = Literal["built", "failed", "cancelled"]
CompressedBytesSource = Literal["manifest", "gzip"]
Frontend = Literal["builtin", "registry"]


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that ran `layerbench`."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    cpu_count: int
    """Processors that this process may use."""
    memory_bytes: int | None
    kernel: str
    """Name and release, as `uname -sr` prints them."""
    architecture: str


@dataclass(frozen=True, slots=True)
class Builder:
    """What carried out the builds."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    name: str
    driver: str
    engine_version: str | None
    """Docker Engine's version."""
    buildx_version: str | None
    buildkit_version: str | None
    image_store: Literal["containerd", "classic"] | None
    """`containerd` for the containerd image store, `classic` for a graph driver."""
    private_engine: str | None = None
    """Name of layerbench's own engine where that one served."""


@dataclass(frozen=True, slots=True)
class Base:
    """One image that a FROM names."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    reference: str
    """As the Dockerfile says it, with its arguments filled in."""
    digest: str | None
    substituted_by: str | None = None
    """The stand-in that served in its place, as `docker-image://…` or `oci-layout://…`."""


@dataclass(frozen=True, slots=True)
class StepError:
    """Why a build failed."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    step: int | None
    """Position of the failed step in `steps`; null where the build failed outside of a step."""
    exit_code: int | None
    """The command's exit code in a failed RUN."""
    message: str
    log_tail: tuple[str, ...] = ()
    """The last lines that the step printed; secrets' values are replaced by `***`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One Dockerfile instruction in a build."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    stage: str | None
    """The stage's name, `stage-N` where it has none, null where the Dockerfile has one stage only."""
    index: int
    """Position in the stage, counted from 1 as BuildKit prints it."""
    count: int
    """Number of steps in the stage, as BuildKit prints it."""
    instruction: str
    line_start: int | None
    """First line of the instruction in the Dockerfile, from 1; null for an ONBUILD trigger."""
    line_end: int | None
    cached: bool | None
    """True for a cache hit, false where the step ran, null for a source (FROM)."""
    seconds: float | None
    """Time in which the step was at work; overlapping intervals count once; null where it was never started."""
    started_seconds: float | None
    """From the build's start."""
    inputs: tuple[int, ...] = ()
    """Positions in `steps` of the steps that this one builds on."""
    error: str | None = None
    platform: str | None = None
    intervals_seconds: tuple[tuple[float, float], ...] = ()
    """Begin and end of each time that it was at work, in seconds from the build's start, where it was so more than
    once (`COPY --link`, `ADD` of a URL); pauses below 10 ms count as work here. Empty: at work once."""
    reads_context: bool = False
    """Whether it reads a context that is sent to the builder."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    digest: str | None
    """Digest of the compressed blob; null where the engine keeps no compressed blob."""
    diff_id: str
    """Digest of the uncompressed tar."""
    compressed_bytes: int
    uncompressed_bytes: int
    step: int | None
    """Position in the build's `steps` of the step that made it; null for the base's layers, and
    where a frontend other than Dockerfile's does not tell."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a build made. The byte counts are sums over the layers; manifests and config are not counted."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    manifest_digest: str | None
    """Digest of the platform's manifest, not of an index with attestations; null on the classic store."""
    config_digest: str
    compressed_bytes: int
    uncompressed_bytes: int
    compressed_bytes_source: CompressedBytesSource
    """`manifest`: what a pull transfers. `gzip`: the classic store keeps no compressed layers, so this is what gzip
    at its usual level makes of them."""
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """One real `docker buildx build`."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    variant: str
    scenario: str
    round: int
    """Counted from 1."""
    outcome: Outcome
    wall_seconds: float | None
    """Around the process, its start included."""
    export_seconds: float | None
    """Export of the image: compression, manifests, naming, unpacking."""
    context_bytes: int | None
    """Transferred to the builder for this build."""
    steps: tuple[Step, ...] = ()
    error: StepError | None = None
    image: Image | None = None
    invalid: str | None = None
    """Why the cache was not what the scenario says; an invalid build enters no figure."""
    warm_base_cached_steps: int | None = None
    """Steps that were cached when the unedited context was built just before this edit."""
    warm_base_steps: int | None = None
    frontend: Frontend | None = None
    """`builtin` where the engine's own frontend served, `registry` where the syntax line's image did."""
    empty_cache_mounts: tuple[str, ...] = ()
    """Targets of cache mounts that were still empty after an install ran with them."""
    inputs: str | None = None
    """Digest of the side file's member `inputs-…` with what it was built from: Dockerfile, options, files' digests."""
    cache_keys: str | None = None
    """Digest of the side file's member `keys-…` with the keys of its steps; null where BuildKit was not asked."""
    startup_seconds: float | None = None
    """From the process's start to the build's start, the zero of all `started_seconds`; null where the clocks of the
    machine and of the builder disagree."""
    transfer_started_seconds: float | None = None
    """When the transfer of the contexts began, from the build's start; null where none is read."""
    transfer_seconds: float | None = None
    """From then until the builder had all of them."""
    export_started_seconds: float | None = None
    """When the export of the image began, from the build's start."""


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """Whether a variant's image works: run once."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    variant: str
    outcome: Literal["passed", "failed"]
    seconds: float
    """From the container's start until it answered or was given up."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class VariantRecord:
    """A variant as it was resolved; paths are relative to the bench file's folder. Secrets are named, not told."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    name: str
    dockerfile: str
    context: str
    target: str | None = None
    build_args: dict[str, str] = field(default_factory=dict)
    build_contexts: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """Ids only."""
    ssh: tuple[str, ...] = ()
    platform: str | None = None
    network: str | None = None
    timeout_seconds: float | None = None
    extra_args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioRecord:
    """A scenario as it was resolved."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    name: str
    kind: Literal["cold", "warm", "edit"]
    description: str | None = None
    edits: tuple[dict[str, Any], ...] = ()
    """The operations as the bench file states them."""
    variants: tuple[str, ...] | None = None
    """Names of the variants that it is for; null for all."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The resolved bench file."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    name: str
    digest: str
    """sha256 over what was resolved: two runs of the same digest measure the same."""
    rounds: int
    variants: tuple[VariantRecord, ...]
    scenarios: tuple[ScenarioRecord, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """The state of the git repository that a run measured."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    commit: str
    """Full id."""
    committed_at: str
    """ISO 8601 with the offset of UTC."""
    branch: str | None
    """Null where none was checked out and the CI's variables name none."""
    is_dirty: bool
    """Whether tracked files were changed, or others were there that git does not ignore."""


@dataclass(frozen=True, slots=True)
class Result:
    """All builds of one invocation: the content of a result file."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _FILE_RECORD

    schema_version: int
    tool_version: str
    started_at: str
    """ISO 8601 with the offset of UTC."""
    finished_at: str | None
    complete: bool
    """False while the run is under way, and for good where it was cut short."""
    machine: Machine
    builder: Builder
    bench: Bench
    bases: tuple[Base, ...] = ()
    builds: tuple[Build, ...] = ()
    smoke_tests: tuple[SmokeTest, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader of the figures has to know, each a sentence, such as which package index served."""
    images: tuple[ImageSummary, ...] = ()
    """What is in each distinct image of the run, in the order in which they were made."""
    side_file: str | None = None
    """Name of the file beside this one that holds every file of every layer, and what the builds were made from; null
    where there is none."""
    revision: Revision | None = None
    """What was checked out where the bench file is; null outside of a repository."""

    def summary_of(self, image: Image | None) -> ImageSummary | None:
        """What is known of what is in an image of the run; None where nothing is, or there is no image."""
        if image is None:
            return None
        key = (image.config_digest, image.manifest_digest)
        return next((one for one in self.images if (one.config_digest, one.manifest_digest) == key), None)
