"""`layerbench ab`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias

import click

from layerbench.cli.ab_reports import ReportFile, check_report_files, report_files, write_reports
from layerbench.cli.measuring import Connecting, has_failures
from layerbench.cli.output import chosen_format, note
from layerbench.errors import UsageError

Format: TypeAlias = Literal["table", "markdown", "json", "html"]
_ROUNDS = 10
_TOP = 10


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Seconds out of `10m`, `90s` or `1.5m`."""
    from layerbench.config.schema import parse_duration

    if value is None:
        return None
    try:
        seconds = float(parse_duration(value))
    except ValueError as error:
        raise click.BadParameter(f'"{value}" {error}', ctx, param) from None
    if seconds <= 0:
        raise click.BadParameter(f'"{value}" is no time to build anything in', ctx, param)
    return seconds


@click.command(
    epilog="""\b
Examples:
  layerbench ab --base main                          the working tree, uncommitted changes included
  layerbench ab --base origin/main --head HEAD       two commits; the checkout is not looked at
  layerbench ab --base main --variant multi --scenario edit-source --rounds 20
  layerbench ab --base main --time-budget 10m --format markdown >> "$GITHUB_STEP_SUMMARY"
  layerbench ab --base main --rounds 1 -o out        bytes and cache hits only; out/base.json, out/head.json
  layerbench ab --base main --budget-file ci.toml    more budgets than head's bench file has
  layerbench ab --base main --report junit=junit.xml --report sarif=layerbench.sarif      for a CI
  layerbench ab --base main --json | jq -r .check.verdict

\b
It ends as soon as every time is decided: that none differs may be seen from the 5th round on, that
one does at every 10th and at the last. Checkout, index and stash stay as they are.
Head is judged by its own bench file's budgets and expectations; what a budget is relative to is base.

\b
Exit codes: 0 fine (also where the two differ), 1 a budget is broken or an expectation refuted, 2
usage, bench file or repository, 3 a build, a smoke test or the engine failed (the rest is compared),
130 interrupted (what was measured stays). Where anything was checked, the last line is the verdict:
of stdout, or of stderr where stdout is a document (json, markdown, html)."""
)
@click.option("--base", required=True, metavar="REF", help="What to compare with: a branch, a tag, a commit.")
@click.option("--head", metavar="REF", help="What to judge.  [default: the working tree with uncommitted changes]")
@click.option(
    *("-c", "--bench-file"), metavar="FILE", help="Bench file, by its place in the checkout  [default: layerbench.toml]"
)
@click.option("--variant", "variants", multiple=True, metavar="V", help="Only this variant. Repeatable.")
@click.option("--scenario", "scenarios", multiple=True, metavar="S", help="Only this scenario. Repeatable.")
@click.option(
    "--rounds", type=click.IntRange(1, 1000), default=_ROUNDS, show_default=True, metavar="N", help="At most so many."
)
@click.option(
    "--time-budget", callback=_seconds, metavar="TIME", help="Begin no round that would end later, such as 10m."
)
@click.option("--builder", metavar="NAME", help="The buildx builder  [default: the one docker buildx build takes]")
@click.option(
    *("-o", "--output"), metavar="FOLDER", help="Folder for base.json and head.json  [default: in the state folder]"
)
@click.option(
    *("--format", "format_name"),
    type=click.Choice(("table", "markdown", "json", "html")),
    help="How to print comparison and check.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    *("--budget-file", "budget_files"),
    metavar="FILE",
    multiple=True,
    type=click.Path(readable=False),
    help="A file with [[budgets]] and [[expectations]] that are checked as well. Repeatable.",
)
@click.option(
    *("--report", "reports"),
    multiple=True,
    callback=report_files,
    metavar="FORMAT=FILE",
    help="Write the check to FILE too, in a format of `layerbench check`, such as junit=junit.xml. Repeatable.",
)
@click.option("--no-check", is_flag=True, help="Compare only, whatever budgets and expectations there are.")
@click.option("--no-smoke", is_flag=True, help="Do not run the images.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def ab(
    base: str,
    head: str | None,
    bench_file: str | None,
    variants: tuple[str, ...],
    scenarios: tuple[str, ...],
    rounds: int,
    time_budget: float | None,
    builder: str | None,
    output: str | None,
    format_name: Format | None,
    as_json: bool,
    budget_files: tuple[str, ...],
    reports: tuple[ReportFile, ...],
    no_check: bool,
    no_smoke: bool,
    quiet: bool,
) -> int:
    """Build two states of this git repository in turns, say what HEAD costs more or less than BASE, and check it.

    Both are laid out in a temporary folder with the same times and modes, and each takes its own bench file.
    """
    chosen: Format = chosen_format(format_name, "json" if as_json else None, "table")
    if no_check and budget_files:
        raise UsageError("--no-check and --budget-file exclude each other: give one of them")
    if no_check and reports:
        raise UsageError("--no-check and --report exclude each other: give one of them")
    inputs = [Path(one) for one in (bench_file, *budget_files) if one]
    check_report_files(reports, Path(output) if output else None, inputs)
    connecting = Connecting(builder)

    from layerbench.ab.measuring import Asked, measure_states
    from layerbench.ab.rounds import Limits
    from layerbench.cli.ab_checking import check_states
    from layerbench.cli.ab_output import compare_states, print_states
    from layerbench.cli.checking import EXIT_CODES, read_budget_files
    from layerbench.cli.displays import open_display

    more = read_budget_files([Path(one) for one in budget_files], {})
    asked = Asked(
        base=base,
        head=head,
        bench_file=Path(bench_file) if bench_file else None,
        variants=variants,
        scenarios=scenarios,
        limits=Limits(rounds, time_budget),
        output=Path(output) if output else None,
        smoke=not no_smoke,
        budgets=more,
        must_check=bool(reports),
        reports=tuple(one.path for one in reports),
    )
    with open_display(quiet) as display:
        outcome = measure_states(asked, connecting.get, display, os.environ)
    report = None if no_check else check_states(outcome, note)
    found = compare_states(outcome)
    if report is not None:
        write_reports(reports, report, outcome)
    click.echo(f"result files: {outcome.paths['base']} {outcome.paths['head']}", err=True)
    print_states(outcome, found, report, chosen, top=_TOP)
    if outcome.left_out or has_failures(*outcome.results.values()):
        return EXIT_CODES["error"]
    return EXIT_CODES[report.verdict] if report else 0
