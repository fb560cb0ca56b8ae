"""Part of a bench file: some variants, some scenarios, another number of rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from layerbench.config.models import BenchFile
from layerbench.config.names import did_you_mean
from layerbench.errors import UsageError


def select(bench: BenchFile, variants: Sequence[str], scenarios: Sequence[str], rounds: int | None) -> BenchFile:
    """Keep what is named; no names keep all.

    Raises:
        UsageError: a name that the bench file does not have.
    """
    _check("variant", variants, [variant.name for variant in bench.variants])
    _check("scenario", scenarios, [scenario.name for scenario in bench.scenarios])
    return replace(
        bench,
        variants=tuple(variant for variant in bench.variants if not variants or variant.name in variants),
        scenarios=tuple(scenario for scenario in bench.scenarios if not scenarios or scenario.name in scenarios),
        rounds=bench.rounds if rounds is None else rounds,
    )


def _check(what: str, wanted: Sequence[str], known: list[str]) -> None:
    for name in wanted:
        if name not in known:
            raise UsageError(f'no {what} is named "{name}"; {did_you_mean(name, known)}')
