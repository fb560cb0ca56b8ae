"""What became of one expectation."""

from __future__ import annotations

from dataclasses import dataclass

from layerbench.analysis.checks.models import ExpectationStatus, Place


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a condition holds, with the figures that decide it."""

    outcome: ExpectationStatus
    evidence: str
    place: Place | None = None
