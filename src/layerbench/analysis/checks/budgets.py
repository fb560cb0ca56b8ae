"""Budgets: which figures they are about, and whether they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.checks.figures import figure_text, value_of
from layerbench.analysis.checks.growth import Source, image_causes, layer_causes, place_of_growth, reference_of
from layerbench.analysis.checks.lost_steps import lost_steps, uncached_steps
from layerbench.analysis.checks.models import BudgetOutcome, BudgetStatus, Place
from layerbench.analysis.checks.rules import COMPRESSED_METRICS, SCENARIO_METRICS, unit_of
from layerbench.analysis.checks.times import UNSURE, exceeds, is_over, is_sure
from layerbench.analysis.checks.waste import line_of_waste, own_waste, waste_causes
from layerbench.analysis.comparison.comparable import are_interleaved
from layerbench.config.models import Budget
from layerbench.config.names import fits, is_pattern
from layerbench.results.baseline import ScenarioFigures
from layerbench.results.image_models import WasteSummary
from layerbench.units import format_percent


@dataclass(frozen=True, slots=True)
class _Target:
    """What one budget is judged on."""

    rule: Budget
    variant: str
    scenario: str | None
    """As the outcome names it."""
    at: str | None
    """Where the figure is taken from; None where nothing was measured."""


@dataclass(frozen=True, slots=True)
class _Values:
    """The figure and what it is held against."""

    value: float | None
    baseline: float | None = None
    rest: str = ""
    """What else has to be said, with a space in front."""
    lost_steps: int | None = None
    """Of cached steps that are held against others: how many of those are not cached any more."""


def judge_budgets(rules: Sequence[Budget], head: Source, base: Source | None) -> tuple[BudgetOutcome, ...]:
    """Judge every budget for every variant and scenario that it is for.

    Args:
        rules: in the order of the bench file.
        head: the run.
        base: what relative budgets are relative to; without it, they are not measured.
    """
    return tuple(_judge(target, head, base) for rule in rules for target in _targets(rule, head))


def _targets(rule: Budget, head: Source) -> Iterator[_Target]:
    measured = head.measured
    assert measured is not None  # noqa: S101 - a run is always measured
    found = False
    for variant in measured.variants:
        if not fits(variant, rule.variant):
            continue
        if rule.scenario is None and rule.metric not in SCENARIO_METRICS:
            found = True
            yield _Target(rule, variant, None, reference_of(head.figures, variant))
            continue
        pattern = rule.scenario or "*"
        for scenario in measured.planned(variant):
            if not fits(scenario.name, pattern):
                continue
            # Nothing is cached in a cold build, and only an edit is deployed again: a pattern does not mean those.
            if rule.metric == "cached_steps" and scenario.kind == "cold" and is_pattern(pattern):
                continue
            if rule.metric == "redeploy_bytes" and scenario.kind != "edit":
                continue
            found = True
            yield _Target(rule, variant, scenario.name, scenario.name)
    if not found:
        yield _Target(rule, rule.variant, rule.scenario, None)


def _judge(target: _Target, head: Source, base: Source | None) -> BudgetOutcome:
    rule = target.rule
    values = _values(target, head, base)
    broken = _is_broken(rule, values)
    is_unsure = bool(broken) and _is_unsure(target, head, base)
    status: BudgetStatus = "not-measured"
    if broken is not None:
        status = "ok" if not broken else "regression" if rule.level == "fail" and not is_unsure else "warning"
    return BudgetOutcome(
        metric=rule.metric,
        unit=unit_of(rule.metric),
        variant=target.variant,
        scenario=target.scenario,
        step=rule.step,
        level=rule.level,
        outcome=status,
        value=values.value,
        baseline=values.baseline,
        limit=rule.limit,
        sentence=_sentence(target, values, base) + (f" {UNSURE}" if is_unsure else ""),
        causes=_causes(target, head, base) if broken else (),
        place=_place(target, head, base) if broken else None,
        lost_steps=values.lost_steps,
        lacks_baseline=rule.is_relative and base is None and values.value is not None,
    )


def change_text(outcome: BudgetOutcome) -> str:
    """How far a figure is from its baseline: `+12.4 MB (+11.3%)`; the figure itself where there is none.

    Of cached steps it is those that were lost: others that are cached now do not make up for them.
    """
    if outcome.value is None:
        return "not measured"
    if outcome.baseline is None:
        return figure_text(outcome.value, outcome.unit)
    delta = outcome.value - outcome.baseline if outcome.lost_steps is None else -outcome.lost_steps
    amount = f"{'+' if delta >= 0 else '-'}{figure_text(abs(delta), outcome.unit)}"
    return f"{amount} ({_signed_percent(delta / outcome.baseline)})" if outcome.baseline else amount


def _values(target: _Target, head: Source, base: Source | None) -> _Values:
    rule = target.rule
    if target.at is None:
        return _Values(None, rest=" Nothing of it was built in this run.")
    value = _value(head, rule, target.variant, target.at)
    if value is None or not rule.is_relative:
        return _Values(value)
    if base is None:
        return _Values(value, rest=" There is no baseline here.")
    at = _base_at(target, base)
    why_not = _why_not_compared(target, at, head, base)
    if why_not:
        return _Values(value, rest=f" {why_not}")
    before = None if at is None else _value(base, rule, target.variant, at)
    if before is None or at is None:
        mend = ": update it" if base.measured is None else ""
        return _Values(value, rest=f" {base.name} has no such figure{mend}.")
    if rule.metric == "cached_steps":
        lost = lost_steps(head, base, target.variant, target.at, at, rule.step)
        return _Values(value, before, lost_steps=len(lost))
    return _Values(value, before, _noise(target, head, base) if rule.metric == "seconds" else "")


def _base_at(target: _Target, base: Source) -> str | None:
    """Where the figure before is taken from; None where the baseline does not have the variant."""
    return target.at if target.scenario is not None else reference_of(base.figures, target.variant)


def _why_not_compared(target: _Target, base_at: str | None, head: Source, base: Source) -> str | None:
    """Why a baseline says nothing of this figure, as a sentence."""
    rule = target.rule
    if rule.metric == "seconds" and base.measured is None:
        return "A baseline file keeps no times: give an earlier result file as baseline."
    if rule.metric in COMPRESSED_METRICS and not _mean_the_same(head, base):
        return "The baseline's compressed bytes do not mean the same (another image store)."
    if target.at is not None and target.at == base_at and not _is_same_scenario(target.at, head, base):
        mend = f"; update {base.name}" if base.measured is None else ""
        return f'The scenario "{target.at}" is not compared: its edit is not the same in both bench files{mend}.'
    return None


def _is_same_scenario(name: str, head: Source, base: Source) -> bool:
    """Whether both make the same edit; what an older baseline file does not tell is taken to be the same."""
    digests = {source.figures.scenarios.get(name) for source in (head, base)}
    return len(digests - {None}) < 2


def _value(source: Source, rule: Budget, variant: str, scenario: str) -> float | None:
    if rule.metric == "seconds":
        found = source.measured.seconds(variant, scenario, rule.step) if source.measured else None
        return found.median if found else None
    figures = _figures(source, variant, scenario)
    return value_of(figures, rule.metric, rule.step) if figures else None


def _figures(source: Source, variant: str, scenario: str | None) -> ScenarioFigures | None:
    return source.figures.variants.get(variant, {}).get(scenario) if scenario is not None else None


def _mean_the_same(head: Source, base: Source) -> bool:
    sources = (head.figures.compressed_bytes_source, base.figures.compressed_bytes_source)
    return sources[0] == sources[1] and sources[0] is not None


def _is_broken(rule: Budget, values: _Values) -> bool | None:
    """Whether the limit is exceeded; None where it is not known."""
    value, before = values.value, values.baseline
    if value is None:
        return None
    if not rule.is_relative:
        amount = rule.amount or 0.0
        return value > amount if rule.kind == "max" else value < amount
    if before is None:
        return None
    if values.lost_steps is not None:
        return is_over(rule, values.lost_steps, before)
    return exceeds(rule, before, value)


def _is_unsure(target: _Target, head: Source, base: Source | None) -> bool:
    """Whether a broken budget on time may be broken by noise alone."""
    if target.rule.metric != "seconds" or not target.rule.is_relative or target.at is None:
        return False
    if head.measured is None or base is None or base.measured is None:
        return False
    return is_sure(target.rule, head.measured, base.measured, target.variant, target.at) is False


def _sentence(target: _Target, values: _Values, base: Source | None) -> str:
    rule = target.rule
    parts = ", ".join(part for part in (target.variant, target.scenario, rule.step) if part)
    key, unit = f"{rule.metric}[{parts}]", unit_of(rule.metric)
    if values.value is None:
        return f"{key} was not measured.{values.rest}"
    shown = figure_text(values.value, unit)
    if not rule.is_relative:
        return f"{key} is {shown}; the budget is {rule.limit}."
    if values.baseline is None or base is None:
        return f"{key} is {shown}, with nothing to hold it against.{values.rest}"
    if values.lost_steps is not None:
        lost = f"{values.lost_steps} of the baseline's {figure_text(values.baseline, unit)} lost"
        return f"{key} is {shown}, with {lost}; the budget is {rule.limit}."
    delta = values.value - values.baseline
    change = f"{'+' if delta >= 0 else '-'}{figure_text(abs(delta), unit)}"
    percent = f" ({_signed_percent(delta / values.baseline)})" if values.baseline and delta else ""
    before = figure_text(values.baseline, unit)
    return f"{key} is {shown}, {change}{percent} on the baseline's {before}; the budget is {rule.limit}.{values.rest}"


def _noise(target: _Target, head: Source, base: Source) -> str:
    rounds = []
    for source in (head, base):
        found = (
            source.measured.seconds(target.variant, target.at, target.rule.step)
            if source.measured is not None and target.at is not None
            else None
        )
        rounds.append(found.count if found else 0)
    is_one_run = head.measured and base.measured and are_interleaved(base.measured.result, head.measured.result)
    runs = "made in turns" if is_one_run else "of two runs"
    return f" These are medians of {rounds[0]} and {rounds[1]} builds {runs}, and times are noisy."


def _causes(target: _Target, head: Source, base: Source | None) -> tuple[str, ...]:
    rule, at = target.rule, target.at
    after = _figures(head, target.variant, at)
    if after is None or at is None:
        return ()
    base = base if rule.is_relative else None
    base_at = _base_at(target, base) if base else None
    if rule.metric == "cached_steps":
        said = "no longer cached" if base else "not cached"
        return tuple(f"{said}: {name}" for name in _uncached_steps(target, at, head, base))
    if rule.metric == "waste_bytes":
        return waste_causes(_waste(head, target.variant, at) or (), _waste(base, target.variant, base_at))
    if not rule.metric.endswith("_bytes"):
        return ()
    if base is not None and base_at is not None and rule.metric != "redeploy_bytes":
        found = image_causes(head, base, target.variant, at, target.variant, base_at)
        if found:
            return found
    if rule.metric == "redeploy_bytes":
        return ()
    return layer_causes(rule.metric, after, _figures(base, target.variant, base_at) if base else None)


def _uncached_steps(target: _Target, at: str, head: Source, base: Source | None) -> tuple[str, ...]:
    """Steps that are not cached and were; of a budget that is not relative all that are not."""
    rule, base_at = target.rule, _base_at(target, base) if base else None
    if base is None or base_at is None:
        return uncached_steps(head, target.variant, at, rule.step)
    return lost_steps(head, base, target.variant, at, base_at, rule.step)


def _waste(source: Source | None, variant: str, scenario: str | None) -> tuple[WasteSummary, ...] | None:
    """The waste of the image that stands for a variant in a scenario; a baseline file does not have it."""
    if source is None or source.measured is None or scenario is None:
        return None
    build = source.measured.image_build(variant, scenario)
    return own_waste(source.measured.result, build.image) if build and build.image else None


def _place(target: _Target, head: Source, base: Source | None) -> Place | None:
    measured, at, rule = head.measured, target.at, target.rule
    if measured is None or at is None:
        return None
    base = base if rule.is_relative else None
    if rule.metric == "cached_steps":
        lost = _uncached_steps(target, at, head, base)
        return measured.dockerfile(target.variant, measured.line_of_step(target.variant, at, lost[0]) if lost else None)
    if rule.metric == "waste_bytes":
        build, after = measured.image_build(target.variant, at), _waste(head, target.variant, at)
        before_it = _waste(base, target.variant, _base_at(target, base)) if base else None
        line = line_of_waste(build, after, before_it) if build and after else None
        return measured.dockerfile(target.variant, line)
    before = _figures(base, target.variant, _base_at(target, base)) if base else None
    if rule.metric.endswith("compressed_bytes"):
        return place_of_growth(measured, rule.metric, target.variant, at, before, rule.step)
    return measured.dockerfile(target.variant)


def _signed_percent(share: float) -> str:
    text = f"{share * 100:.1f}%" if abs(share) < 10 else format_percent(share)
    return text if share < 0 else f"+{text}"
