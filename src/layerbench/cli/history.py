"""`layerbench history`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import click

from layerbench.analysis.trend.models import TrendMetric
from layerbench.cli.history_choice import (
    check_bench,
    doomed,
    entry_of,
    known_branch,
    moment_of,
    most_run_branch,
    no_figures,
    path_of,
    spare_result_files,
)
from layerbench.cli.output import chosen_format, note, options_for, target_of, write, writes_output
from layerbench.errors import UsageError

_METRICS = get_args(TrendMetric)
_MOST_CAUSES = 12
"""Changes whose cause is looked up: each reads two result files."""
_DEFAULT_METRICS = ("seconds", "compressed_bytes", "uncompressed_bytes", "redeploy_bytes")

history_file = click.option(
    "--history",
    "history_path",
    metavar="FILE",
    type=click.Path(readable=False),
    envvar="LAYERBENCH_HISTORY",
    help="The history  [default: .layerbench/history.sqlite at the top of the repository; $LAYERBENCH_HISTORY]",
)


@click.group(
    epilog="""\b
Examples:
  layerbench history add result.json                   keep the figures of a run
  layerbench history trend                             what moved, and at which commit
  layerbench history trend --variant multi --scenario edit-source --metric seconds
  layerbench history trend --format html -o trend.html
  layerbench history import old-results/               begin a history from result files
  layerbench history prune --keep 500

\b
Exit codes: 0 fine, 2 usage, or a file that cannot be read, 3 the history cannot be written."""
)
def history() -> None:
    """Keep the figures of many runs in one file, and show how they moved from commit to commit."""


@history.command(
    epilog="""\b
