"""What is known of the metrics that budgets and expectations are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from layerbench.analysis.checks.models import Unit
from layerbench.config.models import Level, Metric

if TYPE_CHECKING:
    from layerbench.analysis.checks.conditions import Condition

METRICS: tuple[Metric, ...] = get_args(Metric)
SCENARIO_METRICS: frozenset[Metric] = frozenset({"redeploy_bytes", "cached_steps", "seconds"})
"""Figures of a scenario; the others are of an image."""
STEP_METRICS: frozenset[Metric] = frozenset(
    {"layer_compressed_bytes", "layer_uncompressed_bytes", "cached_steps", "seconds"}
)
"""Figures that a pattern for instructions may narrow down."""
COMPRESSED_METRICS: frozenset[Metric] = frozenset({"compressed_bytes", "layer_compressed_bytes", "redeploy_bytes"})


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
