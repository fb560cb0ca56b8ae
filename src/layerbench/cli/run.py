"""`layerbench run`."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from layerbench.cli.bench_options import Selection, selects_bench
from layerbench.cli.measuring import Connecting, has_failures
from layerbench.errors import LayerbenchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from layerbench.cli.displays import PlainDisplay
    from layerbench.config.models import BenchFile
    from layerbench.results.models import Result, Revision
    from layerbench.runner.estimate import Durations
    from layerbench.runner.session import RunOptions

_STANDARD_OUTPUT = "-"


@click.command(
    epilog="""\b
Examples:
  layerbench run                                     what layerbench.toml says
  layerbench run -f a.Dockerfile -f b.Dockerfile .   no bench file: variants and edits are found
  layerbench run --variant multi --scenario cold --rounds 5
  layerbench run -o result.json                      and later: layerbench report result.json --steps
  layerbench run --explain                           with the cause of every step that ran
  layerbench run --resume result.json                only what is missing in it

\b
The table goes to stdout, progress to stderr. Exit codes: 0 all built, 2 usage or bench file,
3 a build, a smoke test or the engine failed, 130 interrupted (the result file stays)."""
)
@selects_bench
@click.option("--builder", metavar="NAME", help="The buildx builder  [default: the one docker buildx build takes]")
@click.option(
    *("-o", "--output"),
    metavar="FILE",
    help="Result file; - is stdout, without the table  [default: a file in the user's state folder]",
)
@click.option("--resume", metavar="RESULT", help="Go on with this result file: do only what is missing.")
@click.option(
    "--frontend",
    type=click.Choice(["auto", "builtin"]),
    default="auto",
    show_default=True,
    help="Whether a `# syntax` line's image is used where it can be had.",
)
@click.option("--keep-images", is_flag=True, help="Keep each image, as layerbench/BENCH-VARIANT:SCENARIO.")
@click.option("--no-smoke", is_flag=True, help="Do not run the images.")
@click.option("--explain", is_flag=True, help="Ask BuildKit for its own cache keys, and print why each step ran.")
@click.option("--steps", is_flag=True, help="Print steps as rows and scenarios as columns.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def run(
    selection: Selection,
    builder: str | None,
    output: str | None,
    resume: str | None,
    frontend: str,
    keep_images: bool,
    no_smoke: bool,
    explain: bool,
    steps: bool,
    quiet: bool,
) -> int:
    """Build every variant in every scenario with docker buildx, and say what it cost.

    Nothing of CONTEXT is written to: edits are made to a copy. Other people's build cache, images and containers on
    the engine stay as they are.
    """
    connecting = Connecting(builder)
    from layerbench.cli.displays import open_display
    from layerbench.runner.preflight import check_secrets
    from layerbench.runner.session import RunOptions

    options = RunOptions(
        frontend="builtin" if frontend == "builtin" else "auto",
        keep_images=keep_images,
        smoke=not no_smoke,
        cache_keys=explain,
    )
    with open_display(quiet) as display:
        bench = selection.load(display.note)
        check_secrets(bench, os.environ)
        output_file = _OutputFile(_result_path(bench, output or resume))
        if explain and output_file.path is None:
            raise UsageError(
                "--explain keeps what it needs beside the result file: name a file with -o, or leave -o out"
            )
        try:
            result = _measure(bench, connecting, options, display, output_file, Path(resume) if resume else None)
        except (KeyboardInterrupt, LayerbenchError):
            output_file.rescue(display.note)
            raise
    if output_file.path is None:
        output_file.print()
    else:
        _print_table(result, steps)
        if explain:
            _print_explanation(output_file.path, result)
        click.echo(f"result file: {output_file.path}", err=True)
    return 3 if has_failures(result) else 0


class _OutputFile:
    """Where the result goes: a file that is written after each build, or standard output at the end."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._latest: Result | None = None
        self._write: Callable[[Result], None] | None = None

    def save(self, result: Result) -> None:
        """Take in what is measured so far."""
        if self.path is not None:
            if self._write is None:
                from layerbench.results.file import ResultWriter

                self._write = ResultWriter(self.path).write
            self._write(result)
        self._latest = result

    def rescue(self, note: Callable[[str], None]) -> None:
        """Of a run that was cut short: say where its builds are, or print them."""
        if self._latest is None:
            return
        if self.path is None:
            self.print()
        else:
            note(f"what was measured is in {self.path}; `layerbench run --resume {self.path}` does the rest")

    def print(self) -> None:
        """Print the whole to standard output."""
        from layerbench.results.file import result_json

        if self._latest is not None:
            sys.stdout.buffer.write(result_json(self._latest))
            sys.stdout.buffer.flush()


