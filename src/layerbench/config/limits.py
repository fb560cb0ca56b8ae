"""The bench file's two tables of what has to hold: `[[budgets]]` and `[[expectations]]`."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from layerbench.config.models import Budget, BudgetKind, Expectation, Metric
from layerbench.config.names import did_you_mean, fits
from layerbench.errors import UsageError
from layerbench.units import parse_bytes, parse_percent, parse_seconds

_KINDS: tuple[BudgetKind, ...] = get_args(BudgetKind)
_LAYERS, _SECONDS, _CACHED = "layer_", "seconds", "cached_steps"
_COUNTS = frozenset({"layers", _CACHED})


class BudgetModel(BaseModel):
    """A limit of one figure, for all variants and scenarios that fit."""

    model_config = ConfigDict(extra="forbid", strict=True)

    metric: Metric
    variant: str = Field(default="*", min_length=1)
    scenario: str | None = Field(default=None, min_length=1)
    step: str | None = Field(default=None, min_length=1)
    max: Any = None
    min: Any = None
    max_increase: Any = None
    max_decrease: Any = None
    level: Literal["fail", "warn"] = "fail"

    @model_validator(mode="after")
    def _one_limit(self) -> BudgetModel:
        given = [name for name in _KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a budget has exactly one of {', '.join(_KINDS)}")
        kind = given[0]
        if kind == "max_decrease" and self.metric != _CACHED:
            raise ValueError("`max_decrease` is for cached_steps; other figures get worse when they grow")
        if kind == "max_increase" and self.metric == _CACHED:
            raise ValueError("more cached steps are no loss; use `max_decrease`, such as `max_decrease = 0`")
        if self.step is not None and not self.metric.startswith((_LAYERS, _SECONDS, _CACHED)):
            raise ValueError(f"`step` goes with layer_* metrics, seconds and cached_steps, not with {self.metric}")
        self.resolved()
        return self

    def resolved(self) -> Budget:
        """The budget with its limit in numbers.

        Raises:
            ValueError: the limit is spelled in a way that its metric has not.
        """
        kind = next(name for name in _KINDS if getattr(self, name) is not None)
        share, amount, limit = _limit(self.metric, kind, getattr(self, kind))
        return Budget(self.metric, kind, limit, share, amount, self.variant, self.scenario, self.step, self.level)


class ExpectationModel(BaseModel):
    """A claim and the condition that decides it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    claim: str = Field(min_length=1)
    that: str = Field(min_length=1)
    level: Literal["fail", "warn"] = "fail"

    @field_validator("claim")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.strip() or not value.isprintable():
            raise ValueError("a claim is one line of printable characters")
        return value

    def resolved(self) -> Expectation:
        """The expectation."""
        return Expectation(self.claim, self.that, self.level)


class LimitsModel(BaseModel):
    """A file with these two tables only, for `check --budget-file`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    budgets: list[BudgetModel] = []
    expectations: list[ExpectationModel] = []


def check_names(budgets: Collection[Budget], variants: Collection[str], scenarios: Collection[str]) -> None:
    """See that every budget is for a variant and a scenario that the bench file has.

    Raises:
        UsageError: names the key and the mend.
    """
    for position, budget in enumerate(budgets):
        for key, pattern, names in (
            ("variant", budget.variant, variants),
            ("scenario", budget.scenario or "*", scenarios),
        ):
            if not any(fits(name, pattern) for name in names):
                mend = did_you_mean(pattern, names)
                raise UsageError(f'budgets[{position}].{key}: no {key} is named "{pattern}"; {mend}')


def _limit(metric: Metric, kind: BudgetKind, given: Any) -> tuple[float | None, float | None, str]:
    """Share, amount and text of a limit."""
    if kind == "max":
        return None, _amount(metric, given, kind), _text(given)
    if kind == "min":
        return None, _amount(metric, given, kind), f"at least {_text(given)}"
    parts = given if isinstance(given, list) else [given]
    shares = [parse_percent(part) for part in parts if _is_percent(part)]
    amounts = [_amount(metric, part, kind) for part in parts if not _is_percent(part)]
    if not parts or len(shares) > 1 or len(amounts) > 1:
        raise ValueError(f'`{kind}` is a percentage, an amount, or an array of both, such as ["5%", "1MB"]')
    sign = "-" if kind == "max_decrease" else "+"
    return (
        shares[0] if shares else None,
        amounts[0] if amounts else None,
        " and ".join(f"{sign}{_text(part)}" for part in sorted(parts, key=_is_percent, reverse=True)),
    )


def _amount(metric: Metric, given: Any, kind: str) -> float:
    if metric in _COUNTS:
        if type(given) is not int or given < 0:
            raise ValueError(f"`{kind}` of {metric} should be a whole number, such as 3")
        return given
    unit, example = ("duration", "1.5s") if metric == _SECONDS else ("number of bytes", "60MB")
    if not isinstance(given, str):
        raise ValueError(  # noqa: TRY004 - pydantic makes a sentence of this one only
            f'`{kind}` of {metric} should be a {unit} with its unit, such as "{example}"'
        )
    return parse_seconds(given) if metric == _SECONDS else parse_bytes(given)


def _is_percent(given: Any) -> bool:
    return isinstance(given, str) and "%" in given


def _text(given: Any) -> str:
    return re.sub(r"\s+", "", given) if isinstance(given, str) else str(given)
