"""Options by which `run` and `plan` are told what to measure."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from layerbench.errors import UsageError

if TYPE_CHECKING:
    from layerbench.config.models import BenchFile

Command = TypeVar("Command", bound=Callable[..., Any])
_SPARE_BENCH_FILE = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for on the command line."""

    bench_file: Path | None
    dockerfiles: tuple[Path, ...]
    context: Path | None
    variants: tuple[str, ...]
    scenarios: tuple[str, ...]
    rounds: int | None

    def load(self, note: Callable[[str], None]) -> BenchFile:
        """The bench file, or one made up from the Dockerfiles, cut down to what was asked for.

        Raises:
            UsageError: names what is wrong and the mend.
        """
        from layerbench.config.file import check_bench
        from layerbench.config.select import select
        from layerbench.runner.preflight import check_all_edits, check_dockerfiles

        bench = self._from_dockerfiles(note) if self.dockerfiles else self._from_file()
        check_bench(bench)
        bench = select(bench, self.variants, self.scenarios, self.rounds)
        try:
            check_dockerfiles(bench)
            check_all_edits(bench)
        except UsageError as error:
            raise UsageError(self._with_file(str(error))) from None
        return bench

    def _with_file(self, message: str) -> str:
        """A message about a key, with the file that the key is in."""
        path = self.bench_path()
        is_about_a_key = message.startswith(("variants.", "scenarios."))
        return f"{path}: {message}" if path is not None and is_about_a_key else message

    def bench_path(self) -> Path | None:
        """The bench file; None where Dockerfiles are named instead, or where there is none.

        Raises:
            UsageError: the command line asks for what cannot be.
        """
        from layerbench.config.file import find_bench_file

        if self.dockerfiles:
            return None
        if self.context is not None and (self.bench_file is not None or not self.context.is_dir()):
            raise UsageError(f'"{self.context}": a context goes with -f; for a bench file, name it with -c')
        return self.bench_file or find_bench_file(self.context or Path())

    def _from_file(self) -> BenchFile:
        from layerbench.config.file import load_bench_file

        path = self.bench_path()
        if path is None:
            raise UsageError(
                "there is no layerbench.toml here; `layerbench init` writes one, or name Dockerfiles with -f"
            )
        bench = load_bench_file(path, os.environ)
        _check_conditions(bench, path)
        return bench

    def _from_dockerfiles(self, note: Callable[[str], None]) -> BenchFile:
        from layerbench.config.discover import discover, to_bench_file

        if self.bench_file is not None:
            raise UsageError("-c and -f exclude each other: the bench file names its Dockerfiles itself")
        context = self.context or Path()
        if not context.is_dir():
            raise UsageError(f'"{context}": no such folder; the context is a folder')
        for dockerfile in self.dockerfiles:
            if not dockerfile.is_file():
                raise UsageError(f'"{dockerfile}": no such Dockerfile')
        discovery = discover(context, self.dockerfiles)
        for text in discovery.notes:
            note(text)
        return to_bench_file(discovery)


def _check_conditions(bench: BenchFile, path: Path) -> None:
    """See that `layerbench check` will understand the bench file: not only after everything was built."""
    if bench.expectations:
        from layerbench.analysis.checks.limits import limits_of_bench

        limits_of_bench(bench, str(path))


def selects_bench(command: Command) -> Command:
    """Give a command the options, and call it with a `Selection` as `selection`."""

    @functools.wraps(command)
    def called(
        bench_file: str | None,
        dockerfiles: tuple[str, ...],
        context: str | None,
        variants: tuple[str, ...],
        scenarios: tuple[str, ...],
        rounds: int | None,
        **others: Any,
    ) -> Any:
        selection = Selection(
            bench_file=Path(bench_file) if bench_file else None,
            dockerfiles=tuple(map(Path, dockerfiles)),
            context=Path(context) if context else None,
            variants=variants,
            scenarios=scenarios,
            rounds=rounds,
        )
        return command(selection=selection, **others)

    for decorate in (
        click.option(
            "--rounds", type=click.IntRange(1, 1000), metavar="N", help="Rounds; the bench file's by default."
        ),
        click.option("--scenario", "scenarios", multiple=True, metavar="S", help="Only this scenario. Repeatable."),
        click.option("--variant", "variants", multiple=True, metavar="V", help="Only this variant. Repeatable."),
        click.option(
            *("-f", "--file", "dockerfiles"),
            multiple=True,
            metavar="DOCKERFILE",
            help="Measure this Dockerfile, without a bench file. Repeatable.",
        ),
        click.option("-c", "--bench-file", metavar="FILE", help="Bench file  [default: layerbench.toml]"),
        click.argument("context", required=False),
    ):
        called = decorate(called)
    return called  # type: ignore[return-value]
