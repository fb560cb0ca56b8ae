"""The figures that budgets and expectations are about, by variant and scenario."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from layerbench.analysis.checks.models import Place, Unit
from layerbench.analysis.checks.waste import needless_bytes, own_waste
from layerbench.analysis.comparison.comparable import platforms_of
from layerbench.analysis.comparison.redeploy import redeploy_of
from layerbench.analysis.stats import Spread, spread
from layerbench.analysis.steps import StepKey, is_valid, keyed_steps, line_of_layer, scenario_cells
from layerbench.config.models import Metric
from layerbench.config.names import fits
from layerbench.results.baseline import BASELINE_KIND, BASELINE_VERSION, Baseline, ScenarioFigures, StepState
from layerbench.results.models import Build, Image, Result, ScenarioRecord
from layerbench.units import format_bytes, format_seconds

_COLD = "cold"
_DIGEST_LETTERS = 12
_OF_THE_BASE = "FROM, layer "
# Around the instruction in a step's name, see `step_name`; no instruction begins with any of it.
_STAGE_BEFORE = re.compile(r"^(?:[a-z0-9_.-]+/[a-z0-9_./-]+ )?(?:\[[^\]]*\] )?")
_NUMBER_BEHIND = re.compile(r" \(\d+\)$")
_STATES: Mapping[str, StepState] = {"cached": "cached", "ran": "ran", "varies": "varies"}


class Measured:
    """A result, by variant and scenario; only builds that count are in it."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self._builds: dict[tuple[str, str], list[Build]] = {}
        for build in result.builds:
            if is_valid(build):
                self._builds.setdefault((build.variant, build.scenario), []).append(build)
        self.variants = _in_order([one.name for one in result.bench.variants], (one.variant for one in result.builds))
        known = {one.name: one for one in result.bench.scenarios}
        names = _in_order(known, (one.scenario for one in result.builds))
        self.scenarios = tuple(known.get(name, ScenarioRecord(name, "edit")) for name in names)
        self.figures = self._figures()

    def builds(self, variant: str, scenario: str) -> Sequence[Build]:
        """The builds that count, in the order of the rounds."""
        return self._builds.get((variant, scenario), ())

    def planned(self, variant: str) -> tuple[ScenarioRecord, ...]:
        """The scenarios that a variant is in."""
        return tuple(one for one in self.scenarios if one.variants is None or variant in one.variants)

    def image_build(self, variant: str, scenario: str) -> Build | None:
        """The build whose image stands for all of its kind: the median one by compressed bytes."""
        made = [(build.image.compressed_bytes, build) for build in self.builds(variant, scenario) if build.image]
        return sorted(made, key=lambda pair: pair[0])[(len(made) - 1) // 2][1] if made else None

    def seconds(self, variant: str, scenario: str, step: str | None = None) -> Spread | None:
        """Time of the builds, or of the steps that are like a pattern, where they ran."""
        return spread(self.seconds_by_round(variant, scenario, step).values())

    def seconds_by_round(self, variant: str, scenario: str, step: str | None = None) -> dict[int, float]:
        """The same, each by its round."""
        timed = (
            (build.round, build.wall_seconds if step is None else _seconds_of_steps(build, step))
            for build in self.builds(variant, scenario)
        )
        return {number: seconds for number, seconds in timed if seconds is not None}

    def dockerfile(self, variant: str, line: int | None = None) -> Place | None:
        """A line of a variant's Dockerfile."""
        path = next((one.dockerfile for one in self.result.bench.variants if one.name == variant), None)
        return Place(path, line) if path is not None else None

    def line_of_layer(self, variant: str, scenario: str, name: str) -> int | None:
        """The line of the step that made a layer, by the name that the layer has in the figures."""
        build = self.image_build(variant, scenario)
        if build is None or build.image is None:
            return None
        names = layer_names(build, build.image)
        return line_of_layer(build, names.index(name)) if name in names else None

    def line_of_step(self, variant: str, scenario: str, name: str) -> int | None:
        """The line of a step, by the name that it has in the figures."""
        for build in self.builds(variant, scenario):
            for key, step in keyed_steps(build):
                if step_name(key) == name:
                    return step.line_start
        return None

    def _figures(self) -> Baseline:
        result = self.result
        images = [build.image for builds in self._builds.values() for build in builds if build.image]
        sources = {image.compressed_bytes_source for image in images}
        variants: dict[str, dict[str, ScenarioFigures]] = {}
        for variant in self.variants:
            found = {one.name: self._scenario(variant, one.name) for one in self.scenarios}
            known = {name: figures for name, figures in found.items() if figures is not None}
            if known:
                variants[variant] = known
        return Baseline(
            kind=BASELINE_KIND,
            schema_version=BASELINE_VERSION,
            bench=result.bench.name,
            platform=", ".join(sorted(platforms_of(result))) or None,
            image_store=result.builder.image_store,
            compressed_bytes_source=sources.pop() if len(sources) == 1 else None,
            variants=variants,
            scenarios={one.name: scenario_digest(one) for one in result.bench.scenarios},
        )

    def _scenario(self, variant: str, scenario: str) -> ScenarioFigures | None:
        builds = self.builds(variant, scenario)
        if not builds:
            return None
        steps = {
            step_name(key): _STATES[cell.state] for key, cell in scenario_cells(builds).items() if cell.state in _STATES
        }
        redeploy = redeploy_of(self.result, variant, scenario)
        figures = ScenarioFigures(
            redeploy_bytes=redeploy.median if redeploy else None,
            cached_steps=sum(state == "cached" for state in steps.values()),
            steps=steps,
        )
        build = self.image_build(variant, scenario)
        if build is None or build.image is None:
            return figures
        waste = own_waste(self.result, build.image)
        names, layers = layer_names(build, build.image), build.image.layers
        return replace(
            figures,
            compressed_bytes=build.image.compressed_bytes,
            uncompressed_bytes=build.image.uncompressed_bytes,
            layers=len(layers),
            waste_bytes=None if waste is None else needless_bytes(waste),
            layer_compressed_bytes={name: one.compressed_bytes for name, one in zip(names, layers, strict=True)},
            layer_uncompressed_bytes={name: one.uncompressed_bytes for name, one in zip(names, layers, strict=True)},
        )


def baseline_of(result: Result) -> Baseline:
    """What is kept of a run in a baseline file: layers only of the image that stands for its variant."""
    whole = Measured(result).figures
    return replace(
        whole,
        variants={
            variant: {
                name: figures
                if name == reference_scenario(scenarios)
                else replace(figures, layer_compressed_bytes={}, layer_uncompressed_bytes={})
                for name, figures in scenarios.items()
            }
            for variant, scenarios in whole.variants.items()
        },
    )


def scenario_digest(scenario: ScenarioRecord) -> str:
    """The same for two scenarios that start from the same cache and make the same edit, whatever their names."""
    text = json.dumps([scenario.kind, scenario.edits], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LETTERS]


def reference_scenario(scenarios: Mapping[str, ScenarioFigures]) -> str | None:
    """The scenario whose image stands for a variant: the cold one, or else the first that has an image."""
    made = [name for name, figures in scenarios.items() if figures.uncompressed_bytes is not None]
    return _COLD if _COLD in made else made[0] if made else None


def value_of(figures: ScenarioFigures, metric: Metric, step: str | None) -> float | None:
    """A figure other than seconds; None is unknown. Of layers it is the largest that a step made."""
    match metric:
        case "compressed_bytes":
            return figures.compressed_bytes
        case "uncompressed_bytes":
            return figures.uncompressed_bytes
        case "layers":
            return figures.layers
        case "waste_bytes":
            return figures.waste_bytes
        case "redeploy_bytes":
            return figures.redeploy_bytes
        case "cached_steps":
            return _cached_steps(figures, step)
        case "layer_compressed_bytes" | "layer_uncompressed_bytes":
            return max(own_layers(figures, metric, step).values(), default=None)
        case "seconds":
            return None


def own_layers(figures: ScenarioFigures, metric: Metric, step: str | None) -> dict[str, int]:
    """Bytes of the layers that steps made, by name, those that are like a pattern."""
    is_compressed = metric in ("compressed_bytes", "layer_compressed_bytes", "redeploy_bytes")
    layers = figures.layer_compressed_bytes if is_compressed else figures.layer_uncompressed_bytes
    return {
        name: count for name, count in layers.items() if not name.startswith(_OF_THE_BASE) and step_fits(name, step)
    }


def layer_names(build: Build, image: Image) -> tuple[str, ...]:
    """A name for each layer, no two alike: the instruction that made it, for the base's `FROM, layer N`."""
    names: list[str] = []
    for position, layer in enumerate(image.layers, start=1):
        name = f"{_OF_THE_BASE}{position}"
        if layer.step is not None and 0 <= layer.step < len(build.steps):
            name = one_line(build.steps[layer.step].instruction)
        count = sum(_NUMBER_BEHIND.sub("", known) == name for known in names)
        names.append(f"{name} ({count + 1})" if count else name)
    return tuple(names)


def step_name(key: StepKey) -> str:
    """A step as it stands in a baseline file: `[builder] RUN make`; the second of the same text has `(2)` behind it."""
    stage = f"[{key.stage}] " if key.stage else ""
    platform = f"{key.platform} " if key.platform else ""
    number = f" ({key.occurrence + 1})" if key.occurrence else ""
    return f"{platform}{stage}{one_line(key.instruction)}{number}"


def step_fits(name: str, pattern: str | None) -> bool:
    """Whether a step or a layer, by its name in the figures, has an instruction that is like a pattern."""
    return pattern is None or fits(_NUMBER_BEHIND.sub("", _STAGE_BEFORE.sub("", name)), pattern)


def one_line(instruction: str) -> str:
    """An instruction without line breaks and double spaces."""
    return " ".join(instruction.split())


def figure_text(value: float, unit: Unit) -> str:
    """A figure as people read it."""
    match unit:
        case "bytes":
            return format_bytes(value)
        case "seconds":
            return format_seconds(value)
        case "count":
            return f"{value:g}"


def _cached_steps(figures: ScenarioFigures, step: str | None) -> float | None:
    if step is None:
        return figures.cached_steps
    states = [state for name, state in figures.steps.items() if step_fits(name, step)]
    return states.count("cached") if states else None


def _seconds_of_steps(build: Build, pattern: str) -> float | None:
    found = [
        step.seconds
        for step in build.steps
        if step.cached is False and step.seconds is not None and fits(one_line(step.instruction), pattern)
    ]
    return sum(found) if found else None


def _in_order(*names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))
