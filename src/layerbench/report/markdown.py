"""GitHub's Markdown, for a job summary or a comment: findings first, then the tables, steps folded away."""

from __future__ import annotations

from collections.abc import Iterator

from layerbench.analysis.figures import ScenarioTable, scenario_tables
from layerbench.analysis.findings import findings
from layerbench.analysis.remarks import alarms, remarks
from layerbench.report.cells import RowCells, header_lines, reading_help, row_cells, scenario_title, table_remarks
from layerbench.report.interface import Options
from layerbench.report.printable import markdown_code, markdown_table, markdown_text
from layerbench.report.step_rows import ShownRow, shown_rows, titled_step_tables, varying_steps
from layerbench.results.models import Result

_HEADERS = (
    "variant",
    "time",
    "range",
    "time vs best",
    "cached/all steps",
    "compressed",
    "uncompressed",
    "size vs best",
)


def render(result: Result, options: Options) -> str:
    """The report as Markdown; see `layerbench.report.interface.Reporter`."""
    return "".join(f"{line}\n" for line in _lines(result, options))


def _lines(result: Result, options: Options) -> Iterator[str]:
    tables = scenario_tables(result)
    title, *about = header_lines(result)
    yield f"## {markdown_text(title)}"
    for alarm in alarms(result):
        yield from ("", "> [!WARNING]", f"> {markdown_text(alarm)}")
    found = findings(result, tables)
    if found:
        yield ""
        yield from (f"- {markdown_text(sentence)}" for sentence in found)
    for table in tables:
        yield from _scenario(table)
    if options.steps:
        yield from _steps(result)
    said = remarks(result)
    if said:
        yield ""
        yield from (f"- Note: {markdown_text(remark)}" for remark in said)
    for line in (*about, reading_help(result, steps=False)):
        yield from ("", f"<sub>{markdown_text(line)}</sub>")


def _scenario(table: ScenarioTable) -> Iterator[str]:
    yield from ("", f"### {markdown_text(scenario_title(table))}", "")
    yield from markdown_table(_HEADERS, [_row(row_cells(row)) for row in table.rows], left=1)
    said = [remark for _, remark in table_remarks(table)]
    if said:
        yield ""
        yield from (f"- {markdown_text(remark)}" for remark in said)


def _row(row: RowCells) -> tuple[str, ...]:
    time = f"**{row.time}**" if row.is_fastest or not row.steps else row.time
    return (
        markdown_code(row.variant),
        time,
        row.range,
        row.time_ratio,
        row.steps,
        row.compressed,
        row.uncompressed,
        row.size_ratio,
    )


def _steps(result: Result) -> Iterator[str]:
    for title, table in titled_step_tables(result):
        yield from ("", f"<details><summary>Steps of {markdown_text(title)}</summary>", "")
        headers = ("line", "step", *(markdown_text(name) for name in table.scenarios))
        yield from markdown_table(headers, [_step(row) for row in shown_rows(table, "–")], left=2)
        said = list(varying_steps(table))
        if said:
            yield ""
            yield from (f"- {markdown_text(remark)}" for remark in said)
        yield from ("", "</details>")


def _step(row: ShownRow) -> tuple[str, ...]:
    if row.stage is None:
        return ("", markdown_text(row.text), *row.cells)
    stage = f"{markdown_text(f'[{row.stage}]')} " if row.stage else ""
    return (row.line, stage + markdown_code(row.text), *row.cells)
