"""What a check judges by: the bench file's budgets and expectations, their limits in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, get_args

from layerbench.analysis.checks.models import Level, Unit

if TYPE_CHECKING:
    from layerbench.analysis.checks.conditions import Condition

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
METRICS: tuple[Metric, ...] = get_args(Metric)
SCENARIO_METRICS: frozenset[Metric] = frozenset({"redeploy_bytes", "cached_steps", "seconds"})
"""Figures of a scenario; the others are of an image."""
STEP_METRICS: frozenset[Metric] = frozenset(
    {"layer_compressed_bytes", "layer_uncompressed_bytes", "cached_steps", "seconds"}
)
"""Figures that a pattern for instructions may narrow down."""
COMPRESSED_METRICS: frozenset[Metric] = frozenset({"compressed_bytes", "layer_compressed_bytes", "redeploy_bytes"})
BudgetKind = Literal["max", "min", "max_increase", "max_decrease"]


@dataclass(frozen=True, slots=True)
class BudgetRule:
    """A limit of one figure for all variants and scenarios that fit; `amount` is in the metric's unit."""

    metric: Metric
    kind: BudgetKind
    limit: str
    """As the bench file states it."""
    share: float | None
    """Of the baseline; with `amount` beside it both have to be exceeded."""
    amount: float | None
    variant: str = "*"
    scenario: str | None = None
    step: str | None = None
    level: Level = "fail"

    @property
    def is_relative(self) -> bool:
        """Whether it needs a baseline."""
        return self.kind in ("max_increase", "max_decrease")


@dataclass(frozen=True, slots=True)
class ExpectationRule:
    """A claim with the condition that decides it."""

    claim: str
    that: str
    condition: Condition
    level: Level = "fail"


def unit_of(metric: Metric) -> Unit:
    """What a metric's figures are counted in."""
    if metric.endswith("_bytes"):
        return "bytes"
    return "seconds" if metric == "seconds" else "count"


def fits(name: str, pattern: str) -> bool:
    """Whether a name or an instruction is like a pattern: `*` is any text, `?` any character, all else itself."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def is_pattern(name: str) -> bool:
    """Whether it may stand for several names."""
    return "*" in name or "?" in name