def _measure(
    bench: BenchFile,
    connecting: Connecting,
    options: RunOptions,
    display: PlainDisplay,
    output_file: _OutputFile,
    resume: Path | None,
) -> Result:
    from layerbench.results.file import read_result
    from layerbench.runner.anatomies import open_side_file
    from layerbench.runner.lock import engine_lock
    from layerbench.runner.session import Session
    from layerbench.runner.start import start_result

    if resume is not None:
        read_result(resume)
    connection = connecting.get(display.note)
    with engine_lock(connection.engine.id or "engine", display.note):
        # Read under the lock: another run may have been writing it until now.
        earlier = read_result(resume) if resume else None
        start = start_result(bench, connection, earlier)
        start = dataclasses.replace(start, revision=_revision(bench.folder, start.revision, display.note))
        side_file = open_side_file(output_file.path, resume, earlier, display.note)
        display.expect(*_expectation(bench, start))
        options = dataclasses.replace(options, side_file=side_file)
        return Session(bench, connection, options, display, output_file.save).run(start)


def _revision(folder: Path, resumed: Revision | None, note: Callable[[str], None]) -> Revision | None:
    """What is checked out, so that a history can tell which commit a run belongs to.

    Args:
        folder: in the repository.
        resumed: what was, when the run began that this one goes on with; what is measured of another commit makes it
            one with changes.
        note: told where the two are not the same.
    """
    from layerbench.repository import describe_checkout
    from layerbench.results.models import Revision

    found = describe_checkout(folder, os.environ)
    revision = Revision(found.commit, found.committed_at, found.branch, found.is_dirty) if found else None
    if resumed is None or revision is None or revision.commit == resumed.commit:
        return resumed or revision
    note(
        f"the run began at commit {resumed.commit[:10]}, and {revision.commit[:10]} is checked out now: the rest is "
        "measured of that, and the result counts as the first one with changes"
    )
    return dataclasses.replace(resumed, is_dirty=True)


def _expectation(bench: BenchFile, start: Result) -> tuple[Durations, list[tuple[str, str]]]:
    """What is known of the builds to come: how long they took in the last run, and which they are."""
    from layerbench.plan import make_plan
    from layerbench.runner.estimate import last_durations

    done = [(build.variant, build.scenario, build.round) for build in start.builds]
    keys = [(build.variant.name, build.scenario.name) for build in make_plan(bench, done).builds]
    return last_durations(bench.name, bench.folder), keys


def _result_path(bench: BenchFile, output: str | None) -> Path | None:
    from layerbench.results.location import check_place, default_result_path

    if output == _STANDARD_OUTPUT:
        return None
    path = Path(output) if output else default_result_path(bench.name, bench.folder)
    check_place(path)
    return path


def _print_table(result: Result, steps: bool) -> None:
    from layerbench.report.interface import reporter
    from layerbench.report.terminal import options_for

    _print(reporter("table").render(result, options_for(sys.stdout, steps=steps)))


def _print_explanation(path: Path, result: Result) -> None:
    """Why each step ran."""
    from layerbench.cli.explained import explained_result
    from layerbench.report.explain.table import render
    from layerbench.report.terminal import options_for

    try:
        explanation = explained_result(result, path)
    except UsageError as error:  # such as a side file that could not be written: what was measured stands
        click.echo(f"nothing is explained: {error}", err=True)
        return
    _print("\nwhy steps ran\n" + render(explanation, options_for(sys.stdout, steps=False)))


def _print(text: str) -> None:
    # In bytes: an encoding that lacks a character must not end in a traceback.
    sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "backslashreplace"))
    sys.stdout.buffer.flush()
