"""`layerbench inspect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from layerbench.cli.image_options import IMAGE, files_of, open_image, opens_images
from layerbench.cli.output import options_for, target_of, write, writes_output

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import Anatomy, ImageContents

_TREE_DEPTH = 3


class _OptionalDepth(click.Command):
    """A command whose `--tree` takes a number only where one follows, so that IMAGE may stand behind it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = args[: args.index("--")] if "--" in args else args
        for at in range(len(options) - 1, -1, -1):
            if args[at] == "--tree" and not (at + 1 < len(options) and args[at + 1].isdecimal()):
                args[at] = f"--tree={_TREE_DEPTH}"
        return super().parse_args(ctx, args)


@click.command(
    cls=_OptionalDepth,
    epilog="""\b
Examples:
  layerbench inspect python:3.12-slim           an image in the engine, or else in a registry
  layerbench inspect image.tar --top 20         a saved image, or an OCI layout as tar or as folder
  layerbench inspect result.json:multi          what a run built
  docker save app:1.5 | layerbench inspect -
  layerbench inspect image.tar --layer 4 --tree 5
  layerbench inspect image.tar --json | jq '.waste[] | {kind, uncompressed_bytes, mend}'

\b
Exit codes: 0 fine, 2 usage or a file that is no image, 3 the engine failed, or the image is not
there, damaged or beyond --max-bytes.""",
)
@click.argument("image", type=IMAGE)
@opens_images
@click.option("--layer", type=click.IntRange(0), metavar="N", help="Only this layer; the base's first is 0.")
@click.option("--top", type=click.IntRange(1), metavar="N", default=10, show_default=True, help="Rows of each list.")
@click.option(
    "--tree",
    "depth",
    type=click.IntRange(1),
    metavar="[DEPTH]",
    help=f"Also print the folders as a tree, {_TREE_DEPTH} levels deep unless told.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; all packages and all waste are in it.")
@writes_output
def inspect(
    image: str,
    platform: str | None,
    max_bytes: int,
    layer: int | None,
    top: int,
    depth: int | None,
    as_json: bool,
    output: str,
) -> None:
    """Say where every byte of IMAGE comes from: layers, packages, files, and what it could do without.

    IMAGE is an image in the engine or in a registry, an OCI layout (folder or tar), an archive of `docker save`, or a
    build of a result file as RESULT:VARIANT[:SCENARIO]. - reads an archive from standard input.
    """
    target = target_of(output, *files_of(image), what="image")
    anatomy = _examine(open_image(image, platform, max_bytes), layer, top, depth)
    if as_json:
        from layerbench.report.anatomy import inspect_json

        write(inspect_json.render(anatomy), target)
    else:
        from layerbench.report.anatomy import inspect_table

        write([inspect_table.render(anatomy, options_for(target), top=top)], target)


def _examine(image: ImageContents, layer: int | None, top: int, depth: int | None) -> Anatomy:
    if layer is None:
        from layerbench.analysis.anatomy.examine import examine

        return examine(image, top=top, depth=depth)
    from layerbench.analysis.anatomy.one_layer import examine_layer

    return examine_layer(image, layer, top=top, depth=depth)
