"""The page of one result."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from layerbench.analysis.comparison.models import Contents, no_contents
from layerbench.analysis.findings import findings
from layerbench.analysis.remarks import alarms, remarks
from layerbench.report.cells import header_lines
from layerbench.report.html.page_input import Download, PageInput
from layerbench.results.models import Result

if TYPE_CHECKING:
    from layerbench.analysis.checks.models import CheckReport
    from layerbench.analysis.explain.models import Explanation


def input_of_result(
    result: Result,
    whole: Result | None = None,
    *,
    contents: Contents = no_contents,
    check: CheckReport | None = None,
    explanation: Explanation | None = None,
) -> PageInput:
    """What the page shows of a run.

    Args:
        result: what is shown.
        whole: the result file to take with one, where `result` is a part of it.
        contents: opens the image of a build.
        check: the run, judged.
        explanation: why steps ran.
    """
    title, *about = header_lines(result)
    # `web: 5 variants, 7 scenarios`: the name is the headline, the rest stands below it.
    counts = title.removeprefix(f"{result.bench.name}: ")
    return PageInput(
        title=result.bench.name,
        result=result,
        sentences=findings(result),
        alarms=alarms(result),
        notes=remarks(result),
        about=(counts, *about),
        downloads=(download(whole or result),),
        check=check,
        explanation=explanation,
        contents=contents,
    )


def download(result: Result, name: str | None = None) -> Download:
    """A result file as it is written; the side file does not come along, so it names none."""
    from layerbench.results.file import result_json

    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name or result.bench.name).strip("-.") or "result"
    return Download(f"{plain}.json", result_json(replace(result, side_file=None)))
