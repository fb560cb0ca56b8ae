"""The derived figures as JSON, for programs.

The builds themselves are in the result file. One object, keys in this order; figures say their unit in their key,
unknown is null:

- `format_version` (1), `bench` (`name`, `digest`, `rounds`), `started_at`, `finished_at`, `complete`, `machine`,
  `builder`: as in the result file
- `scenarios[]`: `scenario`, `kind`, `description`, `variants[]` with
  - `variant`, `works` (its smoke test; null without one)
  - `builds`: `planned`, `valid`, `failed`, `cancelled`, `invalid`, `missing`; only valid ones enter figures
  - `problems[]`: `kind` (`failed`, `cancelled`, `invalid`), `rounds`, `reason`
  - `wall_seconds`, `export_seconds`: `count`, `median`, `minimum`, `maximum`, `quartile_low`, `quartile_high`,
    `interquartile_range`
  - `context_bytes`, `compressed_bytes`, `uncompressed_bytes`: `count`, `median`, `minimum`, `maximum`, `varies`
  - `compressed_bytes_source`: `manifest` (what a pull transfers) or `gzip`
  - `steps`: `cached_least`, `cached_most`, `all_least`, `all_most` over the builds, and `varying[]`, the steps
    (`platform`, `stage`, `instruction`, `occurrence`) that were cached in some rounds only
  - `wall_ratio`, `compressed_ratio`, `uncompressed_ratio`: to the best variant that works in that scenario
- `steps[]`, with `--steps` only: `variant`, `scenarios[]` (names), `rows[]` with the step's key as above, `line_start`,
  `line_end`, and `cells[]`, one a scenario: `state` (`cached`, `ran`, `varies`, `source`, `failed`, `not-run`),
  `rounds`, `cached_rounds`, `seconds` (over the rounds in which it ran); then `export_seconds[]` and `wall_seconds[]`,
  one a scenario
- `critical_paths[]`, with `--critical-path` only: see `layerbench.report.critical_path.json_rows`
- `findings[]`, `alarms[]`, `remarks[]`: sentences
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from layerbench.analysis.figures import BuildCounts, ScenarioTable, StepCount, VariantFigures, scenario_tables
from layerbench.analysis.findings import findings
from layerbench.analysis.remarks import alarms, remarks
from layerbench.analysis.stats import ByteSpread, Spread
from layerbench.analysis.steps import StepRow, StepTable
from layerbench.report.interface import Options
from layerbench.report.step_rows import titled_step_tables
from layerbench.results.models import Result

FORMAT_VERSION = 1


def render(result: Result, options: Options) -> str:
    """The report as JSON in ASCII; see `layerbench.report.interface.Reporter`."""
    bench = result.bench
    tables = scenario_tables(result)
    figures: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "bench": {"name": bench.name, "digest": bench.digest, "rounds": bench.rounds},
        "started_at": result.started_at,
        "finished_at": result.finished_at,
        "complete": result.complete,
        "machine": asdict(result.machine),
        "builder": asdict(result.builder),
        "scenarios": [_scenario(table) for table in tables],
    }
    if options.steps:
        figures["steps"] = [_step_table(table) for _, table in titled_step_tables(result)]
    if options.critical_path:
        from layerbench.report.critical_path.json_rows import critical_paths

        figures["critical_paths"] = critical_paths(result)
    figures |= {"findings": findings(result, tables), "alarms": alarms(result), "remarks": remarks(result)}
    return json.dumps(figures, indent=2) + "\n"


def _scenario(table: ScenarioTable) -> dict[str, Any]:
    return {
        "scenario": table.scenario,
        "kind": table.kind,
        "description": table.description,
        "variants": [_variant(row) for row in table.rows],
    }


def _variant(row: VariantFigures) -> dict[str, Any]:
    return {
        "variant": row.variant,
        "works": row.works,
        "builds": _counts(row.counts),
        "problems": [asdict(problem) for problem in row.problems],
        "wall_seconds": _spread(row.wall_seconds),
        "export_seconds": _spread(row.export_seconds),
        "context_bytes": _bytes(row.context_bytes),
        "compressed_bytes": _bytes(row.compressed_bytes),
        "uncompressed_bytes": _bytes(row.uncompressed_bytes),
        "compressed_bytes_source": row.compressed_bytes_source,
        "steps": _steps(row.steps),
        "wall_ratio": row.wall_ratio,
        "compressed_ratio": row.compressed_ratio,
        "uncompressed_ratio": row.uncompressed_ratio,
    }


def _counts(counts: BuildCounts) -> dict[str, int]:
    return {**asdict(counts), "missing": counts.missing}


def _spread(found: Spread | None) -> dict[str, Any] | None:
    return {**asdict(found), "interquartile_range": found.interquartile_range} if found else None


def _bytes(found: ByteSpread | None) -> dict[str, Any] | None:
    return {**asdict(found), "varies": found.varies} if found else None


def _steps(steps: StepCount | None) -> dict[str, Any] | None:
    if steps is None:
        return None
    return {
        "cached_least": steps.cached_least,
        "cached_most": steps.cached_most,
        "all_least": steps.all_least,
        "all_most": steps.all_most,
        "varying": [key._asdict() for key in steps.varying],
    }


def _step_table(table: StepTable) -> dict[str, Any]:
    return {
        "variant": table.variant,
        "scenarios": table.scenarios,
        "rows": [_row(row) for row in table.rows],
        "export_seconds": [_spread(found) for found in table.export_seconds],
        "wall_seconds": [_spread(found) for found in table.wall_seconds],
    }


def _row(row: StepRow) -> dict[str, Any]:
    return {
        **row.key._asdict(),
        "line_start": row.line_start,
        "line_end": row.line_end,
        "cells": [
            {
                "state": cell.state,
                "rounds": cell.rounds,
                "cached_rounds": cell.cached_rounds,
                "seconds": _spread(cell.seconds),
            }
            for cell in row.cells
        ],
    }
