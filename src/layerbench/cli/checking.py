"""From files to what a check judges: limits, the run, the baseline."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.errors import UsageError

if TYPE_CHECKING:
    from layerbench.analysis.checks.growth import Source
    from layerbench.analysis.checks.models import CheckReport
    from layerbench.analysis.checks.rules import BudgetRule, ExpectationRule
    from layerbench.analysis.comparison.models import Contents
    from layerbench.config.models import BenchFile, Budget, Expectation
    from layerbench.image.contents import ImageContents
    from layerbench.results.models import Build, Result


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets and expectations, ready to be judged by."""

    budgets: tuple[BudgetRule, ...]
    expectations: tuple[ExpectationRule, ...]
    folder: Path
    """The bench file's, to which places in the report are relative."""


def limits_of_bench(bench: BenchFile, path: Path) -> Limits:
    """What a bench file asks for.

    Raises:
        UsageError: a condition cannot be read, or names what the bench file has not.
    """
    known = {"variant": [one.name for one in bench.variants], "scenario": [one.name for one in bench.scenarios]}
    return Limits(_budgets(bench.budgets), _expectations(bench.expectations, path, known), bench.folder)


def load_limits(bench: BenchFile | None, bench_path: Path | None, budget_file: Path | None) -> Limits:
    """What the bench file asks for, and what a file of budgets asks for beside it.

    Raises:
        UsageError: nothing is asked for, or one of the files is wrong.
    """
    from layerbench.config.file import load_limits as read_limits

    found = limits_of_bench(bench, bench_path) if bench and bench_path else Limits((), (), Path())
    if budget_file is not None:
        budgets, expectations = read_limits(budget_file)
        more = _expectations(expectations, budget_file, {})
        found = replace(found, budgets=found.budgets + _budgets(budgets), expectations=found.expectations + more)
    if not found.budgets and not found.expectations:
        where = budget_file or bench_path
        raise UsageError(f"{where}: there is nothing to check; add [[budgets]] or [[expectations]]")
    return found


def judge(limits: Limits, head: Source, base: Source | None) -> CheckReport:
    """Judge a run.

    Raises:
        UsageError: a budget needs a baseline and there is none, or the baseline is of something else.
    """
    from layerbench.analysis.checks.verdict import check, why_baseline_does_not_fit

    if base is not None:
        why_not = why_baseline_does_not_fit(head, base)
        if why_not:
            raise UsageError(f"{base.name} {why_not}")
    relative = next((one for one in limits.budgets if one.is_relative), None)
    if relative is not None and base is None:
        raise UsageError(
            f"the budget of {relative.metric} ({relative.limit}) needs a baseline: give one with --baseline,"
            " or write one with `layerbench baseline update RESULT`"
        )
    return check(limits.budgets, limits.expectations, head, base)


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


def _budgets(budgets: tuple[Budget, ...]) -> tuple[BudgetRule, ...]:
    from layerbench.analysis.checks.rules import BudgetRule

    return tuple(
        BudgetRule(
            one.metric, one.kind, one.limit, one.share, one.amount, one.variant, one.scenario, one.step, one.level
        )
        for one in budgets
    )


def _expectations(
    expectations: tuple[Expectation, ...], path: Path, known: dict[str, list[str]]
) -> tuple[ExpectationRule, ...]:
    from layerbench.analysis.checks.conditions import names_of, parse
    from layerbench.analysis.checks.rules import ExpectationRule, fits
    from layerbench.config.file import did_you_mean

    rules = []
    for position, one in enumerate(expectations):
        key = f"{path}: expectations[{position}].that"
        try:
            condition = parse(one.that)
        except UsageError as error:
            raise UsageError(f"{key}: {error}") from None
        for kind, name in names_of(condition):
            names = known.get(kind)
            if names is not None and not any(fits(its, name) for its in names):
                raise UsageError(f'{key}: no {kind} is named "{name}"; {did_you_mean(name, names)}')
        rules.append(ExpectationRule(one.claim, one.that, condition, one.level))
    return tuple(rules)


def below_repository(folder: Path) -> str:
    """The bench file's folder as the repository's hosts know it, with `/`; "" for the repository itself."""
    named = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    folder = folder.resolve()
    candidates = [Path(named).resolve()] if named else []
    candidates += [one for one in (folder, *folder.parents) if (one / ".git").exists()][:1]
    root = next((one for one in candidates if folder.is_relative_to(one)), Path().resolve())
    relative = os.path.relpath(folder, root).replace(os.sep, "/")
    return "" if relative == "." else relative
