"""The formats that a check is shown in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from layerbench.analysis.checks.models import CheckReport
    from layerbench.report.interface import Options
    from layerbench.results.models import Result

CheckFormat = Literal[
    "table",
    "markdown",
    "json",
    "junit",
    "sarif",
    "github",
    "github-summary",
    "github-comment",
    "gitlab",
    "gitlab-code-quality",
    "gitlab-metrics",
    "openmetrics",
]
CHECK_FORMATS: tuple[CheckFormat, ...] = get_args(CheckFormat)
WITH_VERDICT_LINE: frozenset[CheckFormat] = frozenset({"table", "github"})
"""Formats that may be followed by a line of text; the others are documents of their own."""
WITH_REPOSITORY_PATHS: frozenset[CheckFormat] = frozenset(CHECK_FORMATS) - {"table", "json", "openmetrics"}
"""Formats whose readers know files by their place in the repository."""


def render(report: CheckReport, format_name: CheckFormat, options: Options, result: Result) -> str:
    """A report in a format, with a line break at its end; what the format needs is imported only now.

    Args:
        report: what the check found.
        format_name: one of `CHECK_FORMATS`.
        options: for the table.
        result: what was checked, for the format that tells all of its figures.
    """
    match format_name:
        case "table":
            from layerbench.report.checks import table

            return table.render(report, options)
        case "json":
            from layerbench.report.checks import json_report

            return json_report.render(report)
        case "junit":
            from layerbench.report.checks import junit

            return junit.render(report)
        case "sarif":
            from layerbench.report.checks import sarif

            return sarif.render(report)
        case "github" | "github-summary" | "github-comment" | "markdown":
            return _github(report, format_name)
        case "gitlab" | "gitlab-code-quality" | "gitlab-metrics":
            from layerbench.report.checks import gitlab

            return gitlab.metrics(report) if format_name == "gitlab-metrics" else gitlab.render(report)
        case "openmetrics":
            from layerbench.report.checks import openmetrics

            return openmetrics.render(report, result)


def _github(report: CheckReport, format_name: CheckFormat) -> str:
    """Its Markdown is everybody's: nothing in it is GitHub's alone but the comment's marker."""
    from layerbench.report.checks import github

    if format_name == "github":
        return github.render(report)
    return github.comment(report) if format_name == "github-comment" else github.summary(report)
