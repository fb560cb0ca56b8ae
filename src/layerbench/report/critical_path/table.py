"""Critical paths for a terminal: one a variant and scenario, what has slack beside it, and what follows."""

from __future__ import annotations

from layerbench.analysis.critical_path.choose import ChosenBuild, chosen_builds
from layerbench.analysis.critical_path.findings import path_findings
from layerbench.analysis.critical_path.models import CriticalPath
from layerbench.analysis.critical_path.path import critical_path
from layerbench.analysis.remarks import alarms
from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.cells import header_lines
from layerbench.report.critical_path.words import NO_TIMES, READING_HELP, path_rows, slack_rows, title
from layerbench.report.grid import Cell
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, render_page
from layerbench.results.models import Build, Result

_LEAST_TEXT = 18
_MOST_SLACK_ROWS = 8
_TEXT = Field("on the path", "left", _LEAST_TEXT)
_PATH = (Field("start"), Field("time"), Field("share"), Field("line"), _TEXT)
_SLACK = (Field("slack"), Field("time"), Field("line"), Field("beside it", "left", _LEAST_TEXT))


def render(result: Result, options: Options) -> str:
    """The report as text; see `layerbench.report.interface.Reporter`."""
    return render_page(options, lambda page: _print(result, page))


def _print(result: Result, page: Page) -> None:
    first, *about = header_lines(result)
    page.line(first, "bold")
    for line in about:
        page.line(line, "dim")
    for alarm in alarms(result):
        page.line(f"! {alarm}", "bold red", hang=2)
    found = chosen_builds(result)
    for chosen in found:
        page.blank()
        page.line(title(chosen), "bold", hang=2)
        _print_build(chosen, page)
    page.blank()
    page.line(READING_HELP if found else "There is no build in it.", "dim", hang=2)


def _print_build(chosen: ChosenBuild, page: Page) -> None:
    build = chosen.build
    path = critical_path(build)
    if path is None:
        page.line(f"! {NO_TIMES}", "yellow", indent=INDENT, hang=2)
        return
    rows = list(path_rows(build, path))
    print_rows(
        page,
        _PATH,
        [
            [
                Cell(row.start, "dim"),
                Cell(row.seconds),
                Cell(row.share),
                Cell(row.line, "dim"),
                Cell(page.plain(row.text), "" if row.is_step else "dim"),
            ]
            for row in rows
        ],
    )
    _print_slack(build, path, page)
    page.blank()
    for sentence in path_findings(build, path):
        page.line(f"* {sentence}", "", indent=INDENT, hang=2)


def _print_slack(build: Build, path: CriticalPath, page: Page) -> None:
    rows = list(slack_rows(build, path))
    if not rows:
        return
    page.blank()
    print_rows(
        page,
        _SLACK,
        [
            [Cell(row.slack), Cell(row.seconds), Cell(row.line, "dim"), Cell(page.plain(row.text))]
            for row in rows[:_MOST_SLACK_ROWS]
        ],
    )
    if len(rows) > _MOST_SLACK_ROWS:
        page.line(f"and {len(rows) - _MOST_SLACK_ROWS} more with longer slack", "dim", indent=INDENT)
