"""`layerbench diff`."""

from __future__ import annotations

import click

from layerbench.cli.image_options import IMAGE, files_of, open_image, opens_images
from layerbench.cli.output import options_for, target_of, write, writes_output
from layerbench.errors import UsageError

_TOP = 15


@click.command(
    epilog="""\b
Examples:
  layerbench diff app:1.4 app:1.5                          two images in the engine
  layerbench diff result.json:single result.json:multi     two variants of a run
  layerbench diff main.json:multi pr.json:multi --markdown >> "$GITHUB_STEP_SUMMARY"
  layerbench diff before.tar after.tar --top 50
  layerbench diff before.tar after.tar --json | jq '.packages[] | select(.before == null)'

\b
Exit codes: 0 fine (also where they differ), 2 usage or a file that is no image, 3 the engine
failed, or an image is not there, damaged or beyond --max-bytes."""
)
@click.argument("before", metavar="A", type=IMAGE)
@click.argument("after", metavar="B", type=IMAGE)
@opens_images
@click.option(
    "--top",
    type=click.IntRange(1),
    metavar="N",
    show_default=f"{_TOP}, of folders and files in the table 3",
    help="Rows of each list.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; every difference is in it.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown for a comment on a pull request.")
@writes_output
def diff(
    before: str,
    after: str,
    platform: str | None,
    max_bytes: int,
    top: int | None,
    as_json: bool,
    as_markdown: bool,
    output: str,
) -> None:
    """Say what image B has more or less than image A: by layer, by package, by folder and by file.

    Both may be an image in the engine or in a registry, an OCI layout (folder or tar), an archive of `docker save`, or
    a build of a result file as RESULT:VARIANT[:SCENARIO].
    """
    if as_json and as_markdown:
        raise UsageError("--json and --markdown exclude each other: give one of them")

    from layerbench.analysis.anatomy.compare import compare_images

    target = target_of(output, *files_of(before), *files_of(after), what="image")
    found = compare_images(open_image(before, platform, max_bytes), open_image(after, platform, max_bytes))
    if as_json:
        from layerbench.report.anatomy import diff_json

        write(diff_json.render(found), target)
    elif as_markdown:
        from layerbench.report.anatomy import diff_markdown

        write([diff_markdown.render(found, top=top or _TOP)], target)
    else:
        from layerbench.report.anatomy import diff_table

        rows = diff_table.Rows(top, top) if top else diff_table.Rows()
        write([diff_table.render(found, options_for(target), rows)], target)
