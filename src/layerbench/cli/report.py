"""`layerbench report`."""

from __future__ import annotations

from pathlib import Path

import click

from layerbench.cli.output import options_for, target_of, write, writes_output
from layerbench.errors import UsageError
from layerbench.report.interface import FORMATS, FormatName, reporter


@click.command(
    epilog="""\b
Examples:
  layerbench report result.json                             the tables that `layerbench run` printed
  layerbench report result.json --steps --variant multi     its steps as rows, scenarios as columns
  layerbench report result.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  layerbench report result.json --format csv -o builds.csv  a row a build (with --steps: a row a step)
  layerbench report result.json --format json | jq '.scenarios[].variants[].wall_seconds.median'
  ssh ci cat result.json | layerbench report -

\b
Exit codes: 0 fine, 2 the result file cannot be read or has no such variant or scenario."""
)
@click.argument("result_file", metavar="RESULT")
@click.option(
    *("--format", "format_name"),
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How to print it; json has the derived figures, RESULT itself holds every build.",
)
@click.option("--steps", is_flag=True, help="Show single steps.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="V",
    help="Only this variant; ratios are to the best of those kept. Repeatable.",
)
@click.option("--scenario", "scenarios", multiple=True, metavar="S", help="Only this scenario. Repeatable.")
@writes_output
def report(
    result_file: str,
    format_name: FormatName,
    steps: bool,
    variants: tuple[str, ...],
    scenarios: tuple[str, ...],
    output: str,
) -> None:
    """Print the figures of RESULT, a file that `layerbench run` wrote (- reads standard input); no engine is needed."""
    from layerbench.analysis.selection import select
    from layerbench.results.file import read_result

    target = target_of(output, Path(result_file), what="result file")
    result = select(read_result(Path(result_file)), variants, scenarios)
    try:
        text = reporter(format_name).render(result, options_for(target, steps=steps))
    except OverflowError as error:
        raise UsageError(f"{result_file} holds a number that is too large to be a figure ({error})") from error
    write([text], target)
