"""The check of `layerbench ab`: head by its own budgets and expectations, relative ones against base."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from layerbench.cli.checking import below_repository, source_of_result

if TYPE_CHECKING:
    from layerbench.ab.joining import SideName
    from layerbench.ab.measuring import Outcome
    from layerbench.analysis.checks.growth import Source
    from layerbench.analysis.checks.models import CheckReport


def check_states(outcome: Outcome, note: Callable[[str], None]) -> CheckReport | None:
    """Judge head; None where nothing is asked for.

    What failed on either side is a failure of the check: where base was not built, nobody knows what head is to be
    held against.

    Args:
        outcome: of the run.
        note: told what makes the causes incomplete.
    """
    limits = outcome.check_limits
    if not limits:
        return None
    from layerbench.analysis.checks.verdict import check, failures_of

    base, head = _source(outcome, "base", note), _source(outcome, "head", note)
    failures = [f"In {base.name}: {failure}" for failure in failures_of(outcome.results["base"])]
    failures += [f"{text[:1].upper()}{text[1:]}." for text in outcome.left_out]
    report = check(limits.budgets, limits.expectations, head, _made_comparable(base, head), failures)
    return replace(report, bench_file=outcome.bench_file)


def with_repository_paths(report: CheckReport, outcome: Outcome) -> CheckReport:
    """The same with places as the repository's hosts know them."""
    from layerbench.report.checks.findings import located

    return located(report, below_repository(outcome.folder))


def _source(outcome: Outcome, side: SideName, note: Callable[[str], None]) -> Source:
    return replace(source_of_result(outcome.results[side], outcome.paths[side], note), name=outcome.labels[side])


def _made_comparable(base: Source, head: Source) -> Source:
    """Base as what it is by definition: another state of the same bench, whatever name and platforms it has by now.

    A variant that is for another platform now has nothing to be held against; the comparison says so.
    """
    from layerbench.analysis.comparison.comparable import platforms_of

    assert base.measured is not None  # noqa: S101 - both were measured
    assert head.measured is not None  # noqa: S101
    before, after = base.measured.result, head.measured.result
    kept = {
        variant: figures
        for variant, figures in base.figures.variants.items()
        if not platforms_of(after, variant) or platforms_of(before, variant) & platforms_of(after, variant)
    }
    return replace(base, figures=replace(base.figures, bench=head.figures.bench, platform=None, variants=kept))
