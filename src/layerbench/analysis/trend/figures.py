"""The figures that a history keeps of a run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from statistics import median

from layerbench.analysis.checks.figures import Measured, value_of
from layerbench.analysis.comparison.comparable import platforms_of
from layerbench.analysis.comparison.redeploy import redeploy_of
from layerbench.analysis.trend.models import Figure, LineKey, TrendMetric
from layerbench.results.models import Builder, Machine, Result

_IMAGE_METRICS: tuple[TrendMetric, ...] = ("uncompressed_bytes", "waste_bytes", "layers")


def figures_of(result: Result) -> tuple[Figure, ...]:
    """The figures of a result, of builds that count only; what is unknown is left out."""
    measured = Measured(result)
    return tuple(
        figure
        for variant in measured.variants
        for scenario in measured.scenarios
        for figure in _figures(measured, variant, scenario.name)
    )


def machine_in_words(machine: Machine) -> str:
    """What times have to share, of a machine; its memory in whole GB, for kernels report some pages more or less."""
    memory = "" if machine.memory_bytes is None else f", {round(machine.memory_bytes / 1e9)} GB"
    return f"{machine.architecture}, {machine.cpu_count} CPUs{memory}"


def builder_in_words(builder: Builder) -> str:
    """What times have to share, of a builder; its versions are a cause of changes, and no reason to begin anew."""
    return f"{builder.driver} driver, {builder.image_store or 'unknown'} store"


def _figures(measured: Measured, variant: str, scenario: str) -> Iterator[Figure]:
    builds = measured.builds(variant, scenario)
    if not builds:
        return
    result = measured.result
    definition = _definition(result, variant, scenario)
    times = f"{machine_in_words(result.machine)}; {builder_in_words(result.builder)}"
    store = result.builder.image_store or "unknown"
    sizes = f"{', '.join(sorted(platforms_of(result, variant))) or 'unknown platform'}; {store} store"

    def figure(metric: TrendMetric, values: list[float], conditions: str) -> Figure:
        key = LineKey(result.bench.name, variant, scenario, metric, definition, conditions)
        return Figure(key, median(values), min(values), max(values), len(values))

    seconds = [build.wall_seconds for build in builds if build.wall_seconds is not None]
    if seconds:
        yield figure("seconds", seconds, times)
    images = [build.image for build in builds if build.image is not None]
    sources = {image.compressed_bytes_source for image in images}
    if len(sources) == 1:
        yield figure(
            "compressed_bytes",
            [_middle([image.compressed_bytes for image in images])],
            f"{sizes}; {sources.pop()} sizes",
        )
    figures = measured.figures.variants[variant][scenario]
    for metric in _IMAGE_METRICS:
        value = value_of(figures, metric, None)
        if value is not None:
            yield figure(metric, [value], sizes)
    redeploy = redeploy_of(result, variant, scenario)
    if redeploy is not None:
        yield figure("redeploy_bytes", [float(redeploy.median)], sizes)
    if figures.cached_steps is not None:
        yield figure("cached_steps", [float(figures.cached_steps)], sizes)


def _middle(values: list[int]) -> float:
    """The lower one of the two in the middle: a number of bytes that was measured."""
    return float(sorted(values)[(len(values) - 1) // 2])


def _definition(result: Result, variant: str, scenario: str) -> str:
    parts = [
        next((dataclasses.asdict(one) for one in result.bench.variants if one.name == variant), None),
        next(
            ({"kind": one.kind, "edits": one.edits} for one in result.bench.scenarios if one.name == scenario),
            None,
        ),
    ]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
