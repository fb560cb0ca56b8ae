"""What a bench file asks a check to hold a run to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from layerbench.analysis.checks.conditions import names_of, parse
from layerbench.analysis.checks.rules import ExpectationRule
from layerbench.config.models import BenchFile, Budget, Expectation
from layerbench.config.names import did_you_mean, fits
from layerbench.errors import UsageError
from layerbench.results.models import Bench


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets and expectations, ready to be judged by."""

    budgets: tuple[Budget, ...]
    expectations: tuple[ExpectationRule, ...]
    folder: Path
    """The bench file's, to which places in the report are relative."""

    def __bool__(self) -> bool:
        """Whether there is anything to check."""
        return bool(self.budgets or self.expectations)

    def joined_with(self, more: Limits) -> Limits:
        """These, and others beside them."""
        return replace(self, budgets=self.budgets + more.budgets, expectations=self.expectations + more.expectations)


def limits_of_bench(bench: BenchFile, source: str) -> Limits:
    """What a bench file asks for.

    Args:
        bench: with all variants and scenarios that it has, for the names in conditions.
        source: how errors call the file.

    Raises:
        UsageError: a condition cannot be read, or names what the bench file has not.
    """
    return Limits(bench.budgets, read_expectations(bench.expectations, source, known_names(bench)), bench.folder)


def known_names(bench: BenchFile | Bench) -> Mapping[str, Sequence[str]]:
    """The names that conditions and budgets may be about, by `variant` and `scenario`."""
    return {"variant": [one.name for one in bench.variants], "scenario": [one.name for one in bench.scenarios]}


def read_expectations(
    expectations: Iterable[Expectation], source: str, known: Mapping[str, Sequence[str]]
) -> tuple[ExpectationRule, ...]:
    """The claims with their conditions understood.

    Args:
        expectations: as the file has them.
        source: how errors call the file.
        known: the names that there are, by `variant` and `scenario`; a kind that is missing is not checked.

    Raises:
        UsageError: a condition cannot be read, or names what there is not.
    """
    rules = []
    for position, one in enumerate(expectations):
        key = f"{source}: expectations[{position}].that"
        try:
            condition = parse(one.that)
        except UsageError as error:
            raise UsageError(f"{key}: {error}") from None
        for kind, name in names_of(condition):
            names = known.get(kind)
            if names is not None and not any(fits(its, name) for its in names):
                raise UsageError(f'{key}: no {kind} is named "{name}"; {did_you_mean(name, names)}')
        rules.append(ExpectationRule(one.claim, one.that, condition, one.level))
    return tuple(rules)
