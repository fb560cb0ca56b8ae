"""All that a check finds, and what it comes to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerbench.analysis.anatomy.waste.rules import MENDS
from layerbench.analysis.checks.budgets import change_text, judge_budgets
from layerbench.analysis.checks.expectations import judge_expectations
from layerbench.analysis.checks.growth import Source, reference_of
from layerbench.analysis.checks.models import (
    BudgetOutcome,
    CheckReport,
    ExpectationOutcome,
    Verdict,
    WasteFinding,
)
from layerbench.analysis.checks.rules import ExpectationRule
from layerbench.analysis.checks.waste import own_waste
from layerbench.analysis.comparison.comparable import why_times_do_not_compare
from layerbench.analysis.figures import failure_reason
from layerbench.analysis.steps import line_of_layer
from layerbench.config.models import Budget
from layerbench.errors import UsageError
from layerbench.results.baseline import BASELINE_NAME, update_command
from layerbench.results.models import Result

# `+12.4 MB (+11.3%)` is two words for a program that splits the line: a figure stays beside its unit.
_SPACE_BEFORE_UNIT = re.compile(r"(?<=\d) (?=[a-zA-Z])")
_KEEP_OUT = "Do not write it to this layer, or delete it in the instruction that writes it."


def check(
    budgets: Sequence[Budget],
    expectations: Sequence[ExpectationRule],
    head: Source,
    base: Source | None,
    failures_elsewhere: Sequence[str] = (),
    *,
    needs_baseline: bool = True,
    baseline_file: Path = Path(BASELINE_NAME),
) -> CheckReport:
    """Judge a run.

    Args:
        budgets: in the order of the bench file.
        expectations: likewise.
        head: the run.
        base: what relative budgets are relative to; None where there is none.
        failures_elsewhere: what failed beside the run, such as what it is held against, each a sentence.
        needs_baseline: whether it is an error that there is no baseline where a budget is relative to it. Else such
            budgets are not measured, and the verdict is that of the rest.
        baseline_file: where a baseline file would be found, for the advice of that error.

    Raises:
        UsageError: a budget needs a baseline and there is none, or the baseline is of something else.
    """
    if base is not None:
        _check_baseline(head, base)
    elif needs_baseline:
        _check_that_none_is_relative(budgets, baseline_file)
    assert head.measured is not None  # noqa: S101 - a run is always measured
    result = head.measured.result
    judged = judge_budgets(budgets, head, base)
    held = judge_expectations(expectations, head)
    failures = (*failures_of(result), *failures_elsewhere)
    verdict = _verdict(judged, held, failures)
    return CheckReport(
        verdict=verdict,
        budgets=judged,
        expectations=held,
        waste=tuple(_waste(head)),
        failures=failures,
        notes=tuple(_notes(judged, result, base)),
        verdict_line=_line(verdict, judged, held, failures),
    )


def _check_baseline(head: Source, base: Source) -> None:
    why_not = _why_baseline_does_not_fit(head, base)
    if why_not:
        raise UsageError(f"{base.name} {why_not}")


def _check_that_none_is_relative(budgets: Sequence[Budget], baseline_file: Path) -> None:
    relative = next((one for one in budgets if one.is_relative), None)
    if relative is not None:
        raise UsageError(
            f"the budget of {relative.metric} ({relative.limit}) needs a baseline: give one with --baseline,"
            f" or write one with `{update_command(baseline_file)}`"
        )


def _why_baseline_does_not_fit(head: Source, base: Source) -> str | None:
    """Why no figure of a baseline may be compared, as the end of a sentence that begins with its name."""
    if base.figures.bench != head.figures.bench:
        return f'is of the bench "{base.figures.bench}", and the run of "{head.figures.bench}": give that bench\'s own'
    platforms = base.figures.platform, head.figures.platform
    if None not in platforms and platforms[0] != platforms[1]:
        return f"is for {platforms[0]}, and the run for {platforms[1]}: give one of the same platform"
    return None


def _verdict(
    budgets: Sequence[BudgetOutcome], expectations: Sequence[ExpectationOutcome], failures: Sequence[str]
) -> Verdict:
    if failures:
        return "error"
    if any(one.outcome == "regression" for one in budgets):
        return "regression"
    if any(one.outcome == "refuted" and one.level == "fail" for one in expectations):
        return "refuted"
    is_fine = all(one.outcome == "ok" or one.lacks_baseline for one in budgets) and all(
        one.outcome == "confirmed" for one in expectations
    )
    return "ok" if is_fine else "warning"


def _line(
    verdict: Verdict,
    budgets: Sequence[BudgetOutcome],
    expectations: Sequence[ExpectationOutcome],
    failures: Sequence[str],
) -> str:
    match verdict:
        case "error":
            rest = f"{len(failures)} failed"
        case "regression":
            rest = _broken(next(one for one in budgets if one.outcome == "regression"))
        case "refuted":
            rest = f'"{next(one.claim for one in expectations if one.outcome == "refuted" and one.level == "fail")}"'
        case "warning":
            rest = _warning(budgets, expectations)
        case "ok":
            rest = _fine(budgets, expectations)
    return f"verdict: {verdict} {rest}"


def _fine(budgets: Sequence[BudgetOutcome], expectations: Sequence[ExpectationOutcome]) -> str:
    left = sum(one.lacks_baseline for one in budgets)
    rest = f", {left} without a baseline" if left else ""
    return f"{_count(len(budgets) - left, 'budget')}, {_count(len(expectations), 'expectation')}{rest}"


def _warning(budgets: Sequence[BudgetOutcome], expectations: Sequence[ExpectationOutcome]) -> str:
    broken = next((one for one in budgets if one.outcome == "warning"), None)
    if broken is not None:
        return _broken(broken)
    refuted = next((one for one in expectations if one.outcome == "refuted"), None)
    if refuted is not None:
        return f'refuted "{refuted.claim}"'
    judged = [one.outcome for one in budgets if not one.lacks_baseline]
    outcomes = [*judged, *(one.outcome for one in expectations)]
    return f"{outcomes.count('not-measured')} of {len(outcomes)} not measured"


def _broken(outcome: BudgetOutcome) -> str:
    change = _SPACE_BEFORE_UNIT.sub("", change_text(outcome))
    return f"{outcome.key} {change} budget {outcome.limit}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def failures_of(result: Result) -> Iterator[str]:
    """Builds and smoke tests that failed, each a sentence."""
    seen: dict[tuple[str, str, str], list[int]] = {}
    for build in result.builds:
        if build.outcome == "failed":
            seen.setdefault((build.variant, build.scenario, failure_reason(build)), []).append(build.round)
    for (variant, scenario, reason), rounds in seen.items():
        which = f"round{'s' if len(rounds) > 1 else ''} {', '.join(map(str, rounds))}"
        yield f"The build of {variant} in {scenario} failed in {which}: {reason}"
    for test in result.smoke_tests:
        if test.outcome == "failed":
            yield f"The image of {test.variant} did not pass its smoke test: {test.error or 'no reason was recorded'}"


def _notes(budgets: Sequence[BudgetOutcome], result: Result, base: Source | None) -> Iterator[str]:
    if not result.complete:
        yield "The run was cut short: what is missing was not checked."
    yield from result.notes
    invalid = [build for build in result.builds if build.invalid]
    if invalid:
        yield f"{_count(len(invalid), 'build')} started from another cache than the scenario says: in no figure."
    if base is None:
        return
    if any(one.metric == "seconds" and one.baseline is not None for one in budgets) and base.measured is not None:
        yield from why_times_do_not_compare(base.measured.result, result)
    missing = [name for name in base.figures.variants if name not in {build.variant for build in result.builds}]
    if missing:
        yield f"{base.name} has variants that this run has not: {', '.join(missing)}."


def _waste(head: Source) -> Iterator[WasteFinding]:
    """The waste of the image that stands for each variant; what its base wastes is not the Dockerfile's to mend."""
    measured = head.measured
    assert measured is not None  # noqa: S101 - a run is always measured
    for variant in measured.variants:
        scenario = reference_of(head.figures, variant)
        build = measured.image_build(variant, scenario) if scenario else None
        if build is None or build.image is None:
            continue
        for one in own_waste(measured.result, build.image) or ():
            mend = next((text for kind, text in MENDS.items() if kind == one.kind), _KEEP_OUT)
            place = measured.dockerfile(variant, line_of_layer(build, one.layer))
            yield WasteFinding(one.kind, variant, one.uncompressed_bytes, one.instruction, mend, one.optional, place)
