"""From files to what a check judges: limits, the run, the baseline."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.errors import UsageError

EXIT_CODES = {"ok": 0, "warning": 0, "regression": 1, "refuted": 1, "error": 3}
"""By verdict."""

if TYPE_CHECKING:
    from layerbench.analysis.checks.growth import Source
    from layerbench.analysis.checks.limits import Limits
    from layerbench.analysis.comparison.models import Contents
    from layerbench.config.models import BenchFile
    from layerbench.image.contents import ImageContents
    from layerbench.results.models import Bench, Build, Result


def load_limits(
    bench: BenchFile | None, bench_path: Path | None, budget_files: Sequence[Path] = (), run: Bench | None = None
) -> Limits:
    """What the bench file asks for, and what files of budgets ask for beside it.

    Args:
        bench: the bench file; None where there is none.
        bench_path: its path.
        budget_files: further files.
        run: what a run says of its bench; its names are those that there are where no bench file is.

    Raises:
        UsageError: nothing is asked for, or one of the files is wrong.
    """
    from layerbench.analysis.checks.limits import Limits, known_names, limits_of_bench

    found = limits_of_bench(bench, str(bench_path)) if bench and bench_path else Limits((), (), Path())
    of_names = bench or run
    more = read_budget_files(budget_files, known_names(of_names) if of_names else {})
    if more is not None:
        found = found.joined_with(more)
    if not found:
        where = ", ".join(map(str, budget_files or (bench_path,)))
        raise UsageError(f"{where}: there is nothing to check; add [[budgets]] or [[expectations]]")
    return found


def read_budget_files(paths: Sequence[Path], known: Mapping[str, Sequence[str]]) -> Limits | None:
    """The limits of files that have nothing else, in the order of the files; None where there are no files.

    Args:
        paths: the files.
        known: the names that there are, by `variant` and `scenario`; a kind that is missing is not checked.

    Raises:
        UsageError: one cannot be read, or a condition in it, or it names what there is not.
    """
    found: Limits | None = None
    for path in paths:
        more = _read_budget_file(path, known)
        found = found.joined_with(more) if found else more
    return found


def _read_budget_file(path: Path, known: Mapping[str, Sequence[str]]) -> Limits:
    from layerbench.analysis.checks.limits import Limits, read_expectations
    from layerbench.config.file import load_limits as read_limits
    from layerbench.config.limits import check_names

    budgets, expectations = read_limits(path)
    if known:
        try:
            check_names(budgets, known["variant"], known["scenario"])
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
    return Limits(budgets, read_expectations(expectations, str(path), known), path.parent)


def source_of_result(result: Result, path: Path, note: Callable[[str], None]) -> Source:
    """A run, with the images of its side file where that is there."""
    from layerbench.analysis.checks.figures import Measured
    from layerbench.analysis.checks.growth import Source

    measured = Measured(result)
    return Source(str(path), measured.figures, measured, _contents(result, path, note))


def source_of_baseline(path: Path, note: Callable[[str], None]) -> Source:
    """A baseline: an earlier result file, or a baseline file.

    Raises:
        UsageError: it is neither, or cannot be read.
    """
    from layerbench.analysis.checks.growth import Source
    from layerbench.results.baseline import is_baseline, read_baseline
    from layerbench.results.file import read_result

    if is_baseline(path):
        return Source(str(path), read_baseline(path))
    return source_of_result(read_result(path), path, note)


def side_files(*read: tuple[Path | None, Source | None]) -> Iterator[Path]:
    """The side files of results that were read, by where they are and by what the results call them.

    Args:
        read: files with what is in them; None for what there is not.
    """
    from layerbench.cli.image_options import side_files_of

    for path, source in read:
        if path is not None and source is not None and source.measured is not None:
            yield from side_files_of(path, source.measured.result)


def check_bench_fits(bench: BenchFile, path: Path, result: Result, result_path: Path) -> str | None:
    """Whether the run is one of the bench file; a sentence where that has changed since.

    Raises:
        UsageError: the run is of another bench.
    """
    from layerbench.runner.records import bench_record

    digest = bench_record(bench).digest
    if digest == result.bench.digest:
        return None
    if bench.name != result.bench.name:
        raise UsageError(
            f'{result_path} is of the bench "{result.bench.name}", and {path} is "{bench.name}":'
            " name its bench file with -c"
        )
    return f"{path} has other variants, scenarios or edits than the run: measure again to check all of it."


def _contents(result: Result, path: Path, note: Callable[[str], None]) -> Contents:
    from layerbench.runner.build_images import image_opener

    opened: dict[tuple[str, str, int], ImageContents | None] = {}
    told: set[str] = set()
    open_image = image_opener(path)

    def contents(build: Build) -> ImageContents | None:
        if result.side_file is None:
            return None
        key = (build.variant, build.scenario, build.round)
        if key not in opened:
            try:
                opened[key] = open_image(build)
            except UsageError as error:
                opened[key] = None
                if str(error) not in told:
                    told.add(str(error))
                    note(f"nothing says which files make the difference: {error}")
        return opened[key]

    return contents


def below_repository(folder: Path) -> str:
    """The bench file's folder as the repository's hosts know it, with `/`; "" for the repository itself."""
    named = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    folder = folder.resolve()
    candidates = [Path(named).resolve()] if named else []
    candidates += [one for one in (folder, *folder.parents) if (one / ".git").exists()][:1]
    root = next((one for one in candidates if folder.is_relative_to(one)), Path().resolve())
    relative = os.path.relpath(folder, root).replace(os.sep, "/")
    return "" if relative == "." else relative
