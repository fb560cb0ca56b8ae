"""Expectations: each claim held against the figures of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.checks.comparisons import compare
from layerbench.analysis.checks.conditions import Comparison, PresenceCondition, StepCondition
from layerbench.analysis.checks.figures import one_line
from layerbench.analysis.checks.findings import Finding
from layerbench.analysis.checks.growth import Source
from layerbench.analysis.checks.models import ExpectationOutcome, Place
from layerbench.analysis.checks.presence import find
from layerbench.analysis.checks.rules import ExpectationRule
from layerbench.analysis.steps import StepCell, StepKey, keyed_steps, scenario_cells
from layerbench.analysis.wording import step_label
from layerbench.config.names import fits
from layerbench.results.models import Build, Step
from layerbench.units import format_seconds


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
    seen = list(_seen(condition, head))
    if not seen:
        return _nothing_seen(condition, head)
    wanted = "cached" if condition.is_cached else "ran"
    against = [one for one in seen if one.cell.state != wanted]
    shown = against or seen
    said = "; ".join(_said(one) for one in shown)
    first = shown[0]
    reason = _why_it_ran(first, head) if against and condition.is_cached else ""
    place = _place(first, head)
    return Finding("refuted" if against else "confirmed", f"{said}{reason}.", place)


def _seen(condition: StepCondition, head: Source) -> Iterator[_Seen]:
    measured = head.measured
    assert measured is not None  # noqa: S101 - a run is always measured
    for variant in measured.variants:
        if not fits(variant, condition.variant):
            continue
        for scenario in measured.scenarios:
            if not fits(scenario.name, condition.scenario):
                continue
            for key, cell in scenario_cells(measured.builds(variant, scenario.name)).items():
                if cell.state in ("cached", "ran", "varies") and fits(one_line(key.instruction), condition.step):
                    yield _Seen(variant, scenario.name, key, cell)


def _nothing_seen(condition: StepCondition, head: Source) -> Finding:
    measured = head.measured
    built = measured is not None and any(
        measured.builds(variant, scenario.name)
        for variant in measured.variants
        if fits(variant, condition.variant)
        for scenario in measured.scenarios
        if fits(scenario.name, condition.scenario)
    )
    where = f"{condition.variant} in {condition.scenario}"
    if built:
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
