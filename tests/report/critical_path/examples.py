"""Results whose builds have all the times that a path is made of."""

from __future__ import annotations

from dataclasses import replace

from layerbench.results.models import Build, Result, ScenarioRecord, VariantRecord
from tests.analysis.critical_path.recorded import recorded
from tests.analysis.critical_path.test_path import TWO_STAGES
from tests.buildx.cases import NEW
from tests.results import factory

RECORDINGS = ("copy-link", "add-url", "many-stages", "two-platforms", "warm", "named-context")


def with_builds(*builds: Build) -> Result:
    """A result of just these builds."""
    whole = factory.result(rounds=1)
    bench = replace(
        whole.bench,
        variants=tuple(VariantRecord(one.variant, f"{one.variant}.Dockerfile", ".") for one in builds),
        scenarios=(ScenarioRecord("cold", "cold", "nothing cached"),),
    )
    return replace(whole, bench=bench, builds=builds, smoke_tests=())


def planned() -> Result:
    """Two stages side by side with round times."""
    names = ("RUN make left", "RUN make right", "RUN strip right", "COPY --from=left /left /left")
    steps = tuple(
        replace(step, instruction=name, line_start=line, line_end=line, index=2, count=3)
        for line, (step, name) in enumerate(zip(TWO_STAGES.steps, names, strict=True), start=2)
    )
    return with_builds(replace(TWO_STAGES, steps=steps))


def real() -> Result:
    """Builds that real engines did."""
    return with_builds(*(recorded(NEW, name) for name in RECORDINGS))
