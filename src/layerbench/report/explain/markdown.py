"""Explanations in GitHub's Markdown: a table a variant and scenario."""

from __future__ import annotations

from collections.abc import Iterator

from layerbench.analysis.explain.models import Explanation
from layerbench.report.explain.words import (
    by_variant,
    groups,
    how_known,
    in_a_line,
    shown_steps,
    usual_certainty,
    why_row,
)
from layerbench.report.printable import markdown_code, markdown_table, markdown_text

_LONGEST = 200
"""Characters of an instruction or a cause; a comment has room for 65,536."""


def render(explanation: Explanation, *, everything: bool = False) -> str:
    """The explanation as Markdown; with `everything` steps with nothing to say are in it, too."""
    return "".join(f"{line}\n" for line in _lines(explanation, everything=everything)).lstrip("\n")


def _lines(explanation: Explanation, *, everything: bool) -> Iterator[str]:
    for variant, some in by_variant(groups(explanation)):
        yield from ("", f"### {markdown_text(variant)}")
        for group in some:
            usual = usual_certainty(group.steps)
            rows = [why_row(step, usual) for step in shown_steps(group, everything=everything)]
            if not rows:
                yield from ("", f"**{markdown_text(group.title)}**: {markdown_text(in_a_line(group))}")
                continue
            yield from ("", f"**{markdown_text(group.title)}**", "")
            yield from markdown_table(
                ("line", "stage", "step", "", "why"),
                [
                    (row.line, markdown_text(row.stage), markdown_code(_cut(row.step)), row.outcome,
                     markdown_text(_cut(row.text)))
                    for row in rows
                ],
                left=5,
            )  # fmt: skip
    if explanation.notes:
        yield ""
        yield from (f"- Note: {markdown_text(note)}" for note in explanation.notes)
    if told := how_known(explanation):
        yield from ("", f"<sub>{markdown_text(told)}</sub>")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
