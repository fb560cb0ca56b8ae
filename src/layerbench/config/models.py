"""A bench file after it was read: what to measure, with every path made absolute.

`layerbench.config.file` makes these from TOML; everything behind it knows only these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

NONCE = "{nonce}"
"""Stands in an edit's text for characters that were never used before."""
DEFAULT_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Append:
    """Add `text` to the end of a file."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace every match of a regular expression (Python's `re`, multiline) in a file."""

    path: str
    pattern: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Write:
    """Make a new file, or give an existing one new content; missing folders are made."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a file or a folder with all that is in it."""

    path: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a file or a folder another path."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Chmod:
    """Set a file's permission bits."""

    path: str
    mode: int


@dataclass(frozen=True, slots=True)
class Touch:
    """Set a file's modification time to now; its content stays."""

    path: str


@dataclass(frozen=True, slots=True)
class Patch:
    """Apply a unified diff, as `git apply` understands it."""

    diff: str


@dataclass(frozen=True, slots=True)
class Run:
    """Run a command in the copy; one string is given to `sh -c`."""

    command: str | tuple[str, ...]


Edit = Append | Replace | Write | Delete | Rename | Chmod | Touch | Patch | Run


@dataclass(frozen=True, slots=True)
class Secret:
    """A build secret by where it comes from; its value is never held."""

    id: str
    env: str | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class SmokeHttp:
    """The image works when a path on its port answers with HTTP 200."""

    port: int
    path: str = "/"
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class SmokeCommand:
    """The image works when this command, run in it, exits with 0."""

    command: tuple[str, ...]
    timeout_seconds: float = 30.0


Smoke = SmokeHttp | SmokeCommand


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to build the image."""

    name: str
    dockerfile: Path
    context: Path
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    build_contexts: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    ssh: tuple[str, ...] = ()
    platform: str | None = None
    network: str | None = None
    timeout_seconds: float | None = None
    extra_args: tuple[str, ...] = ()
    smoke: Smoke | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """The cache state before the measured build, and the edit."""

    name: str
    kind: Literal["cold", "warm", "edit"]
    description: str | None = None
    edits: tuple[Edit, ...] = ()
    variants: tuple[str, ...] | None = None
    """Names of the variants that it is for; None for all."""


COLD = Scenario("cold", "cold", "nothing cached")
WARM = Scenario("warm", "warm", "nothing changed")


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """The package index that a run may serve: figures free of network noise, and pip's cache works."""

    serve: Literal["auto", "always", "never"] = "never"
    """`auto`: only where the index that pip uses here sends no caching headers."""
    requirements: tuple[Path, ...] = ()
    """Requirements files whose packages it holds, with their dependencies."""
    packages: tuple[str, ...] = ()
    """Further requirements, such as the pins that an edit changes to."""
    sources: tuple[str, ...] = ()
    """Names of packages that are held as source distributions, to be compiled in the build."""
    python_version: str = "3.12"
    """Of the image that installs, for the choice of wheels."""


Metric = Literal[
    "compressed_bytes",
    "uncompressed_bytes",
    "layer_compressed_bytes",
    "layer_uncompressed_bytes",
    "redeploy_bytes",
    "layers",
    "waste_bytes",
    "cached_steps",
    "seconds",
]
BudgetKind = Literal["max", "min", "max_increase", "max_decrease"]
Level = Literal["fail", "warn"]


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit of one figure; `amount` is in bytes, seconds or a count, as the metric is."""

    metric: Metric
    kind: BudgetKind
    limit: str
    """As the bench file states it, such as `60MB` or `+5% and +1MB`."""
    share: float | None
    """Of the baseline, 0.05 for 5 %; with `amount` beside it both have to be exceeded."""
    amount: float | None
    variant: str = "*"
    """A name, or a pattern with `*`."""
    scenario: str | None = None
    """None where the bench file names none: then the image's own figures are judged once a variant."""
    step: str | None = None
    """A pattern for instructions."""
    level: Level = "fail"

    @property
    def is_relative(self) -> bool:
        """Whether it needs a baseline."""
        return self.kind in ("max_increase", "max_decrease")


@dataclass(frozen=True, slots=True)
class Expectation:
    """A claim about a run."""

    claim: str
    that: str
    """The condition that decides it, see `layerbench.analysis.checks.conditions`."""
    level: Level = "fail"


@dataclass(frozen=True, slots=True)
class BenchFile:
    """What to measure."""

    name: str
    folder: Path
    """Where relative paths start."""
    variants: tuple[Variant, ...]
    scenarios: tuple[Scenario, ...]
    rounds: int
    bases: Mapping[str, str] = field(default_factory=dict)
    """Base image reference to the stand-in that serves where it cannot be pulled."""
    index: IndexSettings = field(default_factory=IndexSettings)
    budgets: tuple[Budget, ...] = ()
    expectations: tuple[Expectation, ...] = ()
