"""Explanations for a terminal: variant by variant, scenario by scenario, a row a step."""

from __future__ import annotations

from layerbench.analysis.explain.models import Explanation
from layerbench.report.explain.rows import print_step_rows
from layerbench.report.explain.words import (
    by_variant,
    groups,
    how_known,
    in_a_line,
    shown_steps,
    usual_certainty,
    why_row,
)
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, render_page


def render(explanation: Explanation, options: Options, *, everything: bool = False) -> str:
    """The explanation as text.

    Args:
        explanation: what was found.
        options: width, colour and characters.
        everything: whether steps with nothing to say are shown, too.
    """
    return render_page(options, lambda page: _print(explanation, page, everything=everything))


def _print(explanation: Explanation, page: Page, *, everything: bool) -> None:
    for at, (variant, some) in enumerate(by_variant(groups(explanation))):
        if at:
            page.blank()
        page.line(variant, "bold", hang=2)
        for group in some:
            usual = usual_certainty(group.steps)
            rows = [why_row(step, usual) for step in shown_steps(group, everything=everything)]
            if rows:
                page.line(group.title, "", indent=INDENT, hang=2)
                print_step_rows(page, rows, "why")
            else:
                page.line(f"{group.title}: {in_a_line(group)}", "", indent=INDENT, hang=2)
    if explanation.steps:
        page.blank()
    for note in explanation.notes:
        page.line(f"Note: {note}", "yellow", hang=2)
    page.line(how_known(explanation), "dim", hang=2)
