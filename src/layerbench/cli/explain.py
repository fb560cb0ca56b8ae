"""`layerbench explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from layerbench.cli.foreseeing import told_once
from layerbench.cli.image_options import IMAGE, files_of
from layerbench.cli.output import chosen_format, options_for, target_of, write, writes_output
from layerbench.errors import UsageError

if TYPE_CHECKING:
    from layerbench.analysis.explain.models import Explanation

FormatName = Literal["table", "markdown", "json"]


@click.command(
    epilog="""\b
Examples:
  layerbench explain result.json                                why each step of each build ran
  layerbench explain result.json --variant multi --scenario edit-deps --all
  layerbench explain main.json pr.json                          what pr ran and main had cached
  layerbench explain result.json:single result.json:multi       two variants of a run
  layerbench explain main HEAD                                  two git states, without a build
  layerbench explain result.json --json | jq '.steps[] | select(.outcome == "ran") | .cause'

\b
`layerbench run --explain` asks BuildKit for its own keys: causes are then proven, not derived.

\b
Exit codes: 0 fine, 2 usage, a result file cannot be read, or there is nothing to explain."""
)
@click.argument("base", metavar="RESULT|BASE", type=IMAGE)
@click.argument("head", metavar="[HEAD]", type=IMAGE, required=False)
@click.option("--variant", "variants", multiple=True, metavar="V", help="Only this variant. Repeatable.")
@click.option("--scenario", "scenarios", multiple=True, metavar="S", help="Only this scenario. Repeatable.")
@click.option(
    "--round", "rounds", multiple=True, type=click.IntRange(1), metavar="N", help="Only this round. Repeatable."
)
@click.option("--all", "everything", is_flag=True, help="Show the steps with nothing to explain, too.")
@click.option(
    *("-c", "--bench-file"), metavar="FILE", help="Of two git states: the bench file, by its place in the checkout."
)
@click.option(
    *("--format", "format_name"),
    type=click.Choice(("table", "markdown", "json")),
    help="How to print it.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json; every step is in it.")
@writes_output
def explain(
    base: str,
    head: str | None,
    variants: tuple[str, ...],
    scenarios: tuple[str, ...],
    rounds: tuple[int, ...],
    everything: bool,
    bench_file: str | None,
    format_name: FormatName | None,
    as_json: bool,
    output: str,
) -> None:
    """Say why each step of a build ran, back to the first cause, and why the others could hit.

    With one RESULT, a file that `layerbench run` wrote, each build is held against the one that filled its cache. With
    BASE and HEAD, two results, two variants as RESULT:VARIANT, or two git commits, HEAD is held against BASE.
    """
    chosen: FormatName = chosen_format(format_name, "json" if as_json else None, "table")

    from layerbench.analysis.explain.chosen import chosen_steps

    target = target_of(output, *files_of(base), *files_of(head or ""), what="result file")
    if head is None:
        found = _of_result(base, variants, scenarios)
    elif _is_result(base) or _is_result(head):
        found = _of_results(base, head, variants, scenarios)
    else:
        if scenarios or rounds:
            raise UsageError("two git states are explained without a run: leave --scenario and --round away")
        found = _of_commits(base, head, variants, bench_file)
    shown = chosen_steps(found, variants, scenarios, rounds)
    if not shown.steps:
        raise UsageError("there is nothing to explain: no build of that variant, scenario and round is in it")
    _print(shown, chosen, target, everything=everything)


def _print(explanation: Explanation, chosen: FormatName, target: Path | None, *, everything: bool) -> None:
    match chosen:
        case "json":
            from layerbench.report.explain import json_steps

            write([json_steps.render(explanation)], target)
        case "markdown":
            from layerbench.report.explain import markdown

            write([markdown.render(explanation, everything=everything)], target)
        case _:
            from layerbench.report.explain import table

            write([table.render(explanation, options_for(target), everything=everything)], target)


def _is_result(reference: str) -> bool:
    """Whether it names a file rather than a git state."""
    from layerbench.runner.build_images import split_reference

    path, _ = split_reference(reference)
    return str(path) == "-" or path.is_file() or str(path).endswith(".json")


def _of_result(reference: str, variants: tuple[str, ...], scenarios: tuple[str, ...]) -> Explanation:
    from layerbench.analysis.selection import select
    from layerbench.cli.explained import explained_result
    from layerbench.results.file import read_result
    from layerbench.runner.build_images import split_reference

    path, variant = split_reference(reference)
    result = read_result(path)
    # A build that another one is held against may be of any scenario: so all are read, and only names are checked.
    select(result, [*variants, *([variant] if variant else [])], scenarios)
    only = variant or (variants[0] if len(variants) == 1 else None)
    return explained_result(result, path, variant=only, scenario=scenarios[0] if len(scenarios) == 1 else None)


def _of_results(base: str, head: str, variants: tuple[str, ...], scenarios: tuple[str, ...]) -> Explanation:
    from layerbench.analysis.explain.build import explain_results
    from layerbench.analysis.explain.chosen import as_variant
    from layerbench.analysis.selection import select
    from layerbench.cachekeys.reading import InputsReader
    from layerbench.results.file import read_result
    from layerbench.runner.build_images import split_reference

    if base == head:
        raise UsageError(f"{base} and {head} are the same: give two that differ")
    (base_path, base_variant), (head_path, head_variant) = split_reference(base), split_reference(head)
    base_result, head_result = read_result(base_path), read_result(head_path)
    base_reader, head_reader = InputsReader(base_path, base_result), InputsReader(head_path, head_result)
    if base_variant is not None:
        select(base_result, [base_variant])
        # Two variants are held against each other as if the one were the other's earlier self.
        base_result = as_variant(base_result, base_variant, head_variant or base_variant)
    select(head_result, [*variants, *([head_variant] if head_variant else [])], scenarios)
    return explain_results(
        base_result,
        head_result,
        (base_reader.inputs, base_reader.keys),
        (head_reader.inputs, head_reader.keys),
        head_variant or base_variant or (variants[0] if len(variants) == 1 else None),
        scenarios[0] if len(scenarios) == 1 else None,
    )


def _of_commits(base: str, head: str, variants: tuple[str, ...], bench_file: str | None) -> Explanation:
    from layerbench.foresight.states import explain_states

    return explain_states(base, head, Path(bench_file) if bench_file else None, variants, told_once())