Examples:
  layerbench history add result.json
  layerbench history add bench-results/*.json --history figures.sqlite

\b
A result that is there already is passed over; of a run that was cut short and resumed, the later state
stays. Exit codes: 0 fine, 2 a result file cannot be read
(the others are added), 3 the history cannot be written."""
)
@click.argument("result_files", metavar="RESULT...", nargs=-1, required=True, type=click.Path(readable=False))
@history_file
def add(result_files: tuple[str, ...], history_path: str | None) -> int:
    """Add the figures of each RESULT, a file that `layerbench run` wrote."""
    if "-" in result_files:
        raise UsageError("a history keeps the place of each file: name a file in place of -")
    from layerbench.cli.history_adding import add_files

    return add_files(map(Path, result_files), path_of(history_path), passes_over_others=False)


@history.command(
    "import",
    epilog="""\b
Examples:
  layerbench history import artifacts/              every result file in it and below
  layerbench history import artifacts/ --history .layerbench/history.sqlite

\b
JSON files that are no result files are passed over. Exit codes: 0 fine, 2 there is no result file,
or one is damaged or newer than this program (the others are added), 3 the history cannot be written.""",
)
@click.argument("folder", metavar="DIR", type=click.Path(readable=False))
@history_file
def import_(folder: str, history_path: str | None) -> int:
    """Add every result file in DIR and its folders: makes a history anew."""
    from layerbench.cli.history_adding import add_files

    top = Path(folder)
    if not top.is_dir():
        raise UsageError(f"{folder} is no folder: name the one that the result files are in")
    files = sorted(path for path in top.rglob("*.json") if path.is_file())
    if not files:
        raise UsageError(f"{folder} has no result file: they end in .json")
    return add_files(files, path_of(history_path), passes_over_others=True)


@history.command(
    "list",
    epilog="""\b
Examples:
  layerbench history list
  layerbench history list --branch main --since 2026-01-01 --json | jq -r '.[].commit'

\b
The history is only read. Exit codes: 0 fine, 2 usage, there is no such branch, or no history that can
be read, 3 FILE cannot be written.""",
)
@click.option("--branch", metavar="B", help="Only runs of this branch; '' for those without one.")
@click.option("--since", metavar="DATE", help="Only runs of commits from then on, such as 2026-11-01.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@history_file
@writes_output
def list_(branch: str | None, since: str | None, as_json: bool, history_path: str | None, output: str) -> None:
    """List the runs, oldest first."""
    from layerbench.history import Selection, read_history
    from layerbench.report.trend import entries_table

    path = path_of(history_path)
    target = target_of(output, path, what="history")
    with read_history(path) as found:
        spare_result_files(target, found)
        entries = found.entries(Selection(branch=known_branch(found, branch), since=moment_of(since)))
    text = entries_table.as_json(entries) if as_json else entries_table.render(entries, options_for(target))
    write([text], target)


@history.command(
    epilog="""\b
Examples:
  layerbench history show                    the newest run
  layerbench history show 1a2b3c4            that of a commit, or of a result file's digest

\b
The history is only read. Exit codes: 0 fine, 2 there is no such run, several commits begin like that,
or the history cannot be read, 3 FILE cannot be written."""
)
@click.argument("run", metavar="[COMMIT]", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@history_file
@writes_output
def show(run: str | None, as_json: bool, history_path: str | None, output: str) -> None:
    """Show the figures of one run: the newest one, or the newest of COMMIT."""
    from layerbench.history import read_history
    from layerbench.report.trend import entry_page

    path = path_of(history_path)
    target = target_of(output, path, what="history")
    with read_history(path) as found:
        spare_result_files(target, found)
        entry = entry_of(found, run)
        figures = found.figures_of(entry)
    if as_json:
        write([entry_page.as_json(entry, figures)], target)
    else:
        write([entry_page.render(entry, figures, options_for(target))], target)


@history.command(
    epilog="""\b
Examples:
  layerbench history trend                                   lines whose level changed come first
  layerbench history trend --variant multi --metric compressed_bytes --branch main
  layerbench history trend --since 2026-10-01 --format html -o trend.html
  layerbench history trend --format csv | mlr --icsv --opprint cat

\b
Only figures that compare are on one line: of the same variant, edit and platform, times also of the
same kind of machine and builder. The history is only read. Exit codes: 0 fine, 2 usage, no such
figures, or the history cannot be read, 3 FILE cannot be written."""
)
@click.option("--bench", metavar="NAME", help="Only this bench.")
@click.option("--variant", "variants", multiple=True, metavar="V", help="Only this variant. Repeatable.")
@click.option("--scenario", "scenarios", multiple=True, metavar="S", help="Only this scenario. Repeatable.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    type=click.Choice(_METRICS),
    help="Only this figure. Repeatable.  [default: seconds and the three of bytes]",
)
@click.option(
    "--branch",
    metavar="B",
    help="Runs of this branch; * for all, '' for those without one  [default: the one with most runs]",
)
@click.option("--since", metavar="DATE", help="Only runs of commits from then on, such as 2026-11-01.")
@click.option(
    *("--format", "format_name"), type=click.Choice(("table", "html", "csv", "json")), help="[default: table]"
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@history_file
@writes_output
def trend(
    bench: str | None,
    variants: tuple[str, ...],
    scenarios: tuple[str, ...],
    metrics: tuple[str, ...],
    branch: str | None,
    since: str | None,
    format_name: Literal["table", "html", "csv", "json"] | None,
    as_json: bool,
    history_path: str | None,
    output: str,
) -> None:
    """Show how each figure moved from commit to commit, and at which commit its level changed, with the cause.

    Causes are looked up in the result files, where they still are where they were when they were added.
    """
    chosen: Literal["table", "html", "csv", "json"] = chosen_format(format_name, "json" if as_json else None, "table")

    from layerbench.analysis.trend.causes import with_causes
    from layerbench.analysis.trend.lines import make_lines, most_telling_first, once_an_image
    from layerbench.cli.trend_causes import compared
    from layerbench.history import Selection, read_history

    path = path_of(history_path)
    target = target_of(output, path, what="history")
    moment = moment_of(since)
    with read_history(path) as found:
        spare_result_files(target, found)
        check_bench(found, bench)
        picked = most_run_branch(found, bench, moment) if branch is None else known_branch(found, branch, bench)
        points = found.points(Selection(bench, variants, scenarios, metrics or _DEFAULT_METRICS, picked, moment))
    lines = make_lines(points)
    lines = most_telling_first(lines if scenarios else once_an_image(lines))
    if chosen != "csv":  # it has no place for them
        lines = with_causes(lines, compared, _MOST_CAUSES)
    if not lines:
        raise no_figures(path, picked, bench)
    match chosen:
        case "json":
            from layerbench.report.trend import lines_json

            write([lines_json.render(lines)], target)
        case "csv":
            from layerbench.report.trend import lines_csv

            write([lines_csv.render(lines)], target)
        case "html":
            from layerbench.report.trend import lines_html

            write([lines_html.render(lines)], target)
        case _:
            from layerbench.report.trend import lines_table

            write([lines_table.render(lines, options_for(target))], target)


@history.command(
    epilog="""\b
Examples:
  layerbench history prune --keep 500              the newest 500 runs stay
  layerbench history prune --before 2026-01-01
  layerbench history prune --branch feature/x      a branch that is merged
  layerbench history prune --keep 500 --dry-run

\b
Result files are not touched. Exit codes: 0 fine, 2 usage, or there is no such branch, 3 the history
cannot be written."""
)
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Keep the newest N runs.")
@click.option("--before", metavar="DATE", help="Take out runs of commits before then.")
@click.option("--branch", metavar="B", help="Take out only runs of this branch; '' for those without one.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be taken out.")
@history_file
def prune(keep: int | None, before: str | None, branch: str | None, dry_run: bool, history_path: str | None) -> None:
    """Take runs out of the history."""
    from layerbench.history import open_history
    from layerbench.report.printable import printable

    if keep is None and before is None and branch is None:
        raise UsageError("say what to take out: --keep N, --before DATE or --branch B")
    path = path_of(history_path)
    with open_history(path, must_exist=True) as found:
        entries = doomed(found, keep, before, branch)
        if dry_run:
            for entry in entries:
                click.echo(printable(f"{entry.label} {entry.bench} {entry.started_at}"))
            return
        count = found.prune([entry.digest for entry in entries])
    note(f"took {count} run{'' if count == 1 else 's'} out of {path}")
