"""Steps as rows and scenarios as columns, in words and figures; the same for the terminal and for Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.stats import Spread
from layerbench.analysis.steps import StepCell, StepTable, step_table
from layerbench.results.models import Result
from layerbench.units import format_seconds

CACHED = "cached"
FAILED = "FAILED"
VARIES = "varies"
_SHOWN_SOURCE_SECONDS = 0.05
_LONGEST_INSTRUCTION = 240
_MOUNT = re.compile(r"(?P<type>--mount=type=\w+),\S+")


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A step, or a part of the build that is none, with a cell a scenario."""

    stage: str | None
    """Platform and stage, as BuildKit prints them in its brackets; "" where there is only one, None for no step."""
    line: str
    text: str
    cells: tuple[str, ...]


def titled_step_tables(result: Result) -> Iterator[tuple[str, StepTable]]:
    """The step tables of all variants that were built, with the variant's name and its Dockerfile."""
    dockerfiles = {variant.name: variant.dockerfile for variant in result.bench.variants}
    for name in dict.fromkeys((*dockerfiles, *(build.variant for build in result.builds))):
        table = step_table(result, name)
        if table.scenarios:
            yield f"{name} ({dockerfiles[name]})" if name in dockerfiles else name, table


def shown_rows(table: StepTable, dash: str) -> Iterator[ShownRow]:
    """The rows that are shown: a FROM that took no time is left out, export and the whole build come last."""
    for row in table.rows:
        cells = tuple(step_cell(cell, dash) for cell in row.cells)
        is_source = row.key.instruction.startswith("FROM ")
        if not is_source or any(cell.state == "source" and text for cell, text in zip(row.cells, cells, strict=True)):
            stage = " ".join(part for part in (row.key.platform, row.key.stage) if part)
            yield ShownRow(stage, line_text(row.line_start, row.line_end), instruction_text(row.key.instruction), cells)
    if any(table.export_seconds):
        yield ShownRow(None, "", "writing the image", _seconds(table.export_seconds, dash))
    yield ShownRow(None, "", "whole build", _seconds(table.wall_seconds, dash))


def varying_steps(table: StepTable) -> Iterator[str]:
    """What stands behind each cell that says "varies"."""
    for row in table.rows:
        for scenario, cell in zip(table.scenarios, row.cells, strict=True):
            if cell.state == "varies":
                yield varying_text(row.key.instruction, scenario, cell)


def step_cell(cell: StepCell, dash: str = "–") -> str:
    """What a step did in a scenario, in a word or a figure."""
    match cell.state:
        case "cached":
            return CACHED
        case "ran":
            return format_seconds(cell.seconds.median) if cell.seconds else "ran"
        case "varies":
            return VARIES
        case "source":
            shown = cell.seconds is not None and cell.seconds.median >= _SHOWN_SOURCE_SECONDS
            return format_seconds(cell.seconds.median) if shown and cell.seconds else ""
        case "failed":
            return FAILED
        case "not-run":
            return dash


def varying_text(instruction: str, scenario: str, cell: StepCell) -> str:
    """What stands behind the word "varies"."""
    seconds = f", else {format_seconds(cell.seconds.median)}" if cell.seconds else ""
    return f"{instruction}: in {scenario} cached in {cell.cached_rounds} of {cell.rounds} rounds{seconds}"


def instruction_text(instruction: str) -> str:
    """An instruction without what takes up room and tells little: what a mount mounts, the end of a long script."""
    short = _MOUNT.sub(r"\g<type>,...", instruction)
    return short if len(short) <= _LONGEST_INSTRUCTION else f"{short[: _LONGEST_INSTRUCTION - 4].rstrip()} ..."


def line_text(line_start: int | None, line_end: int | None) -> str:
    """Lines in the Dockerfile: `4`, `4-6`; empty where the Dockerfile does not have the step."""
    if line_start is None:
        return ""
    return str(line_start) if line_end in {None, line_start} else f"{line_start}-{line_end}"


def _seconds(spreads: Sequence[Spread | None], dash: str) -> tuple[str, ...]:
    return tuple(format_seconds(found.median) if found else dash for found in spreads)
