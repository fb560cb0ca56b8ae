"""Expectations: each claim held against the figures of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.checks.comparisons import compare
from layerbench.analysis.checks.conditions import Comparison, PresenceCondition, StepCondition
from layerbench.analysis.checks.figures import Measured, one_line
from layerbench.analysis.checks.findings import Finding
from layerbench.analysis.checks.growth import Source
from layerbench.analysis.checks.models import ExpectationOutcome, Place
from layerbench.analysis.checks.presence import find
from layerbench.analysis.checks.rules import ExpectationRule
from layerbench.analysis.steps import StepCell, StepKey, keyed_steps, scenario_cells
from layerbench.analysis.wording import join_words, step_label
from layerbench.config.names import fits
from layerbench.results.models import Build, Step
from layerbench.units import format_seconds

_MOST_NAMED = 3


def judge_expectations(rules: Sequence[ExpectationRule], head: Source) -> tuple[ExpectationOutcome, ...]:
    """Confirm or refute each claim."""
    return tuple(_judge(rule, head) for rule in rules)


def _judge(rule: ExpectationRule, head: Source) -> ExpectationOutcome:
    condition = rule.condition
    if isinstance(condition, StepCondition):
        found = _steps(condition, head)
    elif isinstance(condition, PresenceCondition):
        found = find(condition, head)
    else:
        found = _compared(condition, head)
    return ExpectationOutcome(rule.claim, rule.that, found.outcome, found.evidence, rule.level, found.place)


def _compared(condition: Comparison, head: Source) -> Finding:
    return compare(condition, head)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A step that fits, in one variant and scenario."""

    variant: str
    scenario: str
    key: StepKey
    cell: StepCell


def _steps(condition: StepCondition, head: Source) -> Finding:
    measured = head.measured
    assert measured is not None  # noqa: S101 - a run is always measured
    planned = list(_planned(condition, measured))
    seen = [one for variant, scenario in planned for one in _seen(condition, measured, variant, scenario)]
    wanted = "cached" if condition.is_cached else "ran"
    against = [one for one in seen if one.cell.state != wanted]
    if against:
        reasons = [_why_it_ran(one, head) if condition.is_cached else "" for one in against]
        said = "; ".join(f"{_said(one)}{reason}" for one, reason in zip(against, reasons, strict=True))
        return Finding("refuted", f"{said}.", _place(against[0], head))
    said = "; ".join(map(_said, seen))
    missing = [f"{variant} in {scenario}" for variant, scenario in planned if not measured.builds(variant, scenario)]
    if missing and seen:
        return Finding("not-measured", f"{_no_build(missing)}; {said}.", _place(seen[0], head))
    if not seen:
        return _nothing_seen(condition, is_built=len(missing) < len(planned))
    return Finding("confirmed", f"{said}.", _place(seen[0], head))


def _planned(condition: StepCondition, measured: Measured) -> Iterator[tuple[str, str]]:
    """The variants and scenarios that fit, of those that the run was to build."""
    for variant in measured.variants:
        if fits(variant, condition.variant):
            for scenario in measured.planned(variant):
                if fits(scenario.name, condition.scenario):
                    yield variant, scenario.name


def _seen(condition: StepCondition, measured: Measured, variant: str, scenario: str) -> Iterator[_Seen]:
    for key, cell in scenario_cells(measured.builds(variant, scenario)).items():
        if cell.state in ("cached", "ran", "varies") and fits(one_line(key.instruction), condition.step):
            yield _Seen(variant, scenario, key, cell)


def _no_build(missing: Sequence[str]) -> str:
    more = [f"{len(missing) - _MOST_NAMED} more"] if len(missing) > _MOST_NAMED else []
    return f"No build of {join_words([*missing[:_MOST_NAMED], *more])} counts in this run"


def _nothing_seen(condition: StepCondition, *, is_built: bool) -> Finding:
    where = f"{condition.variant} in {condition.scenario}"
    if is_built:
        return Finding("not-measured", f'No step of {where} is like "{condition.step}".')
    return Finding("not-measured", f"No build of {where} counts in this run.")


def _said(one: _Seen) -> str:
    name, where = f'"{step_label(one.key.instruction)}" of {one.variant}', f"in {one.scenario}"
    cell = one.cell
    rounds = f"{cell.rounds} of {cell.rounds} builds"
    took = f" ({format_seconds(cell.seconds.median)})" if cell.seconds and cell.state != "cached" else ""
    match cell.state:
        case "cached":
            return f"{name} was cached {where}, in {rounds}"
        case "ran":
            return f"{name} ran {where}, in {rounds}{took}"
    return f"{name} {where} was cached in {cell.cached_rounds} of {cell.rounds} builds and ran in the others{took}"


def _why_it_ran(one: _Seen, head: Source) -> str:
    """The first step before it that ran as well."""
    measured = head.measured
    for build in measured.builds(one.variant, one.scenario) if measured else ():
        at = next((at for at, (key, _) in enumerate(keyed_steps(build)) if key == one.key), None)
        if at is None or build.steps[at].cached is not False:
            continue
        before = [step for step in _before(build, at) if step.cached is False]
        if not before:
            return ": what it depends on itself had changed"
        first = before[0]
        line = f" (line {first.line_start})" if first.line_start else ""
        return f": {step_label(first.instruction)}{line} stands before it and ran"
    return ""


def _before(build: Build, position: int) -> list[Step]:
    """The steps that one builds on, in the order of the build."""
    found: set[int] = set()
    pending = [position]
    while pending:
        for at in build.steps[pending.pop()].inputs:
            if at not in found and 0 <= at < len(build.steps):
                found.add(at)
                pending.append(at)
    return [build.steps[at] for at in sorted(found - {position})]


def _place(one: _Seen, head: Source) -> Place | None:
    measured = head.measured
    for build in measured.builds(one.variant, one.scenario) if measured else ():
        for key, step in keyed_steps(build):
            if key == one.key and measured:
                return measured.dockerfile(one.variant, step.line_start)
    return None
