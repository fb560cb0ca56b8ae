"""`layerbench compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from layerbench.cli.image_options import IMAGE, files_of, side_files_of
from layerbench.cli.output import chosen_format, options_for, target_of, write, writes_output
from layerbench.errors import UsageError

if TYPE_CHECKING:
    from layerbench.analysis.comparison.models import Side

_TOP = 10


@click.command(
    epilog="""\b
Examples:
  layerbench compare main.json pr.json                         every variant that both have, by name
  layerbench compare result.json:single result.json:multi      two variants of one run
  layerbench compare main.json:multi pr.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  layerbench compare main.json pr.json --format html -o compare.html    with timelines and images
  layerbench compare main.json pr.json --json | jq '.pairs[] | {scenario, lost: .steps_lost}'

\b
Exit codes: 0 fine (also where they differ), 2 usage, a result file cannot be read, or nothing in
the two compares, 3 a build of what is compared failed."""
)
@click.argument("base", metavar="BASE", type=IMAGE)
@click.argument("head", metavar="HEAD", type=IMAGE)
@click.option(
    *("--format", "format_name"),
    type=click.Choice(("table", "markdown", "json", "html")),
    help="How to print it.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--top",
    type=click.IntRange(1),
    default=_TOP,
    metavar="N",
    show_default=True,
    help="Rows of each list of where bytes come from; json has them all.",
)
@writes_output
def compare(
    base: str,
    head: str,
    format_name: Literal["table", "markdown", "json", "html"] | None,
    as_json: bool,
    top: int,
    output: str,
) -> int:
    """Say what HEAD has more or less than BASE: time, cached steps, bytes and what a deploy transfers, by scenario.

    Each is a result file that `layerbench run` wrote, or one variant of it as RESULT:VARIANT. No engine is needed.
    """
    chosen: Literal["table", "markdown", "json", "html"] = chosen_format(
        format_name, "json" if as_json else None, "table"
    )

    from layerbench.analysis.comparison.compare import compare_results, has_failures

    target = target_of(output, *files_of(base), *files_of(head), what="result file")
    if base == head == "-":
        raise UsageError("standard input can be read once: name a file for BASE or HEAD")
    first, second = _sides(base, head)
    from layerbench.cli.first_causes import explained
    from layerbench.runner.build_images import split_reference

    base_path, head_path = split_reference(base)[0], split_reference(head)[0]
    side_files = (*side_files_of(base_path, first.result), *side_files_of(head_path, second.result))
    target_of(output, *side_files, what="result's side file")
    found = explained(compare_results(first, second), base_path, head_path)
    if not found.pairs:
        raise UsageError(f"{base} and {head} have nothing that compares: {' '.join(found.notes)}".rstrip(" ."))
    match chosen:
        case "json":
            from layerbench.report.comparison import json_pairs

            write([json_pairs.render(found)], target)
        case "html":
            from layerbench.cli.html_output import comparison_page

            write([comparison_page(found, base_path, head_path)], target)
        case "markdown":
            from layerbench.report.comparison import markdown

            write([markdown.render(found, top=top)], target)
        case _:
            from layerbench.report.comparison import table

            write([table.render(found, options_for(target), top=top)], target)
    return 3 if has_failures(found) else 0


def _sides(base: str, head: str) -> tuple[Side, Side]:
    """Both sides, read.

    Raises:
        UsageError: one cannot be read, or both are the same.
    """
    from layerbench.analysis.comparison.pairing import variants_of

    first, second = _side(base), _side(head)
    variants = first.variant, second.variant
    if first.result == second.result and (None in variants or first.variant == second.variant):
        names = variants_of(first.result)
        file = base.removesuffix(f":{first.variant}")
        example = "another result file"
        if len(names) > 1 and file != "-":
            example = " ".join(f"{file}:{name}" for name in names[:2])
        raise UsageError(f"{base} and {head} are the same: give two that differ, such as {example}")
    return first, second


def _side(reference: str) -> Side:
    from layerbench.analysis.comparison.models import Side
    from layerbench.results.file import read_result
    from layerbench.runner.build_images import image_opener, split_reference

    path, variant = split_reference(reference)
    return Side(reference, read_result(path), variant, image_opener(path))
