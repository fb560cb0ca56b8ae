"""A comparison in GitHub's Markdown, for a job summary or a comment: sentences first, details folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layerbench.analysis.comparison.findings import findings
from layerbench.analysis.comparison.models import Comparison, ScenarioPair
from layerbench.report.comparison.words import (
    attributed,
    pair_cells,
    pair_remarks,
    reading_help,
    title,
    variant_groups,
)
from layerbench.report.printable import markdown_code, markdown_table, markdown_text

_HEADERS = (
    "scenario",
    "time",
    "ratio",
    "95% interval",
    "difference in time",
    "cached steps",
    "compressed",
    "uncompressed",
    "redeploy",
)
_LONGEST = 200
"""Characters of a name or an instruction; a comment has room for 65,536."""


def render(comparison: Comparison, *, top: int) -> str:
    """The comparison as Markdown; a list of where bytes come from has at most `top` rows."""
    return "".join(f"{line}\n" for line in _lines(comparison, top))


def _lines(comparison: Comparison, top: int) -> Iterator[str]:
    yield f"## {markdown_text(title(comparison, '→'))}"
    if told := findings(comparison):
        yield ""
        yield from (f"- {markdown_text(sentence)}" for sentence in told)
    for name, pairs in variant_groups(comparison):
        yield from ("", f"### {markdown_text(name)}", "")
        yield from markdown_table(_HEADERS, [_row(pair) for pair in pairs], left=1)
        remarks = [remark for pair in pairs for _, remark in pair_remarks(pair)]
        if remarks:
            yield ""
            yield from (f"- {markdown_text(_cut(remark))}" for remark in remarks)
        yield from _parts(pairs, top)
    if comparison.notes:
        yield ""
        yield from (f"- Note: {markdown_text(note)}" for note in comparison.notes)
    yield from ("", f"<sub>{markdown_text(reading_help(comparison))}</sub>")


def _row(pair: ScenarioPair) -> tuple[str, ...]:
    row = pair_cells(pair, arrow="→")
    verdict = f"**{row.verdict}**" if row.verdict in ("faster", "slower") else row.verdict
    return (
        markdown_code(row.scenario),
        row.time,
        row.ratio,
        row.interval,
        verdict,
        row.steps,
        row.compressed,
        row.uncompressed,
        row.redeploy,
    )


def _parts(pairs: Sequence[ScenarioPair], top: int) -> Iterator[str]:
    for scenarios, parts, others in attributed(pairs, top):
        summary = f"Where the uncompressed bytes come from: {scenarios}"
        yield from ("", f"<details><summary>{markdown_text(summary)}</summary>", "")
        rows = [(part.kind, markdown_code(_cut(part.text)), part.delta) for part in parts]
        yield from markdown_table(("", "what", "difference"), rows, left=2)
        if others:
            yield from ("", f"and {others} more")
        yield from ("", "</details>")


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 + 1 :]}"
