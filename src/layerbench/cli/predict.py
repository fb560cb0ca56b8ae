"""`layerbench predict`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from layerbench.cli.foreseeing import Costs, chooses_variants, read_costs, target_beside, told_once
from layerbench.cli.output import chosen_format, options_for, write, writes_output
from layerbench.errors import UsageError

if TYPE_CHECKING:
    from layerbench.analysis.predict.models import Prediction
    from layerbench.foresight.change import Change, Changes
    from layerbench.foresight.sources import Source

_STANDARD_INPUT = "-"
_MEND = "--edit FILE, --diff REF, or a patch: git diff | layerbench predict -"


@click.command(
    epilog="""\b
Examples:
  layerbench predict --edit app.py                     what an edit of app.py runs again
  layerbench predict --edit app.py --variant multi --json | jq .total_seconds
  layerbench predict -f Dockerfile . --edit src        an edit of all files in src; no bench file needed
  layerbench predict --diff main                       the working tree, built on the cache of main
  git diff | layerbench predict -                      a patch, whether it is applied already or not

\b
Exit codes: 0 fine, 2 usage, a bench file, or a file that no build reads."""
)
@click.argument("context", required=False)
@chooses_variants
@click.option("--edit", "edits", multiple=True, metavar="FILE", help="This file, or all in this folder. Repeatable.")
@click.option("--diff", metavar="REF", help="What differs between this commit and the working tree.")
@click.option("--patch", metavar="FILE", help="A patch, as git diff writes it; - reads standard input.")
@click.option("--all", "everything", is_flag=True, help="Show the steps that hit, too.")
@click.option(
    *("--format", "format_name"),
    type=click.Choice(("table", "markdown", "json")),
    help="How to print it.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json; every step is in it.")
@writes_output
def predict(
    context: str | None,
    dockerfiles: tuple[Path, ...],
    bench_file: Path | None,
    variants: tuple[str, ...],
    costs: str | None,
    edits: tuple[str, ...],
    diff: str | None,
    patch: str | None,
    everything: bool,
    format_name: Literal["table", "markdown", "json"] | None,
    as_json: bool,
    output: str,
) -> None:
    """Say which steps an edit will run again, in how many seconds and with how many bytes to redeploy.

    Nothing is built, and no file is changed. CONTEXT is a folder with a bench file or a Dockerfile (the current one by
    default), or - for a patch on standard input.
    """
    chosen: Literal["table", "markdown", "json"] = chosen_format(format_name, "json" if as_json else None, "table")
    if context == _STANDARD_INPUT:
        if patch is not None:
            raise UsageError("- stands for a patch on standard input, and --patch names another: give one of them")
        context, patch = None, _STANDARD_INPUT
    if sum((bool(edits), diff is not None, patch is not None)) != 1:
        raise UsageError(f"say what will change in one way: {_MEND}")

    from layerbench.foresight.change import of_each
    from layerbench.foresight.sources import SourceReader
    from layerbench.foresight.variants import bench_file_of, find_variants

    bench = find_variants(context, dockerfiles, bench_file, variants)
    known = read_costs(costs, bench)
    left_out: list[str] = []
    sources = of_each(bench.variants, lambda variant: variant.name, SourceReader(told_once()).read, left_out)
    target = target_beside(output, known, sources, bench, *([patch] if patch else []))
    read_from = bench_file_of(context, dockerfiles, bench_file)
    changes = _changes(sources, Path(context or "."), edits, diff, patch, read_from)
    predictions = of_each(
        changes.each, lambda change: change.source.variant.name, lambda change: _predicted(change, known), left_out
    )
    notes = [*left_out, *changes.notes, *([known.note] if known.note else [])]
    match chosen:
        case "json":
            from layerbench.report.predict import json_steps

            write([json_steps.render(predictions, costs_from=known.name, notes=notes)], target)
        case "markdown":
            from layerbench.report.predict import markdown

            write([markdown.render(predictions, everything=everything, notes=notes)], target)
        case _:
            from layerbench.report.predict import table

            write([table.render(predictions, options_for(target), everything=everything, notes=notes)], target)


def _predicted(change: Change, known: Costs) -> Prediction:
    from layerbench.analysis.predict.predict import NOT_MEASURED
    from layerbench.analysis.predict.predict import predict as predict_build
    from layerbench.foresight.change import foreseen_change

    foreseen = foreseen_change(change)
    name = change.source.variant.name
    found = predict_build(name, foreseen, known.of(name, [one.step for one in foreseen]))
    # Where nothing at all was measured, that is said once and not of each variant.
    told = (note for note in found.notes if known.result or note != NOT_MEASURED)
    return replace(found, notes=(*change.notes, *told))


def _changes(
    sources: Sequence[Source],
    folder: Path,
    edits: Sequence[str],
    diff: str | None,
    patch: str | None,
    bench_file: Path | None,
) -> Changes:
    from layerbench.foresight.change import Changes
    from layerbench.foresight.earlier import since_commit
    from layerbench.foresight.edits import edit_files, find_files
    from layerbench.foresight.patches import apply, repository_top

    main = [source.folders[""] for source in sources]
    if edits:
        files = find_files(edits, [*([] if folder == Path() else [folder]), Path(), *main])
        return Changes(tuple(edit_files(sources, files)))
    if diff is not None:
        return since_commit(sources, diff, bench_file)
    top = repository_top(main[0])
    places = [*([top] if top else []), folder, *main]
    return apply(sources, _read_patch(patch or _STANDARD_INPUT), places, bench_file)


def _read_patch(path: str) -> str:
    if path != _STANDARD_INPUT:
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"the patch {path} cannot be read: {error.strerror}") from None
    elif sys.stdin is None or sys.stdin.isatty():
        raise UsageError("nothing comes in on standard input: pipe a patch into it, as git diff | layerbench predict -")
    else:
        content = sys.stdin.buffer.read()
    if not content.strip():
        raise UsageError("the patch is empty: nothing will change; git diff shows what is not committed yet")
    return content.decode("utf-8", "surrogateescape")
