"""`layerbench impact`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

import click

from layerbench.cli.foreseeing import chooses_variants, read_costs, target_beside, told_once
from layerbench.cli.output import chosen_format, options_for, write, writes_output

_TOP = 12


@click.command(
    epilog="""\b
Examples:
  layerbench impact                              what an edit of each file runs again, and costs
  layerbench impact --git 200                    what a commit costs, by variant
  layerbench impact -f Dockerfile .              no bench file needed
  layerbench impact --git 50 --json | jq '.variants[] | {variant, seconds: .commits.seconds}'

\b
Exit codes: 0 fine, 2 usage, a bench file, or --git outside of a repository."""
)
@click.argument("context", required=False)
@chooses_variants
@click.option(
    "--git", "commit_count", type=click.IntRange(1), metavar="N", help="Weigh by what the last N commits changed."
)
@click.option(
    "--top", type=click.IntRange(1), default=_TOP, metavar="N", show_default=True, help="Rows of each variant."
)
@click.option(
    *("--format", "format_name"),
    type=click.Choice(("table", "markdown", "json")),
    help="How to print it.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json; every file is in it.")
@writes_output
def impact(
    context: str | None,
    dockerfiles: tuple[Path, ...],
    bench_file: Path | None,
    variants: tuple[str, ...],
    costs: str | None,
    commit_count: int | None,
    top: int,
    format_name: Literal["table", "markdown", "json"] | None,
    as_json: bool,
    output: str,
) -> None:
    """Say of each file of the context which steps an edit runs again, and which files could be ignored.

    Nothing is built. CONTEXT is a folder with a bench file or a Dockerfile, the current one by default. Seconds and
    bytes come from the bench's last run.
    """
    chosen: Literal["table", "markdown", "json"] = chosen_format(format_name, "json" if as_json else None, "table")

    from layerbench.foresight.impact import impact_of, ranked
    from layerbench.foresight.sources import SourceReader
    from layerbench.foresight.variants import find_variants
    from layerbench.repository.changes import is_shallow, last_commits

    bench = find_variants(context, dockerfiles, bench_file, variants)
    known = read_costs(costs, bench)
    reader = SourceReader(told_once())
    sources = [reader.read(variant) for variant in bench.variants]
    target = target_beside(output, known, sources, bench)
    history = functools.cache(last_commits)  # variants mostly share their context
    found = [
        impact_of(source, known.of, history(source.folders[""], commit_count) if commit_count else None)
        for source in sources
    ]
    notes = [known.note] if known.note else []
    if commit_count and is_shallow(sources[0].folders[""]):
        notes.append(
            "this clone is shallow, and the oldest commit that it has is left out: git fetch --unshallow brings the"
            " others"
        )
    whole = ranked(str(bench.variants[0].context), found, known.name, notes)
    match chosen:
        case "json":
            from layerbench.report.impact import json_files

            write([json_files.render(whole)], target)
        case "markdown":
            from layerbench.report.impact import markdown

            write([markdown.render(whole, top=top)], target)
        case _:
            from layerbench.report.impact import table

            write([table.render(whole, options_for(target), top=top)], target)
