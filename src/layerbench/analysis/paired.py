"""Times of two sides compared as pairs: each round timed both, so what a round did to both alike cancels out.

docs/statistics.md has the formulas, where they come from, and what they were found to do.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from layerbench.analysis.paired_claims import MOST_QUESTIONS, SIGNIFICANCE
from layerbench.analysis.paired_interval import median_interval
from layerbench.analysis.paired_permutation import capped, sign_flip_p_value

TimeVerdict = Literal["faster", "slower", "no-difference", "undecided"]
SideName = Literal["base", "head"]

LEAST_ROUNDS = 5
"""Below this many rounds nothing is claimed."""
LEAST_ROUNDS_TO_DIFFER = 8
"""The sign-flip test cannot go below 2 / 2^n: at 7 rounds that is 0.0156, at 8 it is 0.0078."""
CONFIDENCE = 0.95
"""Of the interval."""
RELEVANT = 1.05
"""What `no-difference` excludes: a ratio above this, or below its inverse."""
LEAST_NOISE_FLOOR = 0.01
"""However still a machine is, a percent is within what turns and caches of its own do to two equal builds."""
OUTLIER_DEVIATIONS = 3.5
"""Robust standard deviations from the median; Iglewicz and Hoaglin's figure."""
LEAST_ROUNDS_TO_JUDGE_THE_FIRST = 4

