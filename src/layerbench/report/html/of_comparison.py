"""The page of a comparison: both sides' builds as one result, with variants named by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from layerbench.analysis.comparison.findings import findings
from layerbench.analysis.comparison.models import Comparison, Contents, Side
from layerbench.analysis.remarks import alarms
from layerbench.report.comparison.words import title
from layerbench.report.html.of_result import download
from layerbench.report.html.page_input import Download, PageInput
from layerbench.results.models import Build, Result, ScenarioRecord

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageContents
    from layerbench.analysis.explain.models import Explanation

SIDES = ("base", "head")


def input_of_comparison(
    comparison: Comparison,
    notes: tuple[str, ...] = (),
    explanations: tuple[Explanation | None, Explanation | None] = (None, None),
) -> PageInput:
    """What the page shows of two sides.

    Args:
        comparison: of the two.
        notes: sentences to be added, such as how the run ended.
        explanations: why the steps of base's builds ran, and those of head's; None where nobody found out.
    """
    sides = (comparison.base, comparison.head)
    base, head = (_renamed(compared_part(comparison, side), name) for name, side in zip(SIDES, sides, strict=True))
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
    return PageInput(
        title=title(comparison, "→"),
        result=joined,
        sentences=findings(comparison),
        alarms=tuple(
            f"{name}: {text}" for name, side in zip(SIDES, sides, strict=True) for text in alarms(side.result)
        ),
        notes=(*notes, *comparison.notes),
        about=tuple(f"{name}: {side.name}" for name, side in zip(SIDES, sides, strict=True)),
        downloads=_downloads(comparison),
        comparison=comparison,
        explanation=_joined(explanations),
        contents=_contents(comparison),
        looked_at=looked_at,
    )


def _name(side: str, variant: str) -> str:
    return f"{side}: {variant}"


def compared_part(comparison: Comparison, side: Side) -> Result:
    """What a side measured of the variants that are compared; all of it where none are."""
    is_base = side is comparison.base
    wanted = {pair.variant_base if is_base else pair.variant_head for pair in comparison.pairs}
    result = side.result
    if not wanted:
        return result
    return replace(
        result,
        bench=replace(result.bench, variants=tuple(one for one in result.bench.variants if one.name in wanted)),
        builds=tuple(one for one in result.builds if one.variant in wanted),
        smoke_tests=tuple(one for one in result.smoke_tests if one.variant in wanted),
    )


def _renamed(result: Result, side: str) -> Result:
    """The same with its variants named by side."""
    return replace(
        result,
        bench=replace(
            result.bench, variants=tuple(replace(one, name=_name(side, one.name)) for one in result.bench.variants)
        ),
        builds=tuple(replace(one, variant=_name(side, one.variant)) for one in result.builds),
        smoke_tests=tuple(replace(one, variant=_name(side, one.variant)) for one in result.smoke_tests),
    )


def _joined(explanations: tuple[Explanation | None, Explanation | None]) -> Explanation | None:
    """Both in one, with their variants named as those of the page are; None where there is neither."""
    from layerbench.analysis.explain.models import Explanation

    told = [(side, found) for side, found in zip(SIDES, explanations, strict=True) if found is not None]
    if not told:
        return None
    return Explanation(
        tuple(replace(step, variant=_name(side, step.variant)) for side, found in told for step in found.steps),
        tuple(f"{side}: {text}" for side, found in told for text in found.notes),
    )


def _downloads(comparison: Comparison) -> tuple[Download, ...]:
    """Both result files, or the one that both sides are out of."""
    base, head = comparison.base.result, comparison.head.result
    if base == head:
        return (download(base),)
    return tuple(
        download(result, f"{side}-{result.bench.name}") for side, result in zip(SIDES, (base, head), strict=True)
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
