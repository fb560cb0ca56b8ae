"""Predictions for a terminal: variant by variant, a row a step that will run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from layerbench.analysis.predict.models import Prediction
from layerbench.report.explain.rows import print_step_rows
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, render_page
from layerbench.report.predict.words import READING_HELP, causes_of, shown_steps, step_cells, summary


def render(
    predictions: Sequence[Prediction], options: Options, *, everything: bool = False, notes: Sequence[str] = ()
) -> str:
    """The predictions as text.

    Args:
        predictions: one a variant.
        options: width, colour and characters.
        everything: whether steps that hit are shown, too.
        notes: sentences about all of them.
    """
    return render_page(options, lambda page: _print(predictions, page, notes, everything=everything))


def _print(predictions: Sequence[Prediction], page: Page, notes: Sequence[str], *, everything: bool) -> None:
    for prediction in predictions:
        page.line(f"{prediction.variant}: {summary(prediction, page.dash)}", "bold", hang=2)
        _print_steps(prediction, page, everything=everything)
        for note in prediction.notes:
            page.line(f"Note: {note}", "yellow", indent=INDENT, hang=2)
        page.blank()
    for note in notes:
        page.line(f"Note: {note}", "yellow", hang=2)
    page.line(READING_HELP, "dim", hang=2)


def _print_steps(prediction: Prediction, page: Page, *, everything: bool) -> None:
    causes = causes_of(prediction)
    rows = [step_cells(step, causes, page.dash) for step in shown_steps(prediction, everything=everything)]
    if rows:
        # That they run is what the table is about: without hits among them it need not be said of each.
        shown = rows if everything else [replace(row, outcome="") for row in rows]
        print_step_rows(page, shown, "why")
