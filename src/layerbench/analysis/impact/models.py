"""What an edit of a context's files costs, variant by variant."""

from __future__ import annotations

from dataclasses import dataclass

from layerbench.analysis.explain.models import StepName


@dataclass(frozen=True, slots=True)
class FileGroup:
    """A folder with all that is in it, or one file."""

    path: str
    """From the main context, with `../` where a named one lies elsewhere; `/` at its end for a folder, `./` for the
    whole main context."""
    file_count: int


@dataclass(frozen=True, slots=True)
class Effect:
    """Files whose edit has the same effect."""

    groups: tuple[FileGroup, ...]
    file_count: int
    steps: tuple[StepName, ...]
    """Those that run again after an edit of any of the files, in the Dockerfile's order."""
    step_seconds: tuple[float | None, ...]
    """Of each of them, None where it was never measured."""
    total_seconds: float | None
    """Of the whole rebuild."""
    redeploy_bytes: int | None


@dataclass(frozen=True, slots=True)
class Ignorable:
    """Files that are copied into an image, and that it hardly needs."""

    line: str
    """What to add to `.dockerignore`."""
    ignore_file: str
    """Where to add it, relative to the context."""
    what: str
    """In words: `tests`, `version control`."""
    file_count: int
    file_bytes: int
    steps: tuple[StepName, ...]
    """Those that copy them."""
    example: str
    """One of the files."""
    warnings: tuple[str, ...] = ()
    """Each a sentence: what may read them in the build."""


@dataclass(frozen=True, slots=True)
class CommitCosts:
    """What a commit costs, as the last ones were."""

    commits: int
    """That were looked at."""
    touching: int
    """That changed a file which a step reads."""
    seconds: float | None
    """Mean of the rebuilds' seconds, of those that run nothing as well; None where one of them is not known."""
    redeploy_bytes: float | None
    """Mean."""
    worst_files: tuple[tuple[str, int], ...] = ()
    """Files, and submodules with `/` at their end, with the number of commits that changed them; those that cost the
    most in sum first."""


@dataclass(frozen=True, slots=True)
class VariantImpact:
    """One variant."""

    variant: str
    effects: tuple[Effect, ...]
    """The most expensive first."""
    ignorable: tuple[Ignorable, ...] = ()
    commits: CommitCosts | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Impact:
    """All variants that were asked for; with commits, the cheapest first."""

    context: str
    variants: tuple[VariantImpact, ...]
    notes: tuple[str, ...] = ()
    costs_from: str | None = None
    """The result file that the seconds come from."""
