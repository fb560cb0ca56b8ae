"""All that a check finds, and what it comes to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from layerbench.analysis.anatomy.waste.rules import MENDS
from layerbench.analysis.checks.budgets import change_text, judge_budgets
from layerbench.analysis.checks.expectations import judge_expectations
from layerbench.analysis.checks.growth import Source, reference_of
from layerbench.analysis.checks.models import (
    BudgetOutcome,
    CheckReport,
    ExpectationOutcome,
    Place,
    Verdict,
    WasteFinding,
)
from layerbench.analysis.checks.rules import ExpectationRule
from layerbench.analysis.comparison.comparable import why_times_do_not_compare
from layerbench.analysis.figures import failure_reason
from layerbench.config.models import Budget
from layerbench.errors import UsageError
from layerbench.results.models import Build, Result

# `+12.4 MB (+11.3%)` is two words for a program that splits the line: a figure stays beside its unit.
_SPACE_BEFORE_UNIT = re.compile(r"(?<=\d) (?=[a-zA-Z])")
_KEEP_OUT = "Do not write it to this layer, or delete it in the instruction that writes it."


def check(
    budgets: Sequence[Budget],
    expectations: Sequence[ExpectationRule],
    head: Source,
    base: Source | None,
    failures_elsewhere: Sequence[str] = (),
) -> CheckReport:
    """Judge a run.

    Args:
        budgets: in the order of the bench file.
        expectations: likewise.
        head: the run.
        base: what relative budgets are relative to; None where there is none.
        failures_elsewhere: what failed beside the run, such as what it is held against, each a sentence.

    Raises:
        UsageError: a budget needs a baseline and there is none, or the baseline is of something else.
    """
    _check_baseline(budgets, head, base)
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


def _check_baseline(budgets: Sequence[Budget], head: Source, base: Source | None) -> None:
    if base is not None:
        why_not = _why_baseline_does_not_fit(head, base)
        if why_not:
            raise UsageError(f"{base.name} {why_not}")
        return
    relative = next((one for one in budgets if one.is_relative), None)
    if relative is not None:
        raise UsageError(
            f"the budget of {relative.metric} ({relative.limit}) needs a baseline: give one with --baseline,"
            " or write one with `layerbench baseline update RESULT`"
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
    is_fine = all(one.outcome == "ok" for one in budgets) and all(one.outcome == "confirmed" for one in expectations)
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
            rest = f"{_count(len(budgets), 'budget')}, {_count(len(expectations), 'expectation')}"
    return f"verdict: {verdict} {rest}"


def _warning(budgets: Sequence[BudgetOutcome], expectations: Sequence[ExpectationOutcome]) -> str:
    broken = next((one for one in budgets if one.outcome == "warning"), None)
    if broken is not None:
        return _broken(broken)
    refuted = next((one for one in expectations if one.outcome == "refuted"), None)
    if refuted is not None:
        return f'refuted "{refuted.claim}"'
    outcomes = [*(one.outcome for one in budgets), *(one.outcome for one in expectations)]
    return f"{outcomes.count('not-measured')} of {len(budgets) + len(expectations)} not measured"


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
    summaries = {(one.config_digest, one.manifest_digest): one for one in measured.result.images}
    for variant in measured.variants:
        scenario = reference_of(head.figures, variant)
        build = measured.image_build(variant, scenario) if scenario else None
        if build is None or build.image is None:
            continue
        summary = summaries.get((build.image.config_digest, build.image.manifest_digest))
        for one in summary.waste if summary else ():
            if _is_own(build, one.layer):
                mend = next((text for kind, text in MENDS.items() if kind == one.kind), _KEEP_OUT)
                yield WasteFinding(
                    one.kind,
                    variant,
                    one.uncompressed_bytes,
                    one.instruction,
                    mend,
                    one.optional,
                    _layer_place(head, variant, build, one.layer),
                )


def _is_own(build: Build, layer: int) -> bool:
    layers = build.image.layers if build.image else ()
    return 0 <= layer < len(layers) and layers[layer].step is not None


def _layer_place(head: Source, variant: str, build: Build, layer: int) -> Place | None:
    step = build.image.layers[layer].step if build.image else None
    line = build.steps[step].line_start if step is not None and 0 <= step < len(build.steps) else None
    return head.measured.dockerfile(variant, line) if head.measured else None
