"""The command line: one module a command, loaded when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, NoReturn

import click

from layerbench import __version__
from layerbench.errors import LayerbenchError
from layerbench.runner.interruption import ignore_from_now_on, install_handlers

_COMMANDS = {
    "run": "Build every variant in every scenario and measure it.",
    "plan": "Print the builds that a run would do.",
    "report": "Print the tables of a result file.",
    "inspect": "Say where every byte of an image comes from.",
    "diff": "Say what changed between two images.",
    "compare": "Hold two results, or two variants, against each other.",
    "explain": "Say why each step ran or hit.",
    "predict": "Say what an edit will run again, before any build.",
    "impact": "Say what an edit of each file costs, and what a commit does.",
    "check": "Hold a result against budgets and expectations.",
    "baseline": "The committed figures that budgets refer to: update, show.",
    "ab": "Build two states of a git repository in turns, and compare them.",
    "history": "Keep figures of many runs, and show their trend.",
    "init": "Write a bench file for what is found.",
    "doctor": "Say what is there and what is missing.",
    "engine": "A private Docker Engine: up, status, env, down.",
}
_BROKEN_PIPE = 141


class _InterruptedError(LayerbenchError):
    """Ctrl-C or SIGTERM."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("interrupted")


class _ReaderGoneError(Exception):
    """What reads standard output has ended, as in `| head`."""


class _Commands(click.Group):
    """A group whose commands are imported only when they are called, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"layerbench.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(_unknown_command(args[0]), error.ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ignore_from_now_on()
            raise _InterruptedError from None  # click itself would print an empty line
        except BrokenPipeError:
            raise _ReaderGoneError from None  # click itself would end with 1, which stands for a check that failed

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  layerbench run -f a.Dockerfile -f b.Dockerfile .   compare two Dockerfiles, no bench file needed
  layerbench init && layerbench run                  write a bench file, then measure what it says
  layerbench report result.json --steps              the same tables again, step by step
  layerbench inspect python:3.12-slim                layers, packages, largest files, waste
  layerbench diff app:1.4 app:1.5                    what one image has more than another

\b
Exit codes: 0 fine, 1 a check failed, 2 usage or bench file, 3 a build or the engine failed,
130 interrupted.
Completion: eval "$(_LAYERBENCH_COMPLETE=bash_source layerbench)" (or zsh_source, fish_source).""",
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def layerbench() -> None:
    """Benchmark container image builds: what every Dockerfile line costs in time, in bytes and in cache misses."""


def main() -> NoReturn:
    """Run the command line and leave with the exit code that it stands for."""
    _occupy_standard_streams()
    install_handlers()
    try:
        sys.exit(_call())
    except (BrokenPipeError, _ReaderGoneError):
        # The reader has gone, as in `| head`; without this the interpreter would complain once more when it ends.
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(_BROKEN_PIPE)


def _call() -> int:
    """Carry out what the command line says, and tell of what went wrong."""
    try:
        code = layerbench.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LayerbenchError as error:
        click.echo(f"layerbench: {error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        ignore_from_now_on()
        click.echo("layerbench: interrupted", err=True)
        return _InterruptedError.exit_code
    return code if isinstance(code, int) else 0


def _occupy_standard_streams() -> None:
    """Let no file that is opened later get the number of a standard stream that the caller has closed (`>&-`)."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", closefd=False))


def _unknown_command(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, _COMMANDS, n=1)
    mend = f'did you mean "{near[0]}"?' if near else f"commands: {', '.join(_COMMANDS)}"
    return f'no command "{name}"; {mend}'
