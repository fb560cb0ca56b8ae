"""OpenMetrics text for a scraper: every figure of a run by variant and scenario, and what the check made of it.

Of repeated builds the median is told, of times the extremes as well. What was not measured has no sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import get_args

from layerbench.analysis.checks.models import BudgetOutcome, CheckReport, Verdict
from layerbench.analysis.figures import VariantFigures, scenario_tables
from layerbench.analysis.stats import ByteSpread, Spread
from layerbench.analysis.steps import StepRow, is_valid, step_table
from layerbench.report.checks.metrics_text import Family, Labels, Sample, exposition
from layerbench.results.models import Result


def render(report: CheckReport, result: Result) -> str:
    """The result's figures and the check's verdict as OpenMetrics text."""
    return exposition([*_run(result), *_figures(result), *_steps(result), *_check(report, result)])


def _run(result: Result) -> Iterator[Family]:
    builder, machine = result.builder, result.machine
    about = {
        "tool_version": result.tool_version,
        "engine_version": builder.engine_version,
        "buildx_version": builder.buildx_version,
        "buildkit_version": builder.buildkit_version,
        "image_store": builder.image_store,
        "architecture": machine.architecture,
    }
    labels = _bench(result) + tuple((name, value) for name, value in about.items() if value)
    yield Family("layerbench_run", "What was run, with what.", samples=[Sample(labels, 1)], type="info")
    started = _timestamp(result.started_at)
    yield Family(
        "layerbench_run_started_timestamp_seconds",
        "When the run started, in seconds since 1970.",
        "seconds",
        [] if started is None else [Sample(_bench(result), started)],
    )
    yield Family(
        "layerbench_run_complete", "1 where nothing was cut short.", samples=[Sample(_bench(result), result.complete)]
    )


def _figures(result: Result) -> Iterator[Family]:
    families = {
        name: Family(f"layerbench_{name}", said, unit)
        for name, said, unit in (
            ("wall_seconds", "Time of a build, median.", "seconds"),
            ("wall_minimum_seconds", "Time of the fastest build.", "seconds"),
            ("wall_maximum_seconds", "Time of the slowest build.", "seconds"),
            ("export_seconds", "Time of the image's export, median.", "seconds"),
            ("context_bytes", "Bytes of the context that were transferred, median.", "bytes"),
            ("compressed_bytes", "Compressed bytes of the image's layers, median.", "bytes"),
            ("uncompressed_bytes", "Uncompressed bytes of the image's layers, median.", "bytes"),
            ("layers", "Layers of the image, the base's included.", ""),
            ("cached_steps", "Dockerfile steps taken from the cache, FROM not counted; the least of all builds.", ""),
            ("steps", "Dockerfile steps, FROM not counted; the most of all builds.", ""),
            ("builds", "Builds by what became of them.", ""),
        )
    }
    layers = _layers(result)
    for table in scenario_tables(result):
        for row in table.rows:
            labels = (*_bench(result), ("variant", row.variant), ("scenario", table.scenario))
            count = layers.get((row.variant, table.scenario))
            for name, more, value in _samples(row, count):
                if value is not None:
                    families[name].samples.append(Sample(labels + more, value))
    yield from families.values()


def _samples(row: VariantFigures, layers: int | None) -> Iterator[tuple[str, Labels, float | None]]:
    yield "wall_seconds", (), _median(row.wall_seconds)
    yield "wall_minimum_seconds", (), row.wall_seconds.minimum if row.wall_seconds else None
    yield "wall_maximum_seconds", (), row.wall_seconds.maximum if row.wall_seconds else None
    yield "export_seconds", (), _median(row.export_seconds)
    yield "context_bytes", (), _median(row.context_bytes)
    if row.compressed_bytes_source:
        yield "compressed_bytes", (("source", row.compressed_bytes_source),), _median(row.compressed_bytes)
    yield "uncompressed_bytes", (), _median(row.uncompressed_bytes)
    yield "layers", (), layers
    if row.steps:
        yield "cached_steps", (), row.steps.cached_least
        yield "steps", (), row.steps.all_most
    counts = row.counts
    for outcome in ("valid", "failed", "cancelled", "invalid", "missing"):
        yield "builds", (("outcome", outcome),), getattr(counts, outcome)


def _median(found: Spread | ByteSpread | None) -> float | None:
    return found.median if found else None


def _layers(result: Result) -> dict[tuple[str, str], int]:
    return {
        (build.variant, build.scenario): len(build.image.layers)
        for build in result.builds
        if build.image and is_valid(build)
    }


def _steps(result: Result) -> Iterator[Family]:
    seconds = Family("layerbench_step_seconds", "Time of a step where it ran, median.", "seconds")
    cached = Family("layerbench_step_cached_ratio", "Share of the builds that took the step from the cache.", "ratio")
    for variant in dict.fromkeys(build.variant for build in result.builds):
        table = step_table(result, variant)
        for row in table.rows:
            for scenario, cell in zip(table.scenarios, row.cells, strict=True):
                labels = (*_bench(result), ("variant", variant), ("scenario", scenario), *_step_labels(row))
                if cell.seconds:
                    seconds.samples.append(Sample(labels, cell.seconds.median))
                if cell.state in {"cached", "ran", "varies"}:
                    cached.samples.append(Sample(labels, cell.cached_rounds / cell.rounds))
    yield from (seconds, cached)


def _step_labels(row: StepRow) -> Labels:
    key = row.key
    optional = (
        ("platform", key.platform),
        ("stage", key.stage),
        ("line", str(row.line_start) if row.line_start else None),
        ("occurrence", str(key.occurrence + 1) if key.occurrence else None),
    )
    return (("instruction", key.instruction), *((name, value) for name, value in optional if value))


def _check(report: CheckReport, result: Result) -> Iterator[Family]:
    bench = _bench(result)
    yield Family(
        "layerbench_check_verdict",
        "1 for the check's verdict, 0 for the others.",
        samples=[
            Sample((*bench, ("verdict", verdict)), int(report.verdict == verdict)) for verdict in get_args(Verdict)
        ],
    )
    broken = Family("layerbench_budget_broken", "1 where a budget is broken, 0 where it holds.")
    for labels, is_broken in _budgets(report.budgets).items():
        broken.samples.append(Sample((*bench, *labels), is_broken))
    yield broken
    waste: dict[Labels, int] = {}
    for one in report.waste:
        if one.optional:
            continue  # the kinds of a variant add up to what a budget on waste_bytes is about
        labels = (("variant", one.variant), ("kind", one.kind))
        waste[labels] = waste.get(labels, 0) + one.uncompressed_bytes
    yield Family(
        "layerbench_waste_bytes",
        "Uncompressed bytes that the image could do without.",
        "bytes",
        [Sample((*bench, *labels), value) for labels, value in waste.items()],
    )


def _budgets(budgets: tuple[BudgetOutcome, ...]) -> dict[Labels, bool]:
    """Whether one of the budgets with those labels is broken: a series may be there once only."""
    found: dict[Labels, bool] = {}
    for one in budgets:
        if one.outcome != "not-measured":
            named = (("scenario", one.scenario), ("step", one.step))
            labels = (
                ("metric", one.metric),
                ("variant", one.variant),
                ("level", one.level),
                *((name, value) for name, value in named if value),
            )
            found[labels] = found.get(labels, False) or one.outcome != "ok"
    return found


def _bench(result: Result) -> Labels:
    return (("bench", result.bench.name),)


def _timestamp(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
