"""What commands that read images and results have in common: options that say which one, and the files it is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from layerbench.cli.output import note
from layerbench.units import parse_bytes

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageContents
    from layerbench.results.models import Result

Command = TypeVar("Command", bound=Callable[..., Any])
IMAGE = click.Path(readable=False)
"""A reference that is a file's name more often than not: the shell completes it as one."""


def _byte_count(context: click.Context, parameter: click.Parameter, value: str) -> int:
    try:
        return parse_bytes(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def opens_images(command: Command) -> Command:
    """Give a command the options that say which image is meant and how much of it may be read."""
    for decorate in (
        click.option(
            "--max-bytes",
            callback=_byte_count,
            metavar="SIZE",
            default="100GB",
            show_default=True,
            help="Refuse an image that unpacks to more, such as 10GB or 4GiB.",
        ),
        click.option("--platform", metavar="P", help="Which platform of an image with several, such as linux/arm64."),
    ):
        command = decorate(command)
    return command


def open_image(reference: str, platform: str | None, max_bytes: int) -> ImageContents:
    """The image; what has to be said of it goes to stderr."""
    from layerbench.runner.image_sources import open_image

    return open_image(reference, platform=platform, max_bytes=max_bytes, note=note)


def files_of(reference: str) -> list[Path]:
    """What a reference such as `result.json:VARIANT:SCENARIO` may name as a file."""
    parts = reference.split(":")
    return [Path(":".join(parts[:end])) for end in range(1, len(parts) + 1)]


def side_files_of(path: Path, result: Result) -> list[Path]:
    """What belongs to a result file and lies beside it: the file that it names, and the one that a run would write."""
    from layerbench.errors import UsageError
    from layerbench.results.side_file import named_side_file, side_file_of

    try:
        return [side_file_of(path), named_side_file(path, result.side_file)]
    except UsageError:  # it names none
        return [side_file_of(path)]
