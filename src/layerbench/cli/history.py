"""`layerbench history`."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

from layerbench.analysis.trend.models import TrendMetric
from layerbench.cli.output import chosen_format, options_for, target_of, write, writes_output
from layerbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layerbench.analysis.trend.models import Entry
    from layerbench.history import History

_DEFAULT = Path(".layerbench") / "history.sqlite"
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
A result that is there already is passed over. Exit codes: 0 fine, 2 a result file cannot be read
(the others are added), 3 the history cannot be written."""
)
@click.argument("result_files", metavar="RESULT...", nargs=-1, required=True, type=click.Path(readable=False))
@history_file
def add(result_files: tuple[str, ...], history_path: str | None) -> int:
    """Add the figures of each RESULT, a file that `layerbench run` wrote."""
    if "-" in result_files:
        raise UsageError("a history keeps the place of each file: name a file in place of -")
    return _add(map(Path, result_files), _path(history_path), is_strict=True)


@history.command(
    "import",
    epilog="""\b
Examples:
  layerbench history import artifacts/              every result file in it and below
  layerbench history import artifacts/ --history .layerbench/history.sqlite

\b
Files that are no result files are passed over. Exit codes: 0 fine, 2 there is no result file,
3 the history cannot be written.""",
)
@click.argument("folder", metavar="DIR", type=click.Path(readable=False))
@history_file
def import_(folder: str, history_path: str | None) -> int:
    """Add every result file in DIR and its folders: makes a history anew."""
    top = Path(folder)
    if not top.is_dir():
        raise UsageError(f"{folder} is no folder: name the one that the result files are in")
    files = sorted(path for path in top.rglob("*.json") if path.is_file())
    if not files:
        raise UsageError(f"{folder} has no result file: they end in .json")
    return _add(files, _path(history_path), is_strict=False)


