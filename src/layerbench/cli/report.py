"""`layerbench report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from layerbench.errors import UsageError
from layerbench.report.interface import FORMATS, FormatName, reporter

if TYPE_CHECKING:
    from layerbench.report.interface import Options

_STANDARD_STREAM = "-"


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
@click.option("-o", "--output", metavar="FILE", default=_STANDARD_STREAM, help="Write to FILE, not to stdout.")
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

    target = None if output == _STANDARD_STREAM else Path(output)
    if target is not None and _is_same(target, Path(result_file)):
        raise UsageError(f"{output} is the result file itself: give another place with -o")
    result = select(read_result(Path(result_file)), variants, scenarios)
    try:
        text = reporter(format_name).render(result, _options(target, steps))
    except OverflowError as error:
        raise UsageError(f"{result_file} holds a number that is too large to be a figure ({error})") from error
    _write(text, target)


def _options(target: Path | None, steps: bool) -> Options:
    from layerbench.report.terminal import options_for, plain_options

    return plain_options(steps=steps) if target else options_for(sys.stdout, steps=steps)


def _write(text: str, target: Path | None) -> None:
    if target is not None:
        from layerbench.results.atomic import write_atomically

        write_atomically(target, text.encode())
        return
    # In bytes: CSV has its own line breaks, and an encoding that lacks a character must not end in a traceback.
    sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "backslashreplace"))
    sys.stdout.buffer.flush()


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
