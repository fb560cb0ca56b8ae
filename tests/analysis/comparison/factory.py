"""Two sides to compare, made from the fixture of the web sample app."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.models import Comparison, ScenarioPair, Side
from layerbench.results.models import Build, Result
from tests.results import factory

ROUNDS = 10


def result(*variants: str, rounds: int = ROUNDS) -> Result:
    """A complete run of some variants of the web app."""
    return factory.result([factory.plan(name) for name in variants or ("single",)], rounds=rounds)


def each(whole: Result, change: Callable[[Build], Build], *scenarios: str) -> Result:
    """The result with its builds changed; those of some scenarios only, where some are named."""
    builds = (change(one) if not scenarios or one.scenario in scenarios else one for one in whole.builds)
    return dataclasses.replace(whole, builds=tuple(builds))


def slower(whole: Result, factor: float, *scenarios: str) -> Result:
    """The result with builds that took so many times as long."""

    def change(build: Build) -> Build:
        assert build.wall_seconds is not None
        return dataclasses.replace(build, wall_seconds=round(build.wall_seconds * factor, 4))

    return each(whole, change, *scenarios)


def noisy(whole: Result, seed: int = 1) -> Result:
    """The result with times that scatter by some percent from round to round, the same in every process."""

    def change(build: Build) -> Build:
        assert build.wall_seconds is not None
        step = (build.round * 7 + seed * 5 + len(build.scenario)) % 11 - 5
        return dataclasses.replace(build, wall_seconds=round(build.wall_seconds * (1 + step / 500), 4))

    return each(whole, change)


def uncached(whole: Result, text: str, *scenarios: str, rounds: Sequence[int] | None = None) -> Result:
    """The result with a step run where it was cached."""

    def change(build: Build) -> Build:
        if rounds is not None and build.round not in rounds:
            return build
        steps = tuple(
            dataclasses.replace(step, cached=False, seconds=2.5) if text in step.instruction else step
            for step in build.steps
        )
        return dataclasses.replace(build, steps=steps)

    return each(whole, change, *scenarios)


def larger(whole: Result, compressed: int, uncompressed: int) -> Result:
    """The result with a larger last layer in each image."""

    def change(build: Build) -> Build:
        image = build.image
        assert image is not None
        *others, last = image.layers
        last = dataclasses.replace(
            last,
            digest="sha256:" + "ee" * 32,
            diff_id="sha256:" + "ef" * 32,
            compressed_bytes=last.compressed_bytes + compressed,
            uncompressed_bytes=last.uncompressed_bytes + uncompressed,
        )
        image = dataclasses.replace(
            image,
            compressed_bytes=image.compressed_bytes + compressed,
            uncompressed_bytes=image.uncompressed_bytes + uncompressed,
            layers=(*others, last),
        )
        return dataclasses.replace(build, image=image)

    return each(whole, change)


def edited(whole: Result, text: str = "COPY . .", scenario: str = "edit-source") -> Result:
    """The result with new content in the layers that an edit makes: those of a step, and of what stands behind it."""

    def change(build: Build) -> Build:
        assert build.image is not None
        at = next(at for at, step in enumerate(build.steps) if step.instruction == text)
        layers = tuple(
            dataclasses.replace(
                layer,
                digest=f"sha256:{build.round:02x}{layer.step:02x}" + "0" * 60,
                diff_id=f"sha256:{build.round:02x}{layer.step:02x}" + "1" * 60,
            )
            if layer.step is not None and layer.step >= at
            else layer
            for layer in build.image.layers
        )
        return dataclasses.replace(build, image=dataclasses.replace(build.image, layers=layers))

    return each(whole, change, scenario)


def compare(base: Result, head: Result, variant_base: str | None = None, variant_head: str | None = None) -> Comparison:
    return compare_results(Side("main.json", base, variant_base), Side("pr.json", head, variant_head))


def pair_of(comparison: Comparison, scenario: str) -> ScenarioPair:
    [pair] = [pair for pair in comparison.pairs if pair.scenario == scenario]
    return pair
