"""Predictions in GitHub's Markdown: a table a variant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layerbench.analysis.predict.models import Prediction
from layerbench.report.predict.words import READING_HELP, causes_of, shown_steps, step_cells, summary
from layerbench.report.printable import markdown_code, markdown_table, markdown_text


def render(predictions: Sequence[Prediction], *, everything: bool = False, notes: Sequence[str] = ()) -> str:
    """The predictions as Markdown; with `everything` steps that hit are in it, too."""
    return "".join(f"{line}\n" for line in _lines(predictions, notes, everything=everything))


def _lines(predictions: Sequence[Prediction], notes: Sequence[str], *, everything: bool) -> Iterator[str]:
    for prediction in predictions:
        yield f"### {markdown_text(prediction.variant)}"
        yield from ("", f"{markdown_text(summary(prediction))}", "")
        causes = causes_of(prediction)
        rows = [step_cells(step, causes) for step in shown_steps(prediction, everything=everything)]
        if rows:
            headers = ("line", "stage", "step", "", "why", "seconds")
            cells = [
                (
                    row.line,
                    markdown_text(row.stage),
                    markdown_code(row.step),
                    row.outcome,
                    markdown_text(row.text),
                    row.seconds,
                )
                for row in rows
            ]
            yield from markdown_table(headers, cells, left=5)
            yield ""
        if prediction.notes:
            yield from (f"- Note: {markdown_text(note)}" for note in prediction.notes)
            yield ""
    yield from (f"- Note: {markdown_text(note)}" for note in notes)
    if notes:
        yield ""
    yield f"<sub>{READING_HELP}</sub>"
