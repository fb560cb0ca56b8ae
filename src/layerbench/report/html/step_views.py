"""Steps and scenarios of each variant, as a table with the heat of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerbench.analysis.steps import StepCell, StepKey, StepRow, StepTable, keyed_steps
from layerbench.report.step_rows import (
    instruction_text,
    line_text,
    step_cell,
    titled_step_tables,
    varying_text,
)
from layerbench.report.svg.steps import heat_class
from layerbench.results.models import Result
from layerbench.units import format_seconds, format_seconds_range

if TYPE_CHECKING:
    from layerbench.analysis.explain.models import ExplainedStep, Explanation

Causes = Mapping[tuple[str, str, StepKey], str]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A step in a scenario."""

    text: str
    class_: str
    tip: str
    cause: str
    """Why it ran; empty where nobody found out."""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A step, or a part of the build that is none."""

    stage: str
    line: str
    text: str
    whole: str
    """The whole instruction, where `text` is only a part of it."""
    cells: tuple[HeatCell, ...]
    is_step: bool


@dataclass(frozen=True, slots=True)
class HeatTable:
    """A variant."""

    title: str
    scenarios: tuple[str, ...]
    rows: tuple[HeatRow, ...]


def heat_tables(result: Result, explanation: Explanation | None) -> tuple[HeatTable, ...]:
    """A table a variant, steps in the order of its Dockerfile."""
    tables = tuple(titled_step_tables(result))
    causes = first_causes(result, explanation)
    longest = max(
        (cell.seconds.median for _, table in tables for row in table.rows for cell in row.cells if cell.seconds),
        default=0.0,
    )
    return tuple(_table(title, table, causes, longest) for title, table in tables)


def first_causes(result: Result, explanation: Explanation | None) -> Causes:
    """Why each step ran, where it is known: what an edit changed, with the line where that began."""
    if explanation is None:
        return {}
    builds = {(one.variant, one.scenario, one.round): one for one in result.builds}
    found: dict[tuple[str, str, StepKey], str] = {}
    for one in explanation.steps:
        build = builds.get((one.variant, one.scenario, one.round))
        text = _cause_text(one)
        if build is not None and text and 0 <= one.step.position < len(build.steps):
            key = keyed_steps(build)[one.step.position][0]
            found.setdefault((one.variant, one.scenario, key), text)
    return found


def _cause_text(one: ExplainedStep) -> str:
    if one.cause is None:
        return one.reason or ""
    # An empty cache is what a cold scenario is, and what nobody knows fills every cell with the same words.
    if (one.first_cause or one.cause).kind in ("cache-missing", "unknown"):
        return ""
    if one.first_cause is None or one.cause.first is None:
        return one.cause.text
    line = f"line {one.cause.first.line}: " if one.cause.first.line is not None else ""
    return f"{line}{one.first_cause.text}"


def _table(title: str, table: StepTable, causes: Causes, longest: float) -> HeatTable:
    rows = tuple(_rows(table, causes, longest))
    return HeatTable(title, table.scenarios, rows)


def _rows(table: StepTable, causes: Causes, longest: float) -> Iterator[HeatRow]:
    for row in table.rows:
        words = [step_cell(cell) for cell in row.cells]
        is_source = row.key.instruction.startswith("FROM ")
        if is_source and not any(text for cell, text in zip(row.cells, words, strict=True) if cell.state == "source"):
            continue
        yield _step_row(row, words, table, causes, longest)
    for name, spreads in (("writing the image", table.export_seconds), ("whole build", table.wall_seconds)):
        if name == "whole build" or any(spreads):
            cells = tuple(HeatCell(format_seconds(one.median) if one else "–", "", "", "") for one in spreads)
            yield HeatRow("", "", name, "", cells, False)


def _step_row(row: StepRow, words: list[str], table: StepTable, causes: Causes, longest: float) -> HeatRow:
    text = instruction_text(row.key.instruction)
    cells = []
    for scenario, cell, word in zip(table.scenarios, row.cells, words, strict=True):
        cause = causes.get((table.variant, scenario, row.key), "")
        cells.append(HeatCell(word, heat_class(cell, longest), _tip(row, scenario, cell, cause), cause))
    whole = row.key.instruction if text != row.key.instruction else ""
    stage = " ".join(part for part in (row.key.platform, row.key.stage) if part)
    return HeatRow(stage, line_text(row.line_start, row.line_end), text, whole, tuple(cells), True)


def _tip(row: StepRow, scenario: str, cell: StepCell, cause: str) -> str:
    name = instruction_text(row.key.instruction)
    if cell.state == "varies":
        said = varying_text(name, scenario, cell)
    elif cell.state == "ran" and cell.seconds is not None:
        seconds = format_seconds(cell.seconds.median)
        if cell.seconds.count > 1:
            span = format_seconds_range(cell.seconds.minimum, cell.seconds.maximum)
            seconds = f"{seconds} (median of {cell.seconds.count}, {span})"
        said = f"{scenario}: {seconds} — {name}"
    else:
        said = f"{scenario}: {step_cell(cell) or 'base image'} — {name}"
    return f"{said} — {cause}" if cause else said