_POWER_QUANTILE = statistics.NormalDist().inv_cdf(0.8)
_SIGNIFICANCE_QUANTILE = statistics.NormalDist().inv_cdf(1 - SIGNIFICANCE / 2)
_DEVIATION_OF_MEDIAN = math.sqrt(math.pi / 2)
"""Standard error of a median over that of a mean, for the normal distribution."""
_MEDIAN_OF_DEVIATION = statistics.NormalDist().inv_cdf(0.75)
"""Median of the absolute deviation of a normal distribution of standard deviation 1."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """One time far from the others of its side. It is pointed out, and stays in every figure."""

    side: SideName
    round: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PairedTimes:
    """What the rounds say about head's time against base's. Relative figures: 0.01 is one percent."""

    ratio: float
    """Median over the rounds of head's time / base's time."""
    interval_low: float | None
    """Of the 95 % interval of `ratio`; None below two rounds."""
    interval_high: float | None
    difference_seconds: float
    """Median over the rounds of head's time - base's time."""
    rounds: int
    """Rounds in which both sides have a time."""
    p_value: float | None
    """Of the two-sided sign-flip test; None below five rounds."""
    noise_floor: float | None
    """Difference that equal code shows by chance in one of a hundred such comparisons, at this run's own scatter; never
    below 1 %; None below two rounds, for there is no scatter then."""
    verdict: TimeVerdict
    outliers: tuple[Outlier, ...]
    """In the order of rounds."""
    first_round_is_slow: bool
    """Whether the first round is far above the others, on one side or both."""
    rounds_needed: int | None
    """Rounds in all after which a difference of 5 % would be seen in four of five comparisons; None where the verdict
    is decided, and below two rounds."""


def compare_times(
    base: Mapping[int, float],
    head: Mapping[int, float],
    *,
    significance: float = SIGNIFICANCE,
    least_noise_floor: float = LEAST_NOISE_FLOOR,
) -> PairedTimes | None:
    """Compare the times of both sides over the rounds that both have.

    Deterministic: the same times give the same answer.

    Args:
        base: seconds by round number.
        head: likewise. A time that is not above 0 is nothing to divide by; its round is left out.
        significance: the largest p-value with which `slower` or `faster` is said; less than the default where a run
            asks several times or of several things (`layerbench.analysis.paired_claims`).
        least_noise_floor: relative difference up to which nothing is claimed, however certain it is.

    Returns:
        None where no round is in both.
    """
    rounds = compared_rounds(base, head)
    if not rounds:
        return None
    base_seconds, head_seconds = [base[number] for number in rounds], [head[number] for number in rounds]
    pairs = list(zip(base_seconds, head_seconds, strict=True))
    ratios = [ours / theirs for theirs, ours in pairs]
    scatter = round_scatter([math.log(ratio) for ratio in ratios])
    figures = _figures(ratios, scatter, least_noise_floor)
    verdict = _verdict(figures, significance)
    return PairedTimes(
        ratio=figures.ratio,
        interval_low=figures.low,
        interval_high=figures.high,
        difference_seconds=statistics.median(ours - theirs for theirs, ours in pairs),
        rounds=len(rounds),
        p_value=figures.p_value,
        noise_floor=figures.noise_floor,
        verdict=verdict,
        outliers=_outliers(rounds, base_seconds, head_seconds),
        first_round_is_slow=_is_first_slow(base_seconds) or _is_first_slow(head_seconds),
        rounds_needed=_rounds_needed(scatter, len(rounds), significance) if verdict == "undecided" else None,
    )


def round_scatter(logs: Sequence[float]) -> float | None:
    """Robust standard deviation from one round to the next; None below two rounds.

    By the median of the moving ranges, so that neither a slow drift nor one outlier enters it.

    Args:
        logs: logarithms, in the order of rounds.
    """
    if len(logs) < 2:
        return None
    steps = [abs(later - earlier) for earlier, later in itertools.pairwise(logs)]
    return statistics.median(steps) / (_MEDIAN_OF_DEVIATION * math.sqrt(2))


def compared_rounds(base: Mapping[int, float], head: Mapping[int, float]) -> list[int]:
    """The rounds in which both sides have a time that can be divided by, ascending."""
    return [number for number in sorted(base.keys() & head.keys()) if _is_time(base[number], head[number])]


def _is_time(*seconds: float) -> bool:
    return all(math.isfinite(value) and value > 0 for value in seconds)


@dataclass(frozen=True, slots=True)
class _Figures:
    """What a verdict is made of; see `PairedTimes`."""

    ratio: float
    low: float | None
    high: float | None
    p_value: float | None
    noise_floor: float | None


def _figures(ratios: Sequence[float], scatter: float | None, least_noise_floor: float) -> _Figures:
    low, high = median_interval(ratios, CONFIDENCE) or (None, None)
    logs = [math.log(ratio) for ratio in ratios]
    p_value = sign_flip_p_value(capped(logs)) if len(logs) >= LEAST_ROUNDS else None
    return _Figures(statistics.median(ratios), low, high, p_value, _noise_floor(scatter, len(logs), least_noise_floor))


def _noise_floor(scatter: float | None, rounds: int, least: float) -> float | None:
    if scatter is None:
        return None
    error_of_median = _DEVIATION_OF_MEDIAN * scatter / math.sqrt(rounds)
    return max(least, math.expm1(_SIGNIFICANCE_QUANTILE * error_of_median))


def _rounds_needed(scatter: float | None, rounds: int, significance: float) -> int | None:
    """The usual sum for a given power, with the standard error of a median; more than there were."""
    if scatter is None:
        return None
    # More rounds have finer p-values: even a question that there are too few rounds to ask now has its share then.
    share = max(significance, SIGNIFICANCE / MOST_QUESTIONS)
    errors = (statistics.NormalDist().inv_cdf(1 - share / 2) + _POWER_QUANTILE) / math.log(RELEVANT)
    return max(LEAST_ROUNDS_TO_DIFFER, rounds + 1, math.ceil((errors * _DEVIATION_OF_MEDIAN * scatter) ** 2))


def _verdict(figures: _Figures, significance: float) -> TimeVerdict:
    if figures.low is None or figures.high is None or figures.p_value is None or figures.noise_floor is None:
        return "undecided"
    if figures.p_value <= significance:
        if figures.low > 1 and figures.ratio > 1 + figures.noise_floor:
            return "slower"
        if figures.high < 1 and figures.ratio < 1 / (1 + figures.noise_floor):
            return "faster"
    return "no-difference" if figures.low >= 1 / RELEVANT and figures.high <= RELEVANT else "undecided"


def _outliers(rounds: Sequence[int], base: Sequence[float], head: Sequence[float]) -> tuple[Outlier, ...]:
    if len(rounds) < LEAST_ROUNDS:
        return ()
    is_far_base, is_far_head = _far_from(base, base), _far_from(head, head)
    found: list[Outlier] = []
    for at, number in enumerate(rounds):
        if is_far_base[at]:
            found.append(Outlier("base", number, base[at]))
        if is_far_head[at]:
            found.append(Outlier("head", number, head[at]))
    return tuple(found)


def _is_first_slow(seconds: Sequence[float]) -> bool:
    """Judged by the others alone, for one in four pulls the scatter up."""
    first, others = seconds[0], seconds[1:]
    if len(seconds) < LEAST_ROUNDS_TO_JUDGE_THE_FIRST or first <= statistics.median(others):
        return False
    return _far_from([first], others)[0]


def _far_from(seconds: Sequence[float], sample: Sequence[float]) -> list[bool]:
    """Which times are outliers of a sample: by the modified z-score of their logarithms, and by 5 % at least."""
    logs = [math.log(value) for value in sample]
    middle = statistics.median(logs)
    deviation = statistics.median(abs(value - middle) for value in logs) / _MEDIAN_OF_DEVIATION
    limit = max(math.log(RELEVANT), OUTLIER_DEVIATIONS * deviation)
    return [abs(math.log(value) - middle) > limit for value in seconds]
