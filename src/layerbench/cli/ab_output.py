"""What `layerbench ab` prints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import click

from layerbench.cli.output import options_for, write

if TYPE_CHECKING:
    from layerbench.ab.joining import SideName
    from layerbench.ab.measuring import Outcome
    from layerbench.analysis.checks.models import CheckReport
    from layerbench.analysis.comparison.models import Comparison

Format = Literal["table", "markdown", "json", "html"]


def compare_states(outcome: Outcome) -> Comparison:
    """Head held against base, with what was found out about the two states."""
    from layerbench.analysis.comparison.compare import compare_results
    from layerbench.analysis.comparison.models import Side
    from layerbench.analysis.undecided import looks_of
    from layerbench.cli.first_causes import explained
    from layerbench.runner.build_images import image_opener

    def side(name: SideName) -> Side:
        return Side(outcome.labels[name], outcome.results[name], None, image_opener(outcome.paths[name]))

    found = compare_results(side("base"), side("head"), looks=looks_of(outcome.most_rounds))
    found = explained(found, outcome.paths["base"], outcome.paths["head"])
    notes = (sentence(note) for note in (*outcome.left_out, *outcome.notes))
    return replace(found, notes=(*notes, *found.notes))


def print_states(
    outcome: Outcome, found: Comparison, report: CheckReport | None, format_name: Format, *, top: int
) -> None:
    """Print the comparison, how the run ended, and what the check came to.

    The verdict's line is the last of a table; where stdout is a document, it goes to stderr.

    Args:
        outcome: of the run.
        found: the comparison.
        report: the check's; None where nothing was checked.
        format_name: how to print both.
        top: rows of each list of where bytes come from.
    """
    match format_name:
        case "json":
            write([_json(outcome, found, report)], None)
        case "html":
            from layerbench.cli.html_output import comparison_page

            paths = outcome.paths["base"], outcome.paths["head"]
            write([comparison_page(found, *paths, (sentence(ended(outcome)),), report)], None)
        case "markdown":
            _print_markdown(outcome, found, report, top)
        case _:
            _print_table(outcome, found, report, top)
    if report is not None and format_name != "table":
        from layerbench.report.printable import printable

        click.echo(printable(report.verdict_line), err=True)


def ended(outcome: Outcome) -> str:
    """Why there were no more rounds, and what is undecided."""
    measured = outcome.measured
    rounds = f"{measured.rounds} round{'s' if measured.rounds > 1 else ''}"
    if measured.end == "decided":
        return f"ended after {rounds}: every time is decided"
    why = "the time budget allows no more" if measured.end == "time-budget" else "that is what --rounds allows"
    return f"ended after {rounds}, for {why}; undecided: {'; '.join(measured.undecided)}"


def sentence(text: str) -> str:
    """What is told in passing, as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _print_table(outcome: Outcome, found: Comparison, report: CheckReport | None, top: int) -> None:
    from layerbench.report.comparison import table

    options = options_for(None)
    pieces = [table.render(found, options, top=top), f"\n{sentence(ended(outcome))}\n"]
    if report is not None:
        from layerbench.report.checks import table as check_table

        pieces.append(f"\n{check_table.render(report, options)}")
    write(pieces, None)


def _print_markdown(outcome: Outcome, found: Comparison, report: CheckReport | None, top: int) -> None:
    from layerbench.report.comparison import markdown

    pieces = [markdown.render(found, top=top), f"\n{sentence(ended(outcome))}\n"]
    if report is not None:
        from layerbench.cli.ab_checking import with_repository_paths
        from layerbench.report.checks import github

        pieces.append(f"\n{github.summary(with_repository_paths(report, outcome))}")
    write(pieces, None)


def _json(outcome: Outcome, found: Comparison, report: CheckReport | None) -> str:
    import json

    from layerbench.report.checks import json_report
    from layerbench.report.comparison import json_pairs

    figures = json.loads(json_pairs.render(found))
    measured = outcome.measured
    figures["ab"] = {
        "ended": measured.end,
        "rounds": measured.rounds,
        "undecided": measured.undecided,
        "left_out": outcome.left_out,
    }
    figures["check"] = json.loads(json_report.render(report)) if report is not None else None
    return json.dumps(figures, indent=2) + "\n"
