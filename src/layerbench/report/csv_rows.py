r"""One row a build, or with steps one row a step of a build (RFC 4180: CRLF, quotes doubled, a header line).

Columns of a build: bench, variant, scenario, kind, round, outcome, invalid, wall_seconds, export_seconds,
context_bytes, cached_steps, all_steps, compressed_bytes, uncompressed_bytes, compressed_bytes_source, layers,
manifest_digest, config_digest, error. `invalid` holds the reason why a build enters no figure. Failed builds have no
cached_steps: what they skipped was reported as cached.

Columns of a step: bench, variant, scenario, round, outcome, platform, stage, index, count, instruction, line_start,
line_end, cached, seconds, started_seconds. `cached` is true, false, or empty for a source (FROM).

An empty field is unknown. Control characters in names and instructions are written as escapes such as `\x1b`. Fields
that begin with "=" are left as they are: a spreadsheet that takes them for formulas has to be told that they are text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from layerbench.analysis.figures import failure_reason
from layerbench.report.interface import Options
from layerbench.report.printable import printable
from layerbench.results.models import Build, Result

BUILD_COLUMNS = (
    "bench",
    "variant",
    "scenario",
    "kind",
    "round",
    "outcome",
    "invalid",
    "wall_seconds",
    "export_seconds",
    "context_bytes",
    "cached_steps",
    "all_steps",
    "compressed_bytes",
    "uncompressed_bytes",
    "compressed_bytes_source",
    "layers",
    "manifest_digest",
    "config_digest",
    "error",
)
STEP_COLUMNS = (
    "bench",
    "variant",
    "scenario",
    "round",
    "outcome",
    "platform",
    "stage",
    "index",
    "count",
    "instruction",
    "line_start",
    "line_end",
    "cached",
    "seconds",
    "started_seconds",
)

Field = str | int | float | bool | None


def render(result: Result, options: Options) -> str:
    """The report as CSV; see `layerbench.report.interface.Reporter`."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    if options.steps:
        writer.writerow(STEP_COLUMNS)
        writer.writerows(map(_fields, _step_rows(result)))
    else:
        kinds = {scenario.name: scenario.kind for scenario in result.bench.scenarios}
        writer.writerow(BUILD_COLUMNS)
        writer.writerows(_fields(_build_row(result.bench.name, kinds.get(b.scenario), b)) for b in result.builds)
    return stream.getvalue()


def _build_row(bench: str, kind: str | None, build: Build) -> Sequence[Field]:
    image = build.image
    states = [step.cached for step in build.steps if step.cached is not None] if build.outcome == "built" else []
    return (
        bench,
        build.variant,
        build.scenario,
        kind,
        build.round,
        build.outcome,
        build.invalid,
        build.wall_seconds,
        build.export_seconds,
        build.context_bytes,
        sum(states) if states else None,
        len(states) if states else None,
        image.compressed_bytes if image else None,
        image.uncompressed_bytes if image else None,
        image.compressed_bytes_source if image else None,
        len(image.layers) if image else None,
        image.manifest_digest if image else None,
        image.config_digest if image else None,
        failure_reason(build) if build.error else None,
    )


def _step_rows(result: Result) -> Iterator[Sequence[Field]]:
    for build in result.builds:
        for step in build.steps:
            yield (
                result.bench.name,
                build.variant,
                build.scenario,
                build.round,
                build.outcome,
                step.platform,
                step.stage,
                step.index,
                step.count,
                step.instruction,
                step.line_start,
                step.line_end,
                step.cached,
                step.seconds,
                step.started_seconds,
            )


def _fields(row: Sequence[Field]) -> list[Field]:
    return [_field(field) for field in row]


def _field(field: Field) -> Field:
    if isinstance(field, bool):
        return "true" if field else "false"
    return printable(field) if isinstance(field, str) else field
