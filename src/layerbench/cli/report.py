"""`layerbench report`."""

from __future__ import annotations

from pathlib import Path

import click

from layerbench.cli.image_options import side_files_of
from layerbench.cli.output import options_for, target_of, write, writes_output
from layerbench.errors import UsageError
from layerbench.report.interface import CHARTS, FORMATS, ChartName, FormatName, reporter

_WITH_PATH: tuple[FormatName, ...] = ("table", "json")


@click.command(
    epilog="""\b
Examples:
  layerbench report result.json                             the tables that `layerbench run` printed
  layerbench report result.json --steps --variant multi     its steps as rows, scenarios as columns
  layerbench report result.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  layerbench report result.json --format csv -o builds.csv  a row a build (with --steps: a row a step)
  layerbench report result.json --format json | jq '.scenarios[].variants[].wall_seconds.median'
  layerbench report result.json --critical-path --variant multi --scenario cold
  layerbench report result.json --format trace -o trace.json     open it in ui.perfetto.dev
  layerbench report result.json --format html -o report.html   timelines, images, all in one file
  layerbench report result.json --format html --check layerbench.toml -o report.html
  layerbench report result.json --format svg --chart sizes -o sizes.svg   for a README
  layerbench report result.json --format badge --variant multi     for a badge's endpoint
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
    "--critical-path",
    is_flag=True,
    help="Show what each build waited for, from start to end, and what it would take without a step (table and json).",
)
@click.option(
    "--chart",
    type=click.Choice(CHARTS),
    help="Which picture, with --format svg: layers, rounds, steps of all variants, or the first build kept.",
)
@click.option(
    *("--check", "bench_file"),
    metavar="BENCH_FILE",
    type=click.Path(readable=False),
    help="With --format html: show the verdicts of this bench file's budgets and expectations.",
)
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
    critical_path: bool,
    chart: ChartName | None,
    bench_file: str | None,
    variants: tuple[str, ...],
    scenarios: tuple[str, ...],
    output: str,
) -> None:
    """Print the figures of RESULT, a file that `layerbench run` wrote (- reads standard input); no engine is needed."""
    if critical_path and steps:
        raise UsageError("--critical-path and --steps exclude each other: give one of them")
    if critical_path and format_name not in _WITH_PATH:
        raise UsageError(
            f"--critical-path is shown by {' and '.join(_WITH_PATH)} only: leave --format {format_name} away"
        )
    _check_format(format_name, chart, bench_file)

    from dataclasses import replace

    from layerbench.analysis.selection import select
    from layerbench.results.file import read_result

    target = target_of(output, Path(result_file), what="result file")
    if bench_file:
        target_of(output, Path(bench_file), what="bench file")
    whole = read_result(Path(result_file))
    target_of(output, *side_files_of(Path(result_file), whole), what="result's side file")
    result = select(whole, variants, scenarios)
    try:
        if format_name == "html":
            from layerbench.cli.html_output import result_page

            text = result_page(result, whole, Path(result_file), Path(bench_file) if bench_file else None)
        else:
            options = replace(options_for(target, steps=steps), critical_path=critical_path, chart=chart or CHARTS[0])
            text = reporter(format_name).render(result, options)
    except OverflowError as error:
        raise UsageError(f"{result_file} holds a number that is too large to be a figure ({error})") from error
    write([text], target)


def _check_format(format_name: FormatName, chart: ChartName | None, bench_file: str | None) -> None:
    """See that an option has the format that it is for.

    Raises:
        UsageError: it has not.
    """
    if chart and format_name != "svg":
        raise UsageError(f"--chart chooses a picture: give it with --format svg, not with {format_name}")
    if format_name == "svg" and not chart:
        raise UsageError(f"--format svg draws one picture: choose it with --chart, one of {', '.join(CHARTS)}")
    if bench_file and format_name != "html":
        raise UsageError("--check shows verdicts on the page: give it with --format html, or use `layerbench check`")
