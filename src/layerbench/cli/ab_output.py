"""What `layerbench ab` prints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from layerbench.cli.output import options_for, write

if TYPE_CHECKING:
    from layerbench.analysis.comparison.models import Comparison
    from layerbench.cli.ab_measuring import Outcome
    from layerbench.runner.ab.joining import SideName

Format = Literal["table", "markdown", "json"]


def compare_states(outcome: Outcome) -> Comparison:
    """Head held against base, with what was found out about the two states."""
    from layerbench.analysis.comparison.compare import compare_results
    from layerbench.analysis.comparison.models import Side
    from layerbench.analysis.undecided import looks_of
    from layerbench.runner.build_images import image_opener

    def side(name: SideName) -> Side:
        return Side(outcome.labels[name], outcome.results[name], None, image_opener(outcome.paths[name]))

    found = compare_results(side("base"), side("head"), looks=looks_of(outcome.most_rounds))
    notes = (_sentence(note) for note in outcome.notes)
    return replace(found, notes=(*notes, *found.notes))


def print_comparison(outcome: Outcome, found: Comparison, format_name: Format, *, top: int) -> None:
    """Print the comparison, and how the run ended.

    Args:
        outcome: of the run.
        found: the comparison.
        format_name: how to print it.
        top: rows of each list of where bytes come from.
    """
    match format_name:
        case "json":
            write([_json(outcome, found)], None)
        case "markdown":
            from layerbench.report.comparison import markdown

            write([markdown.render(found, top=top), f"\n{_sentence(ended(outcome))}\n"], None)
        case _:
            from layerbench.report.comparison import table

            write([table.render(found, options_for(None), top=top), f"\n{_sentence(ended(outcome))}\n"], None)


def ended(outcome: Outcome) -> str:
    """Why there were no more rounds, and what is undecided."""
    measured = outcome.measured
    rounds = f"{measured.rounds} round{'s' if measured.rounds > 1 else ''}"
    if measured.end == "decided":
        return f"ended after {rounds}: every time is decided"
    why = "the time budget allows no more" if measured.end == "time-budget" else "that is what --rounds allows"
    return f"ended after {rounds}, for {why}; undecided: {'; '.join(measured.undecided)}"


def _json(outcome: Outcome, found: Comparison) -> str:
    import json

    from layerbench.report.comparison import json_pairs

    figures = json.loads(json_pairs.render(found))
    measured = outcome.measured
    figures["ab"] = {"ended": measured.end, "rounds": measured.rounds, "undecided": measured.undecided}
    return json.dumps(figures, indent=2) + "\n"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
