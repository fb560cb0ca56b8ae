"""How often a comparison asks for `slower` or `faster`, and how small a p-value each question then needs.

One comparison of two builds asks several times: of the total and of its longest steps, and again at each look of a run
that goes on. All of it together is to be wrong in at most `SIGNIFICANCE` of the comparisons of equal code, so the
questions share that (docs/statistics.md, "Many questions, one limit").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SIGNIFICANCE = 0.01
"""Share of comparisons of equal code that may say `slower` or `faster`, of the total or of any step."""
MOST_STEPS = 5
"""That are asked for beside the total: each makes the claims on the others a little harder."""
MOST_QUESTIONS = 1 + MOST_STEPS
LOOK_EVERY_ROUNDS = 10
"""Slower or faster is asked for after every so many rounds only: each look is one more chance to be wrong."""
FIRST_LOOK_SHARE = 0.8
"""Of `SIGNIFICANCE`, where there are several looks. The first has the fewest rounds and so the coarsest p-values; the
later ones can go far below what is left for them."""
_FINEST = 52
"""Rounds above which p-values are fine enough to be split like any fraction."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest p-values with which something is claimed."""

    total: float
    steps: tuple[float, ...]
    """One for each step, in the order of the steps; 0 where the rounds are too few to ask of so many."""


def looks_of(most_rounds: int) -> int:
    """How often a run of at most so many rounds asks whether one side is slower, its end included."""
    return max(1, math.ceil(most_rounds / LOOK_EVERY_ROUNDS))


def look_significance(rounds: int, looks: int) -> float:
    """Share of wrong claims that the look after so many rounds may spend; all looks together spend `SIGNIFICANCE`.

    Args:
        rounds: that were compared.
        looks: of the whole run.
    """
    if looks == 1:
        return SIGNIFICANCE
    if rounds <= LOOK_EVERY_ROUNDS:
        return SIGNIFICANCE * FIRST_LOOK_SHARE
    return SIGNIFICANCE * (1 - FIRST_LOOK_SHARE) / (looks - 1)


def claim_limits(rounds: int, looks: int, steps: int) -> Limits:
    """Split what a look may spend between the total and some steps (Bonferroni).

    The p-values of n rounds are multiples of 2 / 2^n, so whole multiples are handed out: the same number to each, what
    is left over to the total. Where there is not one for each, the last steps get none: a limit that no p-value can
    reach would only be taken away from the others.

    Args:
        rounds: that were compared.
        looks: of the whole run.
        steps: how many may be claimed of, the most important first.
    """
    significance = look_significance(rounds, looks)
    smallest = 2.0 ** (1 - min(rounds, _FINEST))
    whole = math.floor(significance / smallest)
    if whole == 0:
        return Limits(significance, (0.0,) * steps)
    asked = min(steps, whole - 1)
    each = whole // (asked + 1)
    total = whole - each * asked
    return Limits(total * smallest, (each * smallest,) * asked + (0.0,) * (steps - asked))
