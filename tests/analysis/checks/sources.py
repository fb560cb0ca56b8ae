"""What the tests of checks judge: the web sample app's run, changed here and there."""

from __future__ import annotations

from dataclasses import replace

from layerbench.analysis.checks.figures import Measured, baseline_of
from layerbench.analysis.checks.growth import Source
from layerbench.analysis.comparison.models import Contents, no_contents
from layerbench.results.image_models import WasteSummary
from layerbench.results.models import Result
from tests.results import factory


def source(result: Result | None = None, name: str = "head.json", contents: Contents = no_contents) -> Source:
    """A run."""
    measured = Measured(result or factory.result())
    return Source(name, measured.figures, measured, contents)


def committed(result: Result | None = None) -> Source:
    """A baseline file of a run."""
    return Source("layerbench-baseline.json", baseline_of(result or factory.result()))


def larger(delta: int, variant: str = "multi", at: int = -2, result: Result | None = None) -> Result:
    """The run with one layer of a variant larger by so many bytes, compressed and uncompressed."""
    result = result or factory.result()
    builds = []
    for build in result.builds:
        if build.variant == variant and build.image is not None:
            layers = list(build.image.layers)
            layer = layers[at]
            layers[at] = replace(
                layer,
                compressed_bytes=layer.compressed_bytes + delta,
                uncompressed_bytes=layer.uncompressed_bytes + delta,
            )
            image = replace(
                build.image,
                layers=tuple(layers),
                compressed_bytes=build.image.compressed_bytes + delta,
                uncompressed_bytes=build.image.uncompressed_bytes + delta,
            )
            build = replace(build, image=image)
        builds.append(build)
    return replace(result, builds=tuple(builds))


def wasting(*waste: WasteSummary) -> Result:
    """The run with the same waste in each of its images."""
    result = factory.with_images(factory.result(), packages=0)
    return replace(result, images=tuple(replace(one, waste=waste) for one in result.images))


def other_edits(result: Result, scenario: str) -> Result:
    """The result with another edit under a scenario's name."""
    scenarios = tuple(
        replace(one, edits=({"touch": "other.py"},)) if one.name == scenario else one for one in result.bench.scenarios
    )
    return replace(result, bench=replace(result.bench, scenarios=scenarios))


def instead(variant: str, scenario: str, instruction: str) -> Result:
    """The run with a step that ran where it was cached, and one that is new and cached."""
    result = uncached(variant, scenario, instruction)
    builds = []
    for build in result.builds:
        if (build.variant, build.scenario) == (variant, scenario):
            step = replace(build.steps[1], instruction="WORKDIR /new", cached=True)
            build = replace(build, steps=(*build.steps, step))
        builds.append(build)
    return replace(result, builds=tuple(builds))


def uncached(variant: str, scenario: str, instruction: str, rounds: tuple[int, ...] = (1, 2, 3)) -> Result:
    """The run with a step that ran where it was cached."""
    result = factory.result()
    builds = []
    for build in result.builds:
        if (build.variant, build.scenario) == (variant, scenario) and build.round in rounds:
            steps = tuple(
                replace(step, cached=False, seconds=2.0) if instruction in step.instruction else step
                for step in build.steps
            )
            build = replace(build, steps=steps)
        builds.append(build)
    return replace(result, builds=tuple(builds))
