"""Reports as a check of the web sample app makes them; the tests of every format take theirs from here."""

from __future__ import annotations

from layerbench.analysis.checks.models import (
    BudgetOutcome,
    CheckReport,
    ExpectationOutcome,
    Place,
    Verdict,
    WasteFinding,
)

HOSTILE = 'a\n::error::x, 100% %0A ]]> | `b` <i>&\x1b[31m\r@me #1 [l](http://e.x) "q" \\ {0} \ufffe\u202e'
"""All that some format reads as its own."""

INSTALL = "RUN pip install -r requirements.txt"


def budget(
    outcome: str = "ok",
    metric: str = "compressed_bytes",
    *,
    variant: str = "multi",
    scenario: str | None = None,
    step: str | None = None,
    level: str = "fail",
    unit: str = "bytes",
    value: float | None = 122_100_000,
    baseline: float | None = 109_700_000,
    limit: str = "+5% and +1 MB",
    causes: tuple[str, ...] = ("python uvicorn 0.52.0 -> 0.53.0: +1.2 MB",),
    place: Place | None = Place("multi.Dockerfile", 4),  # noqa: B008 - frozen
    sentence: str = "compressed_bytes[multi] is 122.1 MB, +12.4 MB (+11.3%) on the baseline's 109.7 MB.",
) -> BudgetOutcome:
    """One budget."""
    return BudgetOutcome(
        metric=metric,
        unit=unit,  # type: ignore[arg-type]
        variant=variant,
        scenario=scenario,
        step=step,
        level=level,  # type: ignore[arg-type]
        outcome=outcome,  # type: ignore[arg-type]
        value=value,
        baseline=baseline,
        limit=limit,
        sentence=sentence,
        causes=causes,
        place=place,
    )


def expectation(
    outcome: str = "confirmed",
    claim: str = "a source edit does not run pip install again",
    *,
    level: str = "fail",
    place: Place | None = None,
) -> ExpectationOutcome:
    """One expectation."""
    return ExpectationOutcome(
        claim=claim,
        condition='step matching "RUN*pip install*" is cached in edit-source',
        outcome=outcome,  # type: ignore[arg-type]
        evidence="naive ran it in 3 of 3 rounds.",
        level=level,  # type: ignore[arg-type]
        place=place,
    )


def waste(
    kind: str = "pip-cache",
    *,
    variant: str = "single-pip-cache",
    optional: bool = False,
    place: Place | None = Place("single-pip-cache.Dockerfile", 5),  # noqa: B008 - frozen
) -> WasteFinding:
    """One piece of waste."""
    mend = "Mount pip's cache for the RUN (RUN --mount=type=cache,target=/root/.cache/pip …), or set --no-cache-dir."
    return WasteFinding(kind, variant, 3_420_000, INSTALL, mend, optional, place)


def report(
    verdict: Verdict = "ok",
    *,
    budgets: tuple[BudgetOutcome, ...] = (),
    expectations: tuple[ExpectationOutcome, ...] = (),
    waste: tuple[WasteFinding, ...] = (),
    failures: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    verdict_line: str | None = None,
) -> CheckReport:
    """A report of what is given."""
    return CheckReport(verdict, budgets, expectations, waste, failures, notes, verdict_line or f"verdict: {verdict}")


def good() -> CheckReport:
    """Nothing to complain of."""
    return report(
        budgets=(budget(sentence="compressed_bytes[multi] is 109.7 MB.", causes=()),), expectations=(expectation(),)
    )


def mixed() -> CheckReport:
    """Every outcome that there is, but for failed builds."""
    return report(
        "regression",
        budgets=(
            budget(),
            budget("regression"),
            budget("warning", level="warn"),
            budget(
                "regression",
                "seconds",
                scenario="edit-deps",
                unit="seconds",
                value=12.4,
                baseline=8.1,
                limit="10 s",
                causes=(),
                place=None,
                sentence="seconds[multi, edit-deps] is 12.4 s.",
            ),
            budget("warning", "waste", level="warn", value=3_420_000, baseline=None, limit="1 MB"),
            budget("ok", "cached_steps", scenario="edit-source", unit="count", value=4, baseline=4, limit="4"),
            budget(
                "not-measured",
                "layer_bytes",
                step="RUN *pip install*",
                value=None,
                baseline=None,
                sentence="layer_bytes[multi, RUN *pip install*]: no step is like it.",
                causes=(),
                place=None,
            ),
        ),
        expectations=(
            expectation(),
            expectation("refuted", "multi-stage is smaller", place=Place("multi.Dockerfile", None)),
            expectation("refuted", "a cache mount spares the download", level="warn"),
            expectation("not-measured", "a touched file builds nothing"),
        ),
        waste=(waste(), waste("tests", optional=True, place=None)),
        notes=("The base python:3.12-slim was substituted.",),
        verdict_line="verdict: regression compressed_bytes[multi] +12.4MB (+11.3%) budget +5%",
    )


def failed() -> CheckReport:
    """Two builds failed."""
    return report(
        "error", failures=("multi, cold: RUN pip install ended with exit code 1: no such index", "naive broke")
    )


def hostile(text: str = HOSTILE) -> CheckReport:
    """The same text wherever other people's text can stand."""
    place = Place(text, 3)
    return report(
        "error",
        budgets=tuple(
            budget(
                outcome,
                text,
                variant=text,
                scenario=text,
                step=text,
                limit=text,
                sentence=text,
                causes=(text, text),
                place=place,
            )
            for outcome in ("regression", "warning", "ok")
        ),
        expectations=(expectation("refuted", text, place=place),),
        waste=(WasteFinding(text, text, 1_000, text, text, False, place),),
        failures=(text,),
        notes=(text,),
        verdict_line=text,
    )


def large(count: int = 3_000) -> CheckReport:
    """More than any CI shows."""
    return report(
        "regression",
        budgets=tuple(budget("regression", variant=f"variant-{at}", sentence="|" * 500) for at in range(count)),
        expectations=tuple(expectation("refuted", f"claim {at}") for at in range(count)),
        waste=tuple(waste(variant=f"variant-{at}") for at in range(count)),
    )
