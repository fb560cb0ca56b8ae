"""What `predict` and `impact` have in common: which variants are meant, and what is known of their costs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from layerbench.analysis.explain.models import StepName
    from layerbench.analysis.predict.models import MeasuredCosts
    from layerbench.config.models import BenchFile
    from layerbench.foresight.sources import Source
    from layerbench.results.models import Result

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Costs:
    """The result file that seconds and bytes come from, if there is one."""

    path: Path
    result: Result | None

    def of(self, variant: str, steps: Sequence[StepName]) -> MeasuredCosts | None:
        """What was measured of a variant."""
        from layerbench.analysis.predict.costs import measured_costs

        return measured_costs(self.result, variant, steps) if self.result else None

    @property
    def note(self) -> str | None:
        """What has to be said where there is nothing."""
        if self.result is not None:
            return None
        return (
            f"seconds and bytes are not known, for nothing was measured ({self.path} is not there): `layerbench run` "
            "measures, or name a result file with --costs"
        )

    @property
    def name(self) -> str | None:
        """The file, where there is one."""
        return str(self.path) if self.result is not None else None


def read_costs(named: str | None, bench: BenchFile) -> Costs:
    """The costs of a named result file, or of the last run of the bench.

    Raises:
        UsageError: the file is no result file, or a named one is not there.
    """
    from layerbench.results.file import read_result
    from layerbench.results.location import default_result_path

    path = Path(named) if named else default_result_path(bench.name, bench.folder)
    return Costs(path, read_result(path) if named or path.is_file() else None)


def target_beside(output: str, costs: Costs, sources: Sequence[Source], bench: BenchFile, *others: str) -> Path | None:
    """Where the answer goes; None for stdout.

    Raises:
        UsageError: it would replace a file that is read here, or any other of a context.
    """
    from layerbench.cli.output import target_of
    from layerbench.config.file import find_bench_file
    from layerbench.errors import UsageError

    target = target_of(output, costs.path, what="result file")
    if target is None:
        return None
    bench_file = find_bench_file(bench.folder)
    read = [*(one.variant.dockerfile for one in sources), *([bench_file] if bench_file else []), *map(Path, others)]
    target_of(output, *read, what="input")
    place = target.parent.resolve() / target.name
    if place.is_file() and any(one.paths_of(place) for one in sources):
        raise UsageError(f"{output} is there and is part of a build context: give another place with -o")
    return target


def told_once() -> Callable[[str], None]:
    """Tells each sentence on stderr once, however many variants it concerns."""
    told: set[str] = set()

    def tell(text: str) -> None:
        if text not in told:
            told.add(text)
            click.echo(f"layerbench: {text}", err=True)

    return tell


def chooses_variants(command: Command) -> Command:
    """Give a command the options that say which variants are meant, and whose costs count."""

    @functools.wraps(command)
    def called(dockerfiles: tuple[str, ...], bench_file: str | None, **others: Any) -> Any:
        return command(
            dockerfiles=tuple(map(Path, dockerfiles)), bench_file=Path(bench_file) if bench_file else None, **others
        )

    for decorate in (
        click.option(
            "--costs", metavar="RESULT", help="Result file that seconds and bytes come from  [default: the last run's]"
        ),
        click.option("--variant", "variants", multiple=True, metavar="V", help="Only this variant. Repeatable."),
        click.option("-c", "--bench-file", metavar="FILE", help="Bench file  [default: layerbench.toml, if there]"),
        click.option(
            *("-f", "--file", "dockerfiles"), multiple=True, metavar="DOCKERFILE", help="This Dockerfile. Repeatable."
        ),
    ):
        called = decorate(called)
    return called  # type: ignore[return-value]
