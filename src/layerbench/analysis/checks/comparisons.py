"""Figures of the run held against each other or against an amount."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping

from layerbench.analysis.checks.conditions import Amount, Comparison, Figure, Operator, Ratio, Side, figures_of
from layerbench.analysis.checks.figures import figure_text, own_layers, value_of
from layerbench.analysis.checks.findings import Finding
from layerbench.analysis.checks.growth import Source, image_causes, layer_growth, reference_of
from layerbench.analysis.checks.models import Place
from layerbench.analysis.checks.rules import COMPRESSED_METRICS, unit_of
from layerbench.analysis.stats import Spread
from layerbench.analysis.wording import join_words, step_label
from layerbench.units import format_bytes_delta, format_seconds_range

_HOLDS: Mapping[Operator, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
_CLAIMED_ROUNDS = 5
_MOST_CAUSES = 3
_TOO_FEW = f"Times of fewer than {_CLAIMED_ROUNDS} builds that lie so close decide nothing: run with more --rounds."


def compare(comparison: Comparison, head: Source) -> Finding:
    """Confirm or refute a comparison; not measured where a figure is not known."""
    figures = tuple(figures_of(comparison))
    missing = [figure for figure in figures if _value(figure, head) is None]
    place = _place(figures[0], head)
    if missing:
        names = list(dict.fromkeys(map(_named, missing)))
        verb = "was" if len(names) == 1 else "were"
        return Finding("not-measured", f"{join_words(names)} {verb} not measured.", place)
    if head.figures.compressed_bytes_source is None and any(one.metric in COMPRESSED_METRICS for one in figures):
        return Finding("not-measured", "The compressed bytes of this run's builds do not mean the same.", place)
    left, right = _side_value(comparison.left, head), _side_value(comparison.right, head)
    if left is None or right is None:
        return Finding("not-measured", f"{_named(figures[-1])} is 0, so that there is no ratio to it.", place)
    if _is_in_the_noise(comparison, head):
        return Finding(
            "not-measured", f"{_said(figures, head)}{_ratio_text(comparison, left, right)}. {_TOO_FEW}", place
        )
    holds = _HOLDS[comparison.operator](left, right)
    said = _said(figures, head)
    ratios = _ratio_text(comparison, left, right)
    reason = "" if holds else _reason(comparison, head)
    return Finding("confirmed" if holds else "refuted", f"{said}{ratios}{reason}.{_noise(figures, head)}", place)


def _said(figures: tuple[Figure, ...], head: Source) -> str:
    return ", ".join(f"{_named(figure)} is {_shown(figure, head)}" for figure in figures)


def _is_in_the_noise(comparison: Comparison, head: Source) -> bool:
    """Whether times of few builds lie so that another one could turn the answer."""
    counts = [found.count for one in figures_of(comparison) if (found := _times(one, head))]
    if not counts or min(counts) >= _CLAIMED_ROUNDS:
        return False
    left, right = _range(comparison.left, head), _range(comparison.right, head)
    return min(counts) == 1 or (left[0] <= right[1] and right[0] <= left[1])


def _range(side: Side, head: Source) -> tuple[float, float]:
    """The least and the most that a side can be by the builds there are."""
    match side:
        case Amount():
            return side.value, side.value
        case Figure():
            found = _times(side, head)
            value = _value(side, head) or 0
            return (found.minimum, found.maximum) if found else (value, value)
        case Ratio():
            above, below = _range(side.above, head), _range(side.below, head)
            return above[0] / below[1], above[1] / below[0] if below[0] else math.inf


def _times(figure: Figure, head: Source) -> Spread | None:
    return _seconds(figure, head) if figure.metric == "seconds" else None


def _value(figure: Figure, head: Source) -> float | None:
    if figure.metric == "seconds":
        found = _seconds(figure, head)
        return found.median if found else None
    scenario = _scenario(figure, head)
    figures = head.figures.variants.get(figure.variant, {}).get(scenario or "")
    return value_of(figures, figure.metric, figure.step) if figures else None


def _scenario(figure: Figure, head: Source) -> str | None:
    return figure.scenario if figure.scenario is not None else reference_of(head.figures, figure.variant)


def _seconds(figure: Figure, head: Source) -> Spread | None:
    if head.measured is None or figure.scenario is None:
        return None
    return head.measured.seconds(figure.variant, figure.scenario, figure.step)


def _side_value(side: Side, head: Source) -> float | None:
    """None where it is a ratio to nothing."""
    match side:
        case Amount():
            return side.value
        case Figure():
            return _value(side, head)
        case Ratio():
            above, below = _value(side.above, head), _value(side.below, head)
            return above / below if above is not None and below else None


def _named(figure: Figure) -> str:
    step = f' of "{figure.step}"' if figure.step else ""
    scenario = f" in {figure.scenario}" if figure.scenario else ""
    return f"{figure.metric}{step} of {figure.variant}{scenario}"


def _shown(figure: Figure, head: Source) -> str:
    value = _value(figure, head)
    text = figure_text(value, unit_of(figure.metric)) if value is not None else "not known"
    found = _times(figure, head)
    return f"{text} ({format_seconds_range(found.minimum, found.maximum)})" if found and found.count > 1 else text


def _ratio_text(comparison: Comparison, left: float, right: float) -> str:
    ratios = [
        f"{value:.3g}"
        for side, value in ((comparison.left, left), (comparison.right, right))
        if isinstance(side, Ratio)
    ]
    if ratios:
        return f": {' and '.join(ratios)} times as much"
    if isinstance(comparison.left, Figure) and isinstance(comparison.right, Figure):
        return _difference(comparison.left, left - right, right)
    return ""


def _difference(figure: Figure, delta: float, right: float) -> str:
    unit = unit_of(figure.metric)
    if not delta:
        return ": the same"
    share = f" ({abs(delta) / right * 100:.1f}%)" if right else ""
    return f": {figure_text(abs(delta), unit)}{share} {'more' if delta > 0 else 'less'}"


def _reason(comparison: Comparison, head: Source) -> str:
    """What the difference between two images consists of."""
    figures = tuple(figures_of(comparison))
    if len(figures) != 2 or any(one.metric not in ("compressed_bytes", "uncompressed_bytes") for one in figures):
        return ""
    large, small = sorted(figures, key=lambda one: _value(one, head) or 0, reverse=True)
    at, other_at = _scenario(large, head), _scenario(small, head)
    if at is None or other_at is None or large.variant == small.variant:
        return ""
    causes = image_causes(head, head, large.variant, at, small.variant, other_at)
    what = "uncompressed, by content" if causes else "by layer"
    causes = causes or _layers(large, at, small, other_at, head)
    some = join_words([f'"{cause}"' for cause in causes[:_MOST_CAUSES]])
    return f"; {large.variant} has more of {some} ({what})" if some else ""


def _layers(large: Figure, at: str, small: Figure, other_at: str, head: Source) -> tuple[str, ...]:
    after = own_layers(head.figures.variants[large.variant][at], large.metric, None)
    before = own_layers(head.figures.variants[small.variant][other_at], large.metric, None)
    return tuple(
        f"layer {step_label(name)} ({format_bytes_delta(delta)})" for name, delta in layer_growth(after, before)
    )


def _noise(figures: tuple[Figure, ...], head: Source) -> str:
    counts = [found.count for one in figures if (found := _times(one, head))]
    if not counts:
        return ""
    least = min(counts)
    text = f" Medians of {least} build{'s' if least > 1 else ''}; times are noisy"
    return f"{text}, and fewer than {_CLAIMED_ROUNDS} prove little." if least < _CLAIMED_ROUNDS else f"{text}."


def _place(figure: Figure, head: Source) -> Place | None:
    return head.measured.dockerfile(figure.variant) if head.measured else None