@history.command(
    "list",
    epilog="""\b
Examples:
  layerbench history list
  layerbench history list --branch main --since 2026-01-01 --json | jq -r '.[].commit'

\b
Exit codes: 0 fine, 2 there is no history, or it cannot be read.""",
)
@click.option("--branch", metavar="B", help="Only runs of this branch.")
@click.option("--since", metavar="DATE", help="Only runs of commits from then on, such as 2026-11-01.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@history_file
@writes_output
def list_(branch: str | None, since: str | None, as_json: bool, history_path: str | None, output: str) -> None:
    """List the runs, oldest first."""
    from layerbench.history import Selection, open_history
    from layerbench.report.trend import entries_table

    path = _path(history_path)
    target = target_of(output, path, what="history")
    with open_history(path, must_exist=True) as found:
        entries = found.entries(Selection(branch=branch, since=_moment(since)))
    text = entries_table.as_json(entries) if as_json else entries_table.render(entries, options_for(target))
    write([text], target)


@history.command(
    epilog="""\b
Examples:
  layerbench history show                    the newest run
  layerbench history show 1a2b3c4            that of a commit, or of a result file's digest

\b
Exit codes: 0 fine, 2 there is no such run, or the history cannot be read."""
)
@click.argument("run", metavar="[COMMIT]", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@history_file
@writes_output
def show(run: str | None, as_json: bool, history_path: str | None, output: str) -> None:
    """Show the figures of one run: the newest one, or the newest of COMMIT."""
    from layerbench.history import open_history
    from layerbench.report.trend import entry_page

    path = _path(history_path)
    target = target_of(output, path, what="history")
    with open_history(path, must_exist=True) as found:
        entry = _entry(found, run)
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
same kind of machine and builder. Exit codes: 0 fine, 2 usage, or the history cannot be read."""
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
@click.option("--branch", metavar="B", help="Runs of this branch; * for all  [default: the one with most runs]")
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
    from layerbench.history import Selection, open_history

    path = _path(history_path)
    target = target_of(output, path, what="history")
    moment = _moment(since)
    with open_history(path, must_exist=True) as found:
        picked = _branch(found, branch)
        points = found.points(Selection(bench, variants, scenarios, metrics or _DEFAULT_METRICS, picked, moment))
    lines = make_lines(points)
    lines = most_telling_first(lines if scenarios else once_an_image(lines))
    if chosen != "csv":  # it has no place for them
        lines = with_causes(lines, compared, _MOST_CAUSES)
    if not lines:
        raise UsageError(f"{path} has no such figures: `layerbench history list` shows the runs in it")
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
Result files are not touched. Exit codes: 0 fine, 2 usage, 3 the history cannot be written."""
)
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Keep the newest N runs.")
@click.option("--before", metavar="DATE", help="Take out runs of commits before then.")
@click.option("--branch", metavar="B", help="Take out only runs of this branch.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be taken out.")
@history_file
def prune(keep: int | None, before: str | None, branch: str | None, dry_run: bool, history_path: str | None) -> None:
    """Take runs out of the history."""
    from layerbench.history import Selection, open_history
    from layerbench.report.printable import printable

    if keep is None and before is None and branch is None:
        raise UsageError("say what to take out: --keep N, --before DATE or --branch B")
    path = _path(history_path)
    with open_history(path, must_exist=True) as found:
        entries = found.entries(Selection(branch=_branch(found, branch) if branch else None))
        newer = {entry.digest for entry in found.entries(Selection(since=_moment(before)))} if before else set()
        doomed = [entry for entry in entries if entry.digest not in newer]
        if keep:
            doomed = [entry for entry in doomed if entry not in entries[-keep:]]
        if dry_run:
            for entry in doomed:
                click.echo(printable(f"{entry.label} {entry.bench} {entry.started_at}"))
            return
        count = found.prune([entry.digest for entry in doomed])
    click.echo(f"layerbench: took {count} run{'' if count == 1 else 's'} out of {path}", err=True)


def _add(files: Iterable[Path], path: Path, *, is_strict: bool) -> int:
    from layerbench.analysis.trend.entries import entry_of
    from layerbench.analysis.trend.figures import figures_of
    from layerbench.history import open_history
    from layerbench.results.file import read_result

    added = known = failed = 0
    if path.parent.name == _DEFAULT.parent.name:
        _hide_from_git(path.parent)
    with open_history(path) as into:
        for file in files:
            try:
                result = read_result(file)
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                place = str(file.resolve()).encode(errors="backslashreplace").decode()
                is_new = into.add(entry_of(result, place, digest), figures_of(result))
            except UsageError as error:
                if is_strict:
                    click.echo(f"layerbench: {error}", err=True)
                failed += 1
                continue
            added += is_new
            known += not is_new
    said = [f"added {added} run{'' if added == 1 else 's'} to {path}"]
    if known:
        said.append(f"{known} {'was' if known == 1 else 'were'} there already")
    if failed and not is_strict:
        said.append(
            f"{failed} file{'' if failed == 1 else 's'} passed over that {'is' if failed == 1 else 'are'} no result"
        )
    click.echo(f"layerbench: {', '.join(said)}", err=True)
    return 2 if failed and (is_strict or not added + known) else 0


def _hide_from_git(folder: Path) -> None:
    """Let git pass over the folder of the default history: what it keeps is no change of the checkout.

    An error here is left to the opening of the history, which says it better.
    """
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")


def _path(named: str | None) -> Path:
    """The history that is named, or the project's own, at the top of the repository."""
    if named:
        return Path(named)
    from layerbench.repository import find_repository

    try:
        return Path(os.path.relpath(find_repository(Path()).top)) / _DEFAULT
    except UsageError:
        return _DEFAULT


def _branch(found: History, named: str | None) -> str | None:
    """The branch whose runs are shown; None for all. Runs of several branches on one line would look like changes."""
    known = found.branches()
    if named is not None:
        if named != "*" and named not in (name for name, _ in known):
            raise UsageError(
                f'no run of the branch "{named}" is in {found.path}; it has '
                + (", ".join(name for name, _ in known) or "runs without a branch only")
            )
        return None if named == "*" else named
    if len(known) < 2:
        return None
    click.echo(f"layerbench: runs of {known[0][0]}, of {len(known)} branches; --branch '*' shows all", err=True)
    return known[0][0]


def _entry(found: History, wanted: str | None) -> Entry:
    entries = found.entries()
    if wanted is not None:
        entries = tuple(
            one for one in entries if (one.commit or "").startswith(wanted) or one.digest.startswith(wanted)
        )
    if not entries:
        raise UsageError(
            f"{found.path} has no run{'' if wanted is None else f' of {wanted}'}: `layerbench history list` shows them"
        )
    return entries[-1]


def _moment(text: str | None) -> str | None:
    """A date or time as ISO 8601 with an offset; one without is the machine's own time."""
    if text is None:
        return None
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        raise UsageError(f'"{text}" is no date: write 2026-11-01 or 2026-11-01T12:00') from None
