"""`layerbench init`: write a bench file for what is found."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from layerbench.config.discover import Discovery

_STDOUT = Path("-")


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(allow_dash=True, dir_okay=False, path_type=Path),
    help="Write this file instead of DIR/layerbench.toml; - prints.",
)
def init(folder: Path, output: Path | None) -> None:
    """Write a commented bench file for the Dockerfiles in DIR.

    Looks for Dockerfile, *.Dockerfile, Dockerfile.* and Containerfile in DIR (the current folder if none is given) and
    in DIR/docker; each is a variant. Edits are chosen from the files that they copy. No file is ever overwritten.

    \b
    Examples:
      layerbench init               write layerbench.toml for the current folder
      layerbench init services/web
      layerbench init -o -          print it, write nothing
    """  # noqa: D301 - click wants the control character
    from layerbench.config.discover import discover

    target = output or folder / "layerbench.toml"
    if target != _STDOUT:
        _refuse_second(folder, target, is_default=output is None)
    discovery = discover(folder, None)
    for note in discovery.notes:
        click.echo(note, err=True)
    if target == _STDOUT:
        click.echo(_text(discovery, None), nl=False)
        return
    _create(target, _text(discovery, target.absolute().parent))
    click.echo(f"{target} is written; next: {_next_commands(target)}", err=True)


def _text(discovery: Discovery, folder: Path | None) -> str:
    from layerbench.config.discover import to_toml

    return to_toml(discovery, folder)


def _refuse_second(folder: Path, target: Path, *, is_default: bool) -> None:
    from layerbench.config.file import find_bench_file
    from layerbench.errors import UsageError

    mend = "`layerbench init -o -` prints what would be written"
    if target.is_symlink() or target.exists():
        raise UsageError(f"{target} is there already and is left as it is; move it away, or give -o; {mend}")
    there = find_bench_file(folder)
    if is_default and there is not None:
        raise UsageError(f"{there} has a [tool.layerbench] already, which {target.name} would hide; {mend}")


def _create(target: Path, text: str) -> None:
    """Write a file that is not there yet; if that fails or is interrupted, there is none."""
    from layerbench.errors import UsageError

    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            try:
                file.write(text)
                file.flush()
            except BaseException:
                target.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise UsageError(f"{target} is there already and is left as it is; give another with -o") from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; give another with -o") from None


def _next_commands(target: Path) -> str:
    is_found_there = target.name == "layerbench.toml" and target.absolute().parent == Path.cwd()
    option = "" if is_found_there else f" -c {shlex.quote(str(target))}"
    return f"`layerbench plan{option}`, then `layerbench run{option}`"
