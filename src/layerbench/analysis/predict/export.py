"""What writing the image costs, by the layers in it that are new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from layerbench.analysis.steps import StepKey, keyed_steps
from layerbench.results.models import Build, Image, Layer, Result

_SMALL_SHARE = 0.1
"""New layers of at most this share of the most that was measured say what any new layer costs."""


@dataclass(frozen=True, slots=True)
class ExportCosts:
    """A straight line through what was measured: compression goes by bytes, and something is due for any layer."""

    base_seconds: float
    """Where no layer is new."""
    new_layer_seconds: float
    """More, as soon as one is."""
    seconds_by_step: Mapping[StepKey, float]
    """More, where that step's layer is new: by its uncompressed bytes."""


def export_costs(result: Result, builds: Sequence[Build]) -> ExportCosts:
    """The line through the exports of a variant's builds.

    Args:
        result: knows the kinds of the scenarios.
        builds: of one variant, those that count.
    """
    kinds = {one.name: one.kind for one in result.bench.scenarios}
    before = _warm_layers(builds, kinds)
    points: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for build in builds:
        if build.image is None or build.export_seconds is None:
            continue
        known = set() if kinds.get(build.scenario) == "cold" else before
        new = sum(layer.uncompressed_bytes for layer in _own(build.image) if layer.diff_id not in known)
        points[build.scenario].append((new, build.export_seconds))
    measured = [(median(new for new, _ in some), median(taken for _, taken in some)) for some in points.values()]
    base = median([taken for new, taken in measured if new == 0] or [min((taken for _, taken in measured), default=0)])
    any_layer, rate = _line([(new, taken - base) for new, taken in measured if new])
    return ExportCosts(base, any_layer, {key: rate * count for key, count in _uncompressed_bytes(builds).items()})


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Seconds at no bytes, and seconds a byte; neither below 0."""
    if not points:
        return 0.0, 0.0
    most = max(count for count, _ in points)
    small = [taken for count, taken in points if count <= _SMALL_SHARE * most]
    start = max(0.0, median(small)) if small else 0.0
    large = [(count, max(0.0, taken - start)) for count, taken in points if count > _SMALL_SHARE * most]
    return start, sum(count * taken for count, taken in large) / sum(count * count for count, _ in large)


def _warm_layers(builds: Iterable[Build], kinds: Mapping[str, str]) -> set[str]:
    """What was there before the edits: the layers of cold and warm builds."""
    return {
        layer.diff_id
        for build in builds
        if build.image is not None and kinds.get(build.scenario) in ("cold", "warm")
        for layer in build.image.layers
    }


def _own(image: Image) -> Iterable[Layer]:
    return (layer for layer in image.layers if layer.step is not None)


def _uncompressed_bytes(builds: Sequence[Build]) -> dict[StepKey, int]:
    found: dict[StepKey, int] = {}
    for build in builds:
        keys = [key._replace(platform=None) for key, _ in keyed_steps(build)]
        for layer in _own(build.image) if build.image else ():
            if layer.step is not None and 0 <= layer.step < len(keys):
                found[keys[layer.step]] = layer.uncompressed_bytes
    return found
