"""Whether a time that exceeds a relative budget does so for sure, where both sides were built in turns."""

from __future__ import annotations

from layerbench.analysis.checks.figures import Measured
from layerbench.analysis.comparison.comparable import are_interleaved
from layerbench.analysis.paired import LEAST_ROUNDS_TO_DIFFER, compare_times, compared_rounds
from layerbench.config.models import Budget

UNSURE = "The rounds do not tell that from noise, so it only warns."


def is_sure(budget: Budget, head: Measured, base: Measured, variant: str, scenario: str) -> bool | None:
    """Whether the rounds bear out that a broken budget on seconds is broken.

    From as many rounds on as a test needs, by the test of `compare` (docs/statistics.md); of fewer, each one has to be
    over the budget by itself.

    Args:
        budget: a relative one on seconds, which the medians break.
        head: the run.
        base: what it is held against.
        variant: that is judged.
        scenario: likewise.

    Returns:
        None where the two were not built in turns: then nothing but the medians is known.
    """
    if not are_interleaved(base.result, head.result):
        return None
    before = base.seconds_by_round(variant, scenario, budget.step)
    after = head.seconds_by_round(variant, scenario, budget.step)
    rounds = compared_rounds(before, after)
    if len(rounds) < LEAST_ROUNDS_TO_DIFFER:
        return bool(rounds) and all(exceeds(budget, before[at], after[at]) for at in rounds)
    found = compare_times(before, after)
    wanted = "slower" if budget.kind == "max_increase" else "faster"
    return found is not None and found.verdict == wanted


def exceeds(budget: Budget, before: float, after: float) -> bool:
    """Whether a figure is over what a relative budget allows: over its share and over its amount."""
    worse = after - before if budget.kind == "max_increase" else before - after
    return is_over(budget, worse, before)


def is_over(budget: Budget, worse: float, before: float) -> bool:
    """The same by how much worse the figure is."""
    over_share = budget.share is None or worse > budget.share * before
    over_amount = budget.amount is None or worse > budget.amount
    return worse > 0 and over_share and over_amount
