"""What made an image grow, and at which line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerbench.analysis.checks.figures import Measured, own_layers, reference_scenario
from layerbench.analysis.checks.models import Place
from layerbench.analysis.comparison.models import Contents, no_contents
from layerbench.analysis.wording import step_label
from layerbench.config.models import Metric
from layerbench.results.baseline import Baseline, ScenarioFigures
from layerbench.units import format_bytes, format_bytes_delta

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageDiff

_MOST = 5


@dataclass(frozen=True, slots=True)
class Source:
    """Figures of a run or of a baseline file, with the images where their files were kept."""

    name: str
    """How sentences call it, such as the file's name."""
    figures: Baseline
    measured: Measured | None = None
    """None for a baseline file."""
    contents: Contents = no_contents


def growth_causes(diff: ImageDiff) -> tuple[str, ...]:
    """The packages, and folders outside of packages, that grew or came in, the largest first."""
    found = [*_packages(diff), *_folders(diff)]
    return tuple(text for _, text in sorted(found, key=lambda pair: -pair[0])[:_MOST])


def image_causes(source: Source, base: Source, variant: str, scenario: str, other: str, at: str) -> tuple[str, ...]:
    """The same for two builds by variant and scenario (`other` and `at` are the base's).

    Empty where the files of one of them were not kept.
    """
    after = source.measured.image_build(variant, scenario) if source.measured else None
    before = base.measured.image_build(other, at) if base.measured else None
    if after is None or before is None:
        return ()
    small, large = base.contents(before), source.contents(after)
    if small is None or large is None:
        return ()
    from layerbench.analysis.anatomy.compare import compare_images

    return growth_causes(compare_images(small, large))


def layer_growth(after: Mapping[str, int], before: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Layers by name with the bytes that they have more, the largest first."""
    deltas = {name: count - before.get(name, 0) for name, count in after.items()}
    return tuple(sorted(((name, delta) for name, delta in deltas.items() if delta > 0), key=lambda pair: -pair[1]))


def layer_causes(metric: Metric, after: ScenarioFigures, before: ScenarioFigures | None) -> tuple[str, ...]:
    """Layers that grew since `before`, or the largest ones without it."""
    layers = own_layers(after, metric, None)
    if before is None:
        found = sorted(layers.items(), key=lambda pair: -pair[1])
        return tuple(f"layer {step_label(name)}: {format_bytes(count)}" for name, count in found[:3])
    if not own_layers(before, metric, None):
        return ()
    grown = layer_growth(layers, own_layers(before, metric, None))
    return tuple(f"layer {step_label(name)}: {format_bytes_delta(delta)}" for name, delta in grown[:_MOST])


def place_of_growth(
    measured: Measured, metric: Metric, variant: str, scenario: str, before: ScenarioFigures | None, step: str | None
) -> Place | None:
    """The line of the step whose layer grew the most, or of the largest layer where nothing is known of before."""
    after = measured.figures.variants.get(variant, {}).get(scenario)
    if after is None:
        return measured.dockerfile(variant)
    layers = own_layers(after, metric, step)
    grown = layer_growth(layers, own_layers(before, metric, step) if before else {})
    line = measured.line_of_layer(variant, scenario, grown[0][0]) if grown else None
    return measured.dockerfile(variant, line)


def reference_of(figures: Baseline, variant: str) -> str | None:
    """The scenario whose image stands for a variant."""
    return reference_scenario(figures.variants.get(variant, {}))


def _packages(diff: ImageDiff) -> Iterator[tuple[int, str]]:
    for one in diff.packages:
        delta = one.uncompressed_bytes_delta
        if delta <= 0:
            continue
        versions = f"{one.after}{_place(one.location)} (new)" if one.before is None else one.after or ""
        if one.before is not None and one.before != one.after:
            versions = f"{one.before} -> {one.after}"
        yield delta, f"{one.ecosystem} {one.name} {versions}: {format_bytes_delta(delta)}"


def _folders(diff: ImageDiff) -> Iterator[tuple[int, str]]:
    files = [one for one in diff.files if one.package is None]
    for folder in diff.unowned:
        delta = folder.uncompressed_bytes_delta
        if delta <= 0:
            continue
        # A single file that makes most of it is a better name than its folder.
        prefix = f"{folder.path}/" if folder.path else ""
        # What is in a folder of its own below this one is told there, and may be more than all that is told here.
        inside = (one for one in files if one.path.startswith(prefix) and one.uncompressed_bytes_delta <= delta)
        telling = next(inside, None)
        if telling is not None and telling.uncompressed_bytes_delta > 0.8 * delta:
            yield delta, f"/{telling.path}: {format_bytes_delta(telling.uncompressed_bytes_delta)}"
        else:
            yield delta, f"/{folder.path}: {format_bytes_delta(delta)}"


def _place(location: str) -> str:
    """Where a package is that may be in an image twice: ` in /venv`."""
    root, is_python, _ = location.partition("/lib/python")
    return f" in /{root if is_python else location}" if location else ""
