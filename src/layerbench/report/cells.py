"""Figures as the words that stand in a table's cells; the same for the terminal and for Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from layerbench.analysis.figures import Problem, ScenarioTable, StepCount, VariantFigures
from layerbench.analysis.findings import ROUNDS_TO_CLAIM
from layerbench.analysis.remarks import rounds_measured
from layerbench.analysis.stats import ByteSpread, Spread
from layerbench.analysis.wording import join_words
from layerbench.report.step_rows import CACHED, FAILED, instruction_text
from layerbench.results.models import Result
from layerbench.units import format_bytes, format_ratio, format_seconds, format_seconds_range

BEST = "best"
_VISIBLE_SHARE = 0.001


@dataclass(frozen=True, slots=True)
class RowCells:
    """One variant in one scenario; an empty cell was not measured."""

    variant: str
    time: str
    range: str
    steps: str
    compressed: str
    uncompressed: str
    time_ratio: str
    size_ratio: str
    is_fastest: bool
    is_smallest: bool
    is_broken: bool
    """Its image does not work."""


def row_cells(row: VariantFigures, dash: str = "–") -> RowCells:
    """The cells of a row. `dash` stands between the ends of a range."""
    time = format_seconds(row.wall_seconds.median) if row.wall_seconds else status(row)
    return RowCells(
        variant=f"{row.variant} (broken)" if row.works is False else row.variant,
        time=time,
        range=_range(row.wall_seconds, dash),
        steps=_steps(row.steps, dash),
        compressed=_bytes(row.compressed_bytes),
        uncompressed=_bytes(row.uncompressed_bytes),
        time_ratio=_ratio(row.wall_ratio),
        size_ratio=_ratio(row.compressed_ratio),
        is_fastest=row.wall_ratio == 1,
        is_smallest=row.compressed_ratio == 1,
        is_broken=row.works is False,
    )


def status(row: VariantFigures) -> str:
    """Why a row has no figures, in a word."""
    counts = row.counts
    if counts.failed:
        return FAILED
    if counts.invalid:
        return "invalid"
    if counts.cancelled:
        return "cut off"
    return "none"


def table_remarks(table: ScenarioTable) -> Iterator[tuple[bool, str]]:
    """What has to be said of a scenario's rows beside their cells, each with whether it is bad news."""
    for row in table.rows:
        for problem in row.problems:
            yield problem.kind != "cancelled", _problem(row, problem)
    yield from ((False, said) for said in _missing(table))
    for row in table.rows:
        if row.steps and row.steps.varying:
            names = ", ".join(instruction_text(key.instruction) for key in row.steps.varying)
            yield False, f"{row.variant}: cached in some rounds only: {names}"
        for what, found in (("compressed", row.compressed_bytes), ("uncompressed", row.uncompressed_bytes)):
            if found and found.maximum - found.minimum > _VISIBLE_SHARE * found.median:
                ends = f"{format_bytes(found.minimum)} to {format_bytes(found.maximum)}"
                yield False, f"{row.variant}: {what} size differs between rounds: {ends}"


def scenario_title(table: ScenarioTable) -> str:
    """Name and description of a scenario."""
    return f"{table.scenario}: {table.description}" if table.description else table.scenario


def header_lines(result: Result) -> tuple[str, ...]:
    """What was measured, when, with what and on what."""
    bench, builder, machine = result.bench, result.builder, result.machine
    counts = ", ".join(
        (
            _count(len(bench.variants), "variant"),
            _count(len(bench.scenarios), "scenario"),
            _count(bench.rounds, "round"),
        )
    )
    engine = f"Docker Engine {builder.engine_version}" if builder.engine_version else "an engine of unknown version"
    own = f' (layerbench\'s private engine "{builder.private_engine}")' if builder.private_engine else ""
    store = f"{builder.image_store} image store" if builder.image_store else None
    buildkit = f"BuildKit {builder.buildkit_version}" if builder.buildkit_version else None
    buildx = f"buildx {builder.buildx_version}" if builder.buildx_version else None
    name = f"builder {builder.name} ({builder.driver})"
    memory = f"{format_bytes(machine.memory_bytes)} memory" if machine.memory_bytes else None
    parts = (engine + own, store, buildkit, buildx, name)
    return (
        f"{bench.name}: {counts}, {_count(len(result.builds), 'build')}, measured {_when(result.started_at)}",
        ", ".join(part for part in parts if part),
        ", ".join(part for part in (_count(machine.cpu_count, "CPU"), memory, machine.architecture) if part),
    )


def compressed_words(result: Result) -> str:
    """What compressed bytes are in this result."""
    sources = {build.image.compressed_bytes_source for build in result.builds if build.image}
    return "what gzip makes of the layers" if "gzip" in sources else "what a pull transfers"


def reading_help(result: Result, *, steps: bool) -> str:
    """How to read the table, for who has never seen one."""
    fewest, most = rounds_measured(result)
    rounds = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    over = f"median of {rounds} rounds" if most > 1 else "of one round" if most else "of which none counts yet"
    if steps:
        told = (
            f"How to read it: each row is a Dockerfile step, each column a scenario. {CACHED}: taken from the cache."
            f" Seconds: the step ran ({over}). A dash: no build that counts had the step."
        )
    else:
        between = "" if most <= 1 else ", with the shortest and the longest beside it"
        told = (
            f"How to read it: time is the wall time of the build, {over}{between}."
            " Steps: those taken from the cache, of all Dockerfile steps but FROM."
            f" Compressed: {compressed_words(result)}. Uncompressed: the same layers unpacked."
        )
    if most < ROUNDS_TO_CLAIM:
        told += f" With fewer than {ROUNDS_TO_CLAIM} rounds no significance is claimed."
    return told


def _problem(row: VariantFigures, problem: Problem) -> str:
    number = len(problem.rounds)
    planned = max(row.counts.planned, number)
    what = {"failed": "failed", "cancelled": "cut off", "invalid": "invalid"}[problem.kind]
    share = f"{number} of {_count(planned, 'build')} {what}" if planned > 1 else what
    return f"{row.variant}: {share}: {problem.reason}"


def _missing(table: ScenarioTable) -> Iterator[str]:
    """Builds that were planned and are not there, in a line for all variants that lack as many."""
    lacking: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for row in table.rows:
        if row.counts.missing:
            lacking[row.counts.missing, row.counts.planned].append(row.variant)
    for (missing, planned), variants in lacking.items():
        what = "not built" if missing == planned else f"{missing} of {_count(planned, 'build')} missing"
        yield f"{join_words(variants)}: {what}"


def _range(seconds: Spread | None, dash: str) -> str:
    if seconds is None or seconds.count < 2:
        return ""
    return format_seconds_range(seconds.minimum, seconds.maximum, dash)


def _steps(steps: StepCount | None, dash: str) -> str:
    if steps is None:
        return ""
    return f"{_span(steps.cached_least, steps.cached_most, dash)}/{_span(steps.all_least, steps.all_most, dash)}"


def _span(least: int, most: int, dash: str) -> str:
    return str(least) if least == most else f"{least}{dash}{most}"


def _bytes(found: ByteSpread | None) -> str:
    return format_bytes(found.median) if found else ""


def _ratio(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return BEST if ratio == 1 else format_ratio(ratio)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _when(started_at: str) -> str:
    try:
        moment = datetime.fromisoformat(started_at)
    except ValueError:
        return started_at
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
