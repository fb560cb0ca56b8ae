"""`layerbench check`."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from layerbench.cli.output import chosen_format, note, options_for, target_of, write, writes_output
from layerbench.errors import UsageError
from layerbench.report.checks.interface import (
    CHECK_FORMATS,
    WITH_REPOSITORY_PATHS,
    WITH_VERDICT_LINE,
    CheckFormat,
    render,
)
from layerbench.results.baseline import BASELINE_NAME

if TYPE_CHECKING:
    from layerbench.analysis.checks.limits import Limits
    from layerbench.analysis.checks.models import CheckReport
    from layerbench.config.models import BenchFile


@click.command(
    epilog="""\b
Examples:
  layerbench check result.json                              judge it by layerbench.toml
  layerbench check result.json --baseline main.json         relative budgets, by an earlier run
  layerbench check result.json --budget-file strict.toml    more budgets, from their own file
  layerbench check result.json --without-baseline           also where there is none: judge the rest
  layerbench check result.json --format junit -o junit.xml  for a CI; stdout has the verdict
  layerbench check result.json --json | jq '.expectations[] | select(.outcome == "refuted")'

\b
Exit codes: 0 fine (warnings too), 1 a regression or a refuted expectation, 2 usage, bench file or
baseline, 3 the run holds failed builds.
The last line of stdout is the verdict; where stdout is a document (json, junit ...) it goes to
stderr."""
)
@click.argument("result_file", metavar="RESULT", type=click.Path(readable=False))
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(readable=False),
    help=f"An earlier result file or a baseline file  [default: {BASELINE_NAME} beside the bench file]",
)
@click.option(
    "--without-baseline",
    is_flag=True,
    help="Where there is no baseline, leave out the budgets that need one, and judge the rest.",
)
@click.option(
    *("--budget-file", "budget_files"),
    metavar="FILE",
    multiple=True,
    type=click.Path(readable=False),
    help="A file with [[budgets]] and [[expectations]] that are checked as well. Repeatable.",
)
@click.option(
    *("-c", "--bench-file"),
    metavar="FILE",
    type=click.Path(readable=False),
    help="Bench file  [default: layerbench.toml]",
)
@click.option(
    *("--format", "format_name"),
    type=click.Choice(CHECK_FORMATS),
    metavar="FORMAT",
    help=f"How to show it: {', '.join(CHECK_FORMATS)}.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@writes_output
def check(
    result_file: str,
    baseline: str | None,
    without_baseline: bool,
    budget_files: tuple[str, ...],
    bench_file: str | None,
    format_name: CheckFormat | None,
    as_json: bool,
    output: str,
) -> int:
    """Judge RESULT, a file that `layerbench run` wrote, by the bench file's budgets and expectations.

    No engine is needed.
    """
    chosen: CheckFormat = chosen_format(format_name, "json" if as_json else None, "table")
    if baseline is not None and without_baseline:
        raise UsageError("--baseline and --without-baseline exclude each other: give one of them")
    from layerbench.analysis.checks.verdict import check as judge
    from layerbench.cli.checking import (
        EXIT_CODES,
        check_bench_fits,
        load_limits,
        side_files,
        source_of_baseline,
        source_of_result,
    )
    from layerbench.results.file import read_result

    path = Path(result_file)
    target = target_of(output, path, *(Path(one) for one in (baseline, *budget_files, bench_file) if one), what="input")
    bench, bench_path = _bench(bench_file, is_needed=not budget_files)
    result = read_result(path)
    limits = load_limits(bench, bench_path, [Path(one) for one in budget_files], result.bench)
    changed = check_bench_fits(bench, bench_path, result, path) if bench and bench_path else None
    committed = bench_path.with_name(BASELINE_NAME) if bench_path else Path(BASELINE_NAME)
    base_path = Path(baseline) if baseline is not None else _committed_baseline(committed, limits)
    head = source_of_result(result, path, note)
    base = source_of_baseline(base_path, note) if base_path else None
    if target is not None:
        # What was found without being named is not to be replaced either.
        target_of(output, *(one for one in (bench_path, base_path) if one), what="input")
        target_of(output, *side_files((path, head), (base_path, base)), what="side file of a result")
    report = judge(
        limits.budgets,
        limits.expectations,
        head,
        base,
        needs_baseline=not without_baseline,
        baseline_file=committed,
    )
    if changed:
        report = dataclasses.replace(report, notes=(*report.notes, changed))
    if bench_path:
        report = dataclasses.replace(report, bench_file=bench_path.name)
    shown = _with_repository_paths(report, limits) if chosen in WITH_REPOSITORY_PATHS else report
    write([render(shown, chosen, options_for(target), result)], target)
    _tell_verdict(report, chosen, target)
    return EXIT_CODES[report.verdict]


def _bench(bench_file: str | None, *, is_needed: bool) -> tuple[BenchFile | None, Path | None]:
    """The bench file, read, and its path; neither where there is none and budgets come from elsewhere."""
    from layerbench.config.file import find_bench_file, load_bench_file

    path = Path(bench_file) if bench_file else find_bench_file(Path())
    if path is None:
        if is_needed:
            raise UsageError("there is no layerbench.toml here: name the bench file with -c")
        return None, None
    return load_bench_file(path, os.environ), path


def _committed_baseline(committed: Path, limits: Limits) -> Path | None:
    """The baseline file beside the bench file, where it is there and a budget needs it."""
    is_needed = any(one.is_relative for one in limits.budgets)
    return committed if is_needed and committed.is_file() else None


def _with_repository_paths(report: CheckReport, limits: Limits) -> CheckReport:
    from layerbench.cli.checking import below_repository
    from layerbench.report.checks.findings import located

    return located(report, below_repository(limits.folder))


def _tell_verdict(report: CheckReport, chosen: CheckFormat, target: Path | None) -> None:
    """The verdict as the last line of stdout, or of stderr where stdout is a document."""
    if target is None and chosen == "table":
        return  # it ends with that line itself
    from layerbench.report.printable import printable

    line = printable(report.verdict_line)
    if target is None and chosen not in WITH_VERDICT_LINE:
        click.echo(line, err=True)
    else:
        write([f"{line}\n"], None)
