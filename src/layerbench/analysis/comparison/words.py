"""Words of a comparison that several sentences share."""

from __future__ import annotations

from collections.abc import Iterator

from layerbench.analysis.figures import VariantFigures

_PROBLEMS = {"failed": "failed", "cancelled": "cut off", "invalid": "invalid"}


def titles(variant_base: str, variant_head: str) -> str:
    """Both variants, once where they have one name: `multi`, `single -> multi`."""
    return variant_base if variant_base == variant_head else f"{variant_base} -> {variant_head}"


def side_notes(side: str, row: VariantFigures | None) -> Iterator[str]:
    """What one side lacks in a scenario: `head: 2 of 5 builds failed: RUN make ended with exit code 2`."""
    if row is None:
        yield f"{side}: not built"
        return
    planned = row.counts.planned
    for problem in row.problems:
        yield f"{side}: {_share(len(problem.rounds), planned)} {_PROBLEMS[problem.kind]}: {problem.reason}"
    if row.counts.missing:
        yield f"{side}: {_share(row.counts.missing, planned)} missing"
    if row.works is False:
        yield f"{side}: the image does not work (its smoke test failed)"


def _share(number: int, planned: int) -> str:
    planned = max(number, planned)
    return "the build" if planned == 1 else f"{number} of {planned} builds"
