"""Impacts in GitHub's Markdown: the ranking first, the files of each variant, then what could be left out."""

from __future__ import annotations

from collections.abc import Iterator

from layerbench.analysis.impact.models import Impact
from layerbench.report.impact.words import (
    READING_HELP,
    commit_cells,
    commit_sentence,
    effect_cells,
    ignorable_lines,
    ignorable_text,
)
from layerbench.report.printable import markdown_code, markdown_table, markdown_text

_NAMED_FILES = 12


def render(impact: Impact, *, top: int) -> str:
    """The impact as Markdown, with at most `top` rows a variant."""
    return "".join(f"{line}\n" for line in _lines(impact, top))


def _lines(impact: Impact, top: int) -> Iterator[str]:
    commits = commit_cells(impact)
    if commits:
        yield from ("### What a commit costs", "")
        if told := commit_sentence(impact):
            yield from (markdown_text(told), "")
        headers = ("variant", "rebuild", "redeploy", "commits that run a step")
        rows = [(markdown_code(row.variant), row.seconds, row.redeploy, row.touching) for row in commits]
        yield from markdown_table(headers, rows, left=1)
        yield ""
    for variant in impact.variants:
        yield from (f"### {markdown_text(variant.variant)}", "")
        cells = [effect_cells(effect, _NAMED_FILES) for effect in variant.effects]
        columns = ("files", "runs again", "files", "seconds", "redeploy")
        lines = [
            (markdown_text(one.files), markdown_text(one.steps), one.count, one.seconds, one.redeploy)
            for one in cells[:top]
        ]
        yield from markdown_table(columns, lines, left=2)
        if len(cells) > top:
            yield from ("", f"and {len(cells) - top} more")
        yield ""
        if variant.notes:
            yield from (f"- Note: {markdown_text(note)}" for note in variant.notes)
            yield ""
    yield from _ignorable(impact)
    if impact.notes:
        yield from (f"- Note: {markdown_text(note)}" for note in impact.notes)
        yield ""
    yield f"<sub>{READING_HELP}</sub>"


def _ignorable(impact: Impact) -> Iterator[str]:
    found = ignorable_lines(impact)
    if not found:
        return
    yield from ("### Copied into the image, and could be left out", "")
    rows = [
        (
            markdown_code(one.line),
            markdown_code(one.ignore_file),
            markdown_text(ignorable_text(one, variants, len(impact.variants))),
            markdown_text("; ".join(one.warnings)),
        )
        for one, variants in found
    ]
    yield from markdown_table(("line", "in", "what it leaves out", "careful"), rows, left=4)
    yield ""
