"""Where a command's answer goes: standard output, or the file of `-o`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from layerbench.errors import LayerbenchError, UsageError

if TYPE_CHECKING:
    from layerbench.report.interface import Options

_STANDARD_STREAM = "-"
F = TypeVar("F", bound=str)

writes_output = click.option(
    *("-o", "--output"),
    metavar="FILE",
    type=click.Path(readable=False),
    default=_STANDARD_STREAM,
    help="Write to FILE, not to stdout.",
)


def note(text: str) -> None:
    """Tell something beside the answer, on stderr."""
    click.echo(f"layerbench: {text}", err=True)


def target_of(output: str, *inputs: Path, what: str) -> Path | None:
    """Where the answer goes; None for stdout.

    Args:
        output: The value of `-o`.
        inputs: What is read.
        what: How an error calls that.

    Raises:
        UsageError: it would replace what is read.
    """
    if output == _STANDARD_STREAM:
        return None
    if any(_is_same(Path(output), path) for path in inputs):
        raise UsageError(f"{output} is the {what} itself: give another place with -o")
    return Path(output)


def chosen_format(named: F | None, shorthand: F | None, default: F) -> F:
    """The format that is asked for by `--format`, or by an option that is short for one, such as `--json`.

    Raises:
        UsageError: the two say different things.
    """
    if shorthand is not None and named not in (None, shorthand):
        raise UsageError(f"--{shorthand} and --format {named} exclude each other: give one of them")
    return shorthand or named or default


def options_for(target: Path | None, *, steps: bool = False) -> Options:
    """Width, colour and characters of a table that goes there."""
    from layerbench.report import terminal

    return terminal.plain_options(steps=steps) if target else terminal.options_for(sys.stdout, steps=steps)


def write(pieces: Iterable[str], target: Path | None) -> None:
    """Write the answer, piece by piece: that of two large images is large itself."""
    if target is not None:
        from layerbench.results.atomic import write_atomically

        write_atomically(target, "".join(pieces).encode())
        return
    try:
        for piece in pieces:
            # In bytes: an encoding that lacks a character must not end in a traceback.
            sys.stdout.buffer.write(piece.encode(sys.stdout.encoding, "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LayerbenchError(f"standard output cannot be written: {error.strerror}; give a file with -o") from None


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False
