"""What a check found; every format that a CI shows it in is made from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layerbench.config.models import Level

Verdict = Literal["ok", "warning", "regression", "refuted", "error"]
Unit = Literal["bytes", "seconds", "count"]
BudgetStatus = Literal["ok", "warning", "regression", "not-measured"]
ExpectationStatus = Literal["confirmed", "refuted", "not-measured"]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a Dockerfile, relative to the bench file's folder."""

    path: str
    line: int | None


@dataclass(frozen=True, slots=True)
class BudgetOutcome:
    """One budget for one variant and scenario. `value`, `baseline` and `limit` are in `unit`; None is unknown."""

    metric: str
    unit: Unit
    variant: str
    scenario: str | None
    """None where the figure is of the image alone."""
    step: str | None
    """The pattern that chooses a layer or a step; None where the figure is of the whole."""
    level: Level
    outcome: BudgetStatus
    value: float | None
    baseline: float | None
    limit: str
    """As the bench file states it: `60 MB`, `+5% and +1 MB`."""
    sentence: str
    """What holds or does not, with the figures, for people."""
    causes: tuple[str, ...] = ()
    """What made it grow, the largest first: `python uvicorn 0.52.0 -> 0.53.0: +1.2 MB`."""
    place: Place | None = None
    """Where to look: the line of the step that made the difference, or the Dockerfile."""
    lost_steps: int | None = None
    """Of a relative budget on cached steps: how many of the baseline's cached steps are not cached any more."""
    lacks_baseline: bool = False
    """Whether it is not measured only because the check was asked to do without a baseline."""

    @property
    def key(self) -> str:
        """Metric with what it is of: `compressed_bytes[multi]`, `seconds[multi, edit-deps]`."""
        return f"{self.metric}[{', '.join(part for part in (self.variant, self.scenario, self.step) if part)}]"


@dataclass(frozen=True, slots=True)
class ExpectationOutcome:
    """One claim of the bench file, confirmed or refuted by the run's figures."""

    claim: str
    condition: str
    outcome: ExpectationStatus
    evidence: str
    """The figures that decide it, in one sentence, with the reason where it is refuted."""
    level: Level = "fail"
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class WasteFinding:
    """Bytes that a variant's image could do without, at the line that wastes them."""

    kind: str
    variant: str
    uncompressed_bytes: int
    instruction: str
    mend: str
    optional: bool
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All that a check found, in the order of the bench file."""

    verdict: Verdict
    budgets: tuple[BudgetOutcome, ...]
    expectations: tuple[ExpectationOutcome, ...]
    waste: tuple[WasteFinding, ...]
    failures: tuple[str, ...]
    """Builds and smoke tests that failed, each a sentence; not empty exactly where the verdict is `error`."""
    notes: tuple[str, ...]
    verdict_line: str
    """The last line on standard output: `verdict: regression compressed_bytes[multi] +12.4MB (+11.3%) budget +5%`."""
    bench_file: str = "layerbench.toml"
    """What was judged by, relative to where places are; stands for what has no line of a Dockerfile."""
