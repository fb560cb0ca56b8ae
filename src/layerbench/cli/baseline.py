"""`layerbench baseline`."""

from __future__ import annotations

from pathlib import Path

import click

from layerbench.errors import UsageError
from layerbench.results.baseline import BASELINE_NAME


@click.group(
    epilog="""\b
Examples:
  layerbench baseline update result.json     write layerbench-baseline.json, to be committed
  layerbench baseline show                   print it as a table
  layerbench check result.json --baseline layerbench-baseline.json

\b
Exit codes: 0 fine, 2 usage, or a file that cannot be read, 3 the run holds failed builds, or the
file cannot be written."""
)
def baseline() -> None:
    """Keep the figures that do not depend on the machine in a small file, for relative budgets.

    Bytes, layers and cached steps are in it, a line a figure, so that its diff in a review reads well. Times are not.
    """


@baseline.command(
    epilog="""\b
Examples:
  layerbench baseline update result.json
  layerbench baseline update result.json -o sample_app/web/layerbench-baseline.json

\b
Exit codes: 0 fine, 2 usage, or a file that cannot be read, 3 the run holds failed builds, or the
file cannot be written."""
)
@click.argument("result_file", metavar="RESULT", type=click.Path(readable=False))
@click.option(
    *("-o", "--output"),
    metavar="FILE",
    type=click.Path(readable=False),
    default=BASELINE_NAME,
    show_default=True,
    help="The baseline file; it is replaced in one step.",
)
def update(result_file: str, output: str) -> None:
    """Write the baseline file from RESULT, a complete run without a failed build."""
    from layerbench.analysis.checks.figures import baseline_of
    from layerbench.cli.output import target_of
    from layerbench.errors import BuildError
    from layerbench.results.baseline import is_baseline, write_baseline
    from layerbench.results.file import read_result

    path = Path(result_file)
    target = target_of(output, path, what="result file")
    result = read_result(path)
    failed = sum(build.outcome == "failed" for build in result.builds)
    if failed:
        raise BuildError(f"{path} holds {failed} failed build{'s' if failed > 1 else ''}: mend them and run again")
    if not result.complete:
        raise UsageError(f"{path} was cut short: complete it with `layerbench run --resume {path}`")
    found = baseline_of(result)
    if not found.variants:
        raise UsageError(f"{path} has no build that counts: there is nothing to keep")
    if target is None:
        from layerbench.cli.output import write
        from layerbench.results.baseline import baseline_json

        write([baseline_json(found)], None)
        return
    if target.is_file() and not is_baseline(target):
        raise UsageError(f"{target} is there and is no baseline file; give another place with -o, or remove it")
    write_baseline(found, target)
    click.echo(f"layerbench: wrote {target}", err=True)


@baseline.command(
    epilog="""\b
Examples:
  layerbench baseline show
  layerbench baseline show sample_app/web/layerbench-baseline.json

\b
Exit codes: 0 fine, 2 the file cannot be read."""
)
@click.argument("file", default=BASELINE_NAME, type=click.Path(readable=False))
def show(file: str) -> None:
    """Print FILE, by default layerbench-baseline.json, as a table."""
    from layerbench.cli.output import options_for, write
    from layerbench.report.checks import baseline_table
    from layerbench.results.baseline import read_baseline

    write([baseline_table.render(read_baseline(Path(file)), options_for(None))], None)
