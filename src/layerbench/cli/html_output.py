"""The page of `report`, `compare` and `ab`: what it is made of, from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.cli.output import note

if TYPE_CHECKING:
    from layerbench.analysis.checks.models import CheckReport
    from layerbench.analysis.comparison.models import Comparison, Contents
    from layerbench.analysis.explain.models import Explanation
    from layerbench.results.models import Result


def result_page(result: Result, whole: Result, path: Path, bench_file: Path | None) -> str:
    """The page of a result file.

    Args:
        result: the part of it that is shown.
        whole: all of it.
        path: where it lies; its side file is beside it.
        bench_file: whose budgets and expectations it is judged by; None for no verdicts.

    Raises:
        UsageError: the bench file cannot be read, is another one's, or needs a baseline that is not there.
    """
    from layerbench.cli.checking import source_of_result
    from layerbench.report.html.of_result import input_of_result
    from layerbench.report.html.page import render_page

    check = _checked(whole, path, bench_file) if bench_file else None
    contents: Contents = source_of_result(whole, path, note).contents
    explanation = _explained(whole, path)
    return render_page(input_of_result(result, whole, contents=contents, check=check, explanation=explanation))


def comparison_page(
    found: Comparison,
    base_path: Path,
    head_path: Path,
    notes: tuple[str, ...] = (),
    check: CheckReport | None = None,
) -> str:
    """The page of a comparison.

    Args:
        found: the comparison.
        base_path: where base's result file lies; its side file is beside it.
        head_path: the same of head.
        notes: more to say, each a sentence.
        check: head, judged; None where it was not.
    """
    from dataclasses import replace

    from layerbench.report.html.of_comparison import compared_part, input_of_comparison
    from layerbench.report.html.page import render_page

    base, head = (
        _explained(compared_part(found, side), path)
        for side, path in ((found.base, base_path), (found.head, head_path))
    )
    return render_page(replace(input_of_comparison(found, notes, (base, head)), check=check))


def _explained(result: Result, path: Path) -> Explanation | None:
    """Why steps ran; None where the run kept nothing that would tell."""
    from layerbench.cli.explained import explained_result
    from layerbench.errors import UsageError

    if result.side_file is None or str(path) == "-":
        return None
    try:
        found = explained_result(result, path)
    except UsageError as error:  # such as a side file that was not copied along
        note(f"nothing says why steps ran: {error}")
        return None
    causes = (one.first_cause or one.cause for one in found.steps)
    return found if any(cause and cause.kind not in ("cache-missing", "unknown") for cause in causes) else None


def _checked(result: Result, path: Path, bench_file: Path) -> CheckReport:
    import os

    from layerbench.analysis.checks.verdict import check as judge
    from layerbench.cli.checking import check_bench_fits, load_limits, source_of_baseline, source_of_result
    from layerbench.config.file import load_bench_file
    from layerbench.results.baseline import BASELINE_NAME

    bench = load_bench_file(bench_file, os.environ)
    limits = load_limits(bench, bench_file)
    if changed := check_bench_fits(bench, bench_file, result, path):
        note(changed)
    baseline = limits.folder / BASELINE_NAME
    is_needed = any(one.is_relative for one in limits.budgets) and baseline.is_file()
    base = source_of_baseline(baseline, note) if is_needed else None
    return judge(limits.budgets, limits.expectations, source_of_result(result, path, note), base)
