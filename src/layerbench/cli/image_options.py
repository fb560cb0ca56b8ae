"""What `inspect` and `diff` have in common: options that name images, and where the answer goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from layerbench.errors import UsageError
from layerbench.units import parse_bytes

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageContents
    from layerbench.report.interface import Options

Command = TypeVar("Command", bound=Callable[..., Any])
IMAGE = click.Path(readable=False)
"""A reference that is a file's name more often than not: the shell completes it as one."""
STANDARD_STREAM = "-"


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


writes_output = click.option(
    *("-o", "--output"),
    metavar="FILE",
    type=click.Path(readable=False),
    default=STANDARD_STREAM,
    help="Write to FILE, not to stdout.",
)


def open_image(reference: str, platform: str | None, max_bytes: int) -> ImageContents:
    """The image; what has to be said of it goes to stderr."""
    from layerbench.runner.image_sources import open_image

    return open_image(reference, platform=platform, max_bytes=max_bytes, note=_note)


def target_of(output: str, *references: str) -> Path | None:
    """Where the answer goes; None for stdout.

    Raises:
        UsageError: it would replace what is read.
    """
    if output == STANDARD_STREAM:
        return None
    for reference in references:
        if any(_is_same(Path(output), path) for path in _files_of(reference)):
            raise UsageError(f"{output} is the image itself: give another place with -o")
    return Path(output)


def options_for(target: Path | None) -> Options:
    """Width, colour and characters of a table that goes there."""
    from layerbench.report import terminal

    return terminal.plain_options() if target else terminal.options_for(sys.stdout)


def write(pieces: Iterable[str], target: Path | None) -> None:
    """Write the answer, piece by piece: that of two large images is large itself."""
    if target is not None:
        from layerbench.results.atomic import write_atomically

        write_atomically(target, "".join(pieces).encode())
        return
    for piece in pieces:
        # In bytes: an encoding that lacks a character must not end in a traceback.
        sys.stdout.buffer.write(piece.encode(sys.stdout.encoding, "backslashreplace"))
    sys.stdout.buffer.flush()


def _files_of(reference: str) -> list[Path]:
    """What `result.json:VARIANT:SCENARIO` may name as a file."""
    parts = reference.split(":")
    return [Path(":".join(parts[:end])) for end in range(1, len(parts) + 1)]


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _note(text: str) -> None:
    click.echo(f"layerbench: {text}", err=True)
