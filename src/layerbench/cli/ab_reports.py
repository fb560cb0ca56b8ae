"""The files of `layerbench ab --report`: its one check, in each format that a CI wants it in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from layerbench.cli.output import options_for, write
from layerbench.errors import UsageError
from layerbench.report.checks.interface import CHECK_FORMATS, WITH_REPOSITORY_PATHS, CheckFormat, render

if TYPE_CHECKING:
    from layerbench.ab.measuring import Outcome
    from layerbench.analysis.checks.models import CheckReport

_RESULTS = ("base.json", "head.json", "base.layers.zip", "head.layers.zip")


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One file that is asked for."""

    format_name: CheckFormat
    path: Path


def report_files(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[ReportFile, ...]:
    """The files out of `FORMAT=FILE`."""
    return tuple(_report_file(ctx, param, value) for value in values)


def check_report_files(reports: Iterable[ReportFile], output: Path | None, inputs: Iterable[Path]) -> None:
    """See that each can be written, before an hour of builds: nothing is changed.

    Args:
        reports: what is asked for.
        output: folder of the result files, which is made later; None for the usual one.
        inputs: what is read.

    Raises:
        UsageError: names the file and the mend.
    """
    kept = {path.resolve() for path in inputs}
    kept |= {(output / name).resolve() for name in _RESULTS} if output else set()
    for report in reports:
        path = report.path
        if path.is_dir():
            raise UsageError(f"{path} is a folder: give --report the name of a file in it")
        if not path.parent.is_dir() and (output is None or path.parent.resolve() != output.resolve()):
            raise UsageError(f"the folder {path.parent} is not there: make it, or give --report another place")
        if path.resolve() in kept:
            raise UsageError(f"{path} is needed for something else: give --report {report.format_name} another place")
        kept.add(path.resolve())


def write_reports(reports: Iterable[ReportFile], report: CheckReport, outcome: Outcome) -> None:
    """Write the check to each file, with what was found out about the two states as further notes.

    Raises:
        LayerbenchError: the system refuses to write.
    """
    from layerbench.cli.ab_checking import with_repository_paths
    from layerbench.cli.ab_output import sentence

    # On the terminal they stand with the comparison, which these files lack.
    report = replace(report, notes=(*map(sentence, outcome.notes), *report.notes))
    located = with_repository_paths(report, outcome)
    for one in reports:
        shown = located if one.format_name in WITH_REPOSITORY_PATHS else report
        write([render(shown, one.format_name, options_for(one.path), outcome.results["head"])], one.path)


def _report_file(ctx: click.Context, param: click.Parameter, value: str) -> ReportFile:
    name, separator, file = value.partition("=")
    if not separator or not file:
        raise click.BadParameter(f'"{value}" is no FORMAT=FILE: write it like junit=junit.xml', ctx, param)
    if name not in CHECK_FORMATS:
        raise click.BadParameter(f'no format is named "{name}"; formats: {", ".join(CHECK_FORMATS)}', ctx, param)
    if file == "-":
        raise click.BadParameter("stdout has the comparison: give a file, as in junit=junit.xml", ctx, param)
    return ReportFile(name, Path(file))
