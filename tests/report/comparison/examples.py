"""Comparisons that the formats are tried on."""

from __future__ import annotations

import dataclasses

from layerbench.analysis.comparison.compare import compare_results
from layerbench.analysis.comparison.models import Comparison, Side
from layerbench.results.models import Base, Build, Result
from tests.analysis.comparison.factory import each, edited, larger, noisy, result, slower, uncached
from tests.report import examples
from tests.report.anatomy import factory as anatomy
from tests.results import factory


def variants() -> Comparison:
    """Two variants of one run of ten rounds."""
    whole = noisy(edited(result("naive", "single")))
    return compare_results(Side("web.json:naive", whole, "naive"), Side("web.json:single", whole, "single"))


def pull_request() -> Comparison:
    """Two runs of ten rounds, everything worse."""
    base = noisy(edited(result("single", "multi")))
    head = larger(edited(result("single", "multi")), 5_000_000, 6_000_000)
    head = noisy(slower(uncached(head, "pip install", "touch"), 1.2), 3)
    head = dataclasses.replace(
        factory.fail(head, "multi", "cold", range(1, 11)),
        started_at="2026-01-23T08:00:00+00:00",
        bases=(Base("python:3.12-slim", "sha256:" + "d4" * 32),),
    )
    return compare_results(Side("main.json", base), Side("pr.json", head))


def slower_step() -> Comparison:
    """Two runs of ten rounds: one step slower and one faster, in builds that take as long."""
    changed = {"pip install": 1.12, "COPY --from=builder /venv": 0.6}

    def change(build: Build) -> Build:
        if build.scenario != "cold":
            return build
        steps = tuple(
            dataclasses.replace(step, seconds=round(step.seconds * factor, 4))
            if text in step.instruction and step.seconds is not None
            else step
            for step in build.steps
            for text, factor in [next((one for one in changed.items() if one[0] in step.instruction), ("", 1.0))]
        )
        return dataclasses.replace(build, steps=steps)

    base = noisy(result("multi"))
    return compare_results(Side("main.json", base), Side("pr.json", each(noisy(result("multi"), 3), change)))


def attributed() -> Comparison:
    """Two images with a difference by hand: the sample app `native`."""
    return with_diff(one_round("single", "multi"))


def one_round(base: str, head: str) -> Comparison:
    """Two variants, one round, the cold scenario."""
    whole: Result = factory.result([factory.plan(base), factory.plan(head)], factory.SCENARIOS[:1], rounds=1)
    return compare_results(Side(f"n.json:{base}", whole, base), Side(f"n.json:{head}", whole, head))


def with_diff(comparison: Comparison, diff: anatomy.ImageDiff | None = None) -> Comparison:
    pairs = (dataclasses.replace(one, diff=diff or anatomy.single_to_multi()) for one in comparison.pairs)
    return dataclasses.replace(comparison, pairs=tuple(pairs), notes=())


def hostile() -> Comparison:
    """Names and instructions that mean harm to terminals and to Markdown."""
    whole = examples.hostile()
    found = compare_results(
        Side(f"{examples.HOSTILE_VARIANT}.json", whole, examples.HOSTILE_VARIANT), Side("x.json", whole, "single")
    )
    found = with_diff(found, anatomy.hostile_diff())
    timed = dataclasses.replace(slower_step().pairs[0].steps_slower[0], instruction=f"RUN {anatomy.HOSTILE}")
    found = dataclasses.replace(
        found, pairs=tuple(dataclasses.replace(pair, step_times=(timed,)) for pair in found.pairs)
    )
    return dataclasses.replace(found, notes=(anatomy.HOSTILE,))
