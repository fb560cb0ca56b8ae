"""Comparisons of two states whose builds are over already."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from layerbench.ab.measuring import Asked, Outcome
from layerbench.ab.rounds import Measured
from layerbench.analysis.checks.limits import Limits, read_expectations
from layerbench.config.limits import LimitsModel
from layerbench.results.models import Result, StepError
from tests.analysis.checks.sources import larger
from tests.results import factory

GROWTH = "[[budgets]]\nmetric = 'compressed_bytes'\nvariant = 'multi'\nmax_increase = ['5%', '1MB']\n"
CLAIM = "[[expectations]]\nclaim = 'multi is small'\nthat = 'compressed_bytes of multi < 1MB'\n"
LEFT_OUT = "the variant x is left out: in main (1a2b3c4d5e6f): x.Dockerfile: line 1: no"


def limits(text: str) -> Limits:
    """What a bench file with such tables asks for."""
    model = LimitsModel.model_validate(tomllib.loads(text))
    budgets, expectations = [one.resolved() for one in model.budgets], [one.resolved() for one in model.expectations]
    return Limits(tuple(budgets), read_expectations(expectations, "layerbench.toml", {}), Path())


def outcome(folder: Path) -> Outcome:
    """A state held against itself, by nothing; the result files would be in the folder."""
    base = factory.result()
    return Outcome(
        labels={"base": "main (1a2b3c4d5e6f)", "head": "the working tree"},
        results={"base": base, "head": base},
        paths={"base": folder / "base.json", "head": folder / "head.json"},
        measured=Measured(base, "rounds", 1, ("multi, cold",)),
        most_rounds=1,
        check_limits=limits(""),
        notes=(),
        left_out=(),
        folder=folder,
        bench_file="layerbench.toml",
    )


def grown(bytes_more: int) -> dict[str, object]:
    """Results of which the head's image is larger."""
    return {"base": factory.result(), "head": larger(bytes_more)}


def failed_in_base() -> dict[str, object]:
    """Results of which the base's first build failed."""
    whole = factory.result()
    failed = replace(whole.builds[0], outcome="failed", image=None, error=StepError(None, 1, "no"))
    return {"base": replace(whole, builds=(failed, *whole.builds[1:])), "head": whole}


def renamed(bytes_more: int) -> dict[str, object]:
    """Results of which the base's bench had another name."""
    base: Result = factory.result()
    return {"base": replace(base, bench=replace(base.bench, name="before")), "head": larger(bytes_more)}


def judged_by(made: Outcome, asked: Asked) -> Outcome:
    """The outcome with the limits of the budget files that were asked for, as a run joins them."""
    if asked.budgets is None:
        return made
    return replace(made, check_limits=made.check_limits.joined_with(asked.budgets))
