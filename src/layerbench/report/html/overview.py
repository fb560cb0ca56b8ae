"""Variants and scenarios in one table."""

from __future__ import annotations

from dataclasses import dataclass

from layerbench.analysis.comparison.redeploy import redeploy_of
from layerbench.analysis.figures import ScenarioTable, VariantFigures
from layerbench.report.cells import RowCells, row_cells, table_remarks
from layerbench.results.models import Result
from layerbench.units import format_bytes


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """A variant in a scenario. `sort_*` is what the script sorts by; None comes last."""

    anchor: str
    """Of its builds further down; empty where there are none."""
    variant: str
    scenario: str
    scenario_at: int
    cells: RowCells
    redeploy: str
    sort_time: float | None
    sort_ratio: float | None
    sort_cached: int | None
    sort_compressed: int | None
    sort_uncompressed: int | None
    sort_redeploy: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The table."""

    rows: tuple[OverviewRow, ...]
    scenarios: tuple[tuple[str, str], ...]
    """Name and description."""
    has_ranges: bool
    has_redeploy: bool
    compares: bool
    """Whether there is more than one variant."""
    remarks: tuple[tuple[bool, str], ...]
    """What is to be said beside the rows, and whether it is bad news."""


def anchors(result: Result) -> dict[tuple[str, str], str]:
    """A place in the page for each variant in each scenario."""
    variants = dict.fromkeys((*(one.name for one in result.bench.variants), *(one.variant for one in result.builds)))
    scenarios = dict.fromkeys((*(one.name for one in result.bench.scenarios), *(one.scenario for one in result.builds)))
    return {
        (name, scenario): f"b{at}-{of}" for at, name in enumerate(variants) for of, scenario in enumerate(scenarios)
    }


def overview(result: Result, tables: tuple[ScenarioTable, ...]) -> Overview:
    """Everything in the table, scenario by scenario as the bench file has them."""
    places = anchors(result)
    built = {(one.variant, one.scenario) for one in result.builds}
    rows = tuple(
        _row(
            result,
            table,
            row,
            at,
            places[row.variant, table.scenario] if (row.variant, table.scenario) in built else "",
        )
        for at, table in enumerate(tables)
        for row in table.rows
    )
    return Overview(
        rows=rows,
        scenarios=tuple((table.scenario, table.description or "") for table in tables),
        has_ranges=any(row.cells.range for row in rows),
        has_redeploy=any(row.redeploy for row in rows),
        compares=len({row.variant for row in rows}) > 1,
        remarks=tuple(
            (is_bad, f"{table.scenario}: {text}") for table in tables for is_bad, text in table_remarks(table)
        ),
    )


def _row(result: Result, table: ScenarioTable, row: VariantFigures, at: int, anchor: str) -> OverviewRow:
    redeploy = redeploy_of(result, row.variant, table.scenario) if table.kind == "edit" else None
    return OverviewRow(
        anchor=anchor,
        variant=row.variant,
        scenario=table.scenario,
        scenario_at=at,
        cells=row_cells(row),
        redeploy=format_bytes(redeploy.median) if redeploy else "",
        sort_time=row.wall_seconds.median if row.wall_seconds else None,
        sort_ratio=row.wall_ratio,
        sort_cached=row.steps.cached_least if row.steps else None,
        sort_compressed=row.compressed_bytes.median if row.compressed_bytes else None,
        sort_uncompressed=row.uncompressed_bytes.median if row.uncompressed_bytes else None,
        sort_redeploy=redeploy.median if redeploy else None,
    )
