"""A part of a result: some variants, some scenarios."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import replace

from layerbench.errors import UsageError
from layerbench.results.models import Result


def select(result: Result, variants: Sequence[str] = (), scenarios: Sequence[str] = ()) -> Result:
    """The result as if only these variants and scenarios had been measured; an empty list stands for all.

    Raises:
        UsageError: the result has no variant or scenario of that name.
    """
    known_variants = [variant.name for variant in result.bench.variants] + [one.variant for one in result.builds]
    known_scenarios = [scenario.name for scenario in result.bench.scenarios] + [one.scenario for one in result.builds]
    wanted_variants = _known("variant", variants, known_variants)
    wanted_scenarios = _known("scenario", scenarios, known_scenarios)
    bench = replace(
        result.bench,
        variants=tuple(one for one in result.bench.variants if one.name in wanted_variants),
        scenarios=tuple(one for one in result.bench.scenarios if one.name in wanted_scenarios),
    )
    return replace(
        result,
        bench=bench,
        builds=tuple(
            one for one in result.builds if one.variant in wanted_variants and one.scenario in wanted_scenarios
        ),
        smoke_tests=tuple(one for one in result.smoke_tests if one.variant in wanted_variants),
    )


def _known(kind: str, wanted: Sequence[str], known: Collection[str]) -> frozenset[str]:
    names = list(dict.fromkeys(known))
    for name in wanted:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            mend = f'did you mean "{close[0]}"?' if close else f"it has: {', '.join(names) or 'none'}"
            raise UsageError(f'the result has no {kind} "{name}"; {mend}')
    return frozenset(wanted or names)
