"""The page of a comparison: both sides' builds as one result, with variants named by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from layerbench.analysis.comparison.findings import findings
from layerbench.analysis.comparison.models import Comparison, Contents, Side
from layerbench.analysis.remarks import alarms
from layerbench.report.comparison.words import title
from layerbench.report.html.of_result import download
from layerbench.report.html.page_input import PageInput
from layerbench.results.models import Build, Result, ScenarioRecord

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageContents

SIDES = ("base", "head")


def input_of_comparison(comparison: Comparison, notes: tuple[str, ...] = ()) -> PageInput:
    """What the page shows of two sides.

    Args:
        comparison: of the two.
        notes: sentences to be added, such as how the run ended.
    """
    base, head = _renamed(comparison, 0), _renamed(comparison, 1)
    scenarios: dict[str, ScenarioRecord] = {}
    for one in (*base.bench.scenarios, *head.bench.scenarios):
        scenarios.setdefault(one.name, replace(one, variants=None))
    compared = {pair.scenario for pair in comparison.pairs}
    joined = replace(
        base,
        complete=base.complete and head.complete,
        bench=replace(
            base.bench,
            variants=_alternating(base.bench.variants, head.bench.variants),
            scenarios=tuple(one for one in scenarios.values() if not compared or one.name in compared),
            rounds=max(base.bench.rounds, head.bench.rounds),
        ),
        bases=tuple(dict.fromkeys((*base.bases, *head.bases))),
        builds=tuple(one for one in (*base.builds, *head.builds) if not compared or one.scenario in compared),
        smoke_tests=(*base.smoke_tests, *head.smoke_tests),
        images=tuple(dict.fromkeys((*base.images, *head.images))),
        notes=tuple(dict.fromkeys((*base.notes, *head.notes))),
    )
    first = comparison.pairs[0] if comparison.pairs else None
    looked_at = (
        ((_name("base", first.variant_base), first.scenario), (_name("head", first.variant_head), first.scenario))
        if first
        else ()
    )
    sides = (comparison.base, comparison.head)
    return PageInput(
        title=title(comparison, "→"),
        result=joined,
        sentences=findings(comparison),
        alarms=tuple(
            f"{name}: {text}" for name, side in zip(SIDES, sides, strict=True) for text in alarms(side.result)
        ),
        notes=(*notes, *comparison.notes),
        about=tuple(f"{name}: {side.name}" for name, side in zip(SIDES, sides, strict=True)),
        downloads=tuple(
            download(side.result, f"{name}-{side.result.bench.name}") for name, side in zip(SIDES, sides, strict=True)
        ),
        comparison=comparison,
        contents=_contents(comparison),
        looked_at=looked_at,
    )


def _name(side: str, variant: str) -> str:
    return f"{side}: {variant}"


def _renamed(comparison: Comparison, at: int) -> Result:
    """A side with the compared variants only, named by side."""
    side = (comparison.base, comparison.head)[at]
    prefix = SIDES[at]
    result = side.result
    wanted = {(pair.variant_base, pair.variant_head)[at] for pair in comparison.pairs}
    wanted = wanted or {one.name for one in result.bench.variants}
    return replace(
        result,
        bench=replace(
            result.bench,
            variants=tuple(
                replace(one, name=_name(prefix, one.name)) for one in result.bench.variants if one.name in wanted
            ),
        ),
        builds=tuple(
            replace(one, variant=_name(prefix, one.variant)) for one in result.builds if one.variant in wanted
        ),
        smoke_tests=tuple(
            replace(one, variant=_name(prefix, one.variant)) for one in result.smoke_tests if one.variant in wanted
        ),
    )


def _alternating(base: tuple, head: tuple) -> tuple:  # type: ignore[type-arg]
    """Each variant of base with that of head behind it."""
    longest = max(len(base), len(head))
    return tuple(side[at] for at in range(longest) for side in (base, head) if at < len(side))


def _contents(comparison: Comparison) -> Contents:
    """Asks the side that a build is of."""
    sides: dict[str, Side] = dict(zip(SIDES, (comparison.base, comparison.head), strict=True))

    def contents(build: Build) -> ImageContents | None:
        prefix, _, variant = build.variant.partition(": ")
        side = sides[prefix]
        return side.contents(replace(build, variant=variant))

    return contents
