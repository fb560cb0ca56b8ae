"""`layerbench ab`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click

from layerbench.cli.measuring import Connecting, has_failures

_ROUNDS = 10
_TOP = 10


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Seconds out of `10m`, `90s` or `1.5m`."""
    from layerbench.config.schema import parse_duration

    if value is None:
        return None
    try:
        seconds = float(parse_duration(value))
    except ValueError as error:
        raise click.BadParameter(f'"{value}" {error}', ctx, param) from None
    if seconds <= 0:
        raise click.BadParameter(f'"{value}" is no time to build anything in', ctx, param)
    return seconds


@click.command(
    epilog="""\b
Examples:
  layerbench ab --base main                          the working tree, uncommitted changes included
  layerbench ab --base origin/main --head HEAD       two commits; the checkout is not looked at
  layerbench ab --base main --variant multi --scenario edit-source --rounds 20
  layerbench ab --base main --time-budget 10m --format markdown >> "$GITHUB_STEP_SUMMARY"
  layerbench ab --base main --rounds 1 -o out        bytes and cache hits only; out/base.json, out/head.json

\b
It ends as soon as every time is decided: that none differs may be seen from the 5th round on, that
one does at every 10th and at the last. Checkout, index and stash stay as they are.

\b
Exit codes: 0 fine (also where the two differ), 2 usage, bench file or repository, 3 a build, a
smoke test or the engine failed (the rest is compared), 130 interrupted (what was measured stays)."""
)
@click.option("--base", required=True, metavar="REF", help="What to compare with: a branch, a tag, a commit.")
@click.option("--head", metavar="REF", help="What to judge.  [default: the working tree with uncommitted changes]")
@click.option(
    *("-c", "--bench-file"), metavar="FILE", help="Bench file, by its place in the checkout  [default: layerbench.toml]"
)
@click.option("--variant", "variants", multiple=True, metavar="V", help="Only this variant. Repeatable.")
@click.option("--scenario", "scenarios", multiple=True, metavar="S", help="Only this scenario. Repeatable.")
@click.option(
    "--rounds", type=click.IntRange(1, 1000), default=_ROUNDS, show_default=True, metavar="N", help="At most so many."
)
@click.option(
    "--time-budget", callback=_seconds, metavar="TIME", help="Begin no round that would end later, such as 10m."
)
@click.option("--builder", metavar="NAME", help="The buildx builder  [default: the one docker buildx build takes]")
@click.option(
    *("-o", "--output"), metavar="FOLDER", help="Folder for base.json and head.json  [default: in the state folder]"
)
@click.option(
    *("--format", "format_name"),
    type=click.Choice(("table", "markdown", "json")),
    default="table",
    show_default=True,
    help="How to print the comparison.",
)
@click.option("--no-smoke", is_flag=True, help="Do not run the images.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def ab(
    base: str,
    head: str | None,
    bench_file: str | None,
    variants: tuple[str, ...],
    scenarios: tuple[str, ...],
    rounds: int,
    time_budget: float | None,
    builder: str | None,
    output: str | None,
    format_name: Literal["table", "markdown", "json"],
    no_smoke: bool,
    quiet: bool,
) -> int:
    """Build two states of this git repository in turns, and say what HEAD costs more or less than BASE.

    Both are laid out in a temporary folder with the same times and modes, and each takes its own bench file.
    """
    connecting = Connecting(builder)

    from layerbench.cli.ab_measuring import Asked, measure_states
    from layerbench.cli.ab_output import compare_states, print_comparison
    from layerbench.cli.displays import open_display
    from layerbench.runner.ab.rounds import Limits

    asked = Asked(
        base=base,
        head=head,
        bench_file=Path(bench_file) if bench_file else None,
        variants=variants,
        scenarios=scenarios,
        limits=Limits(rounds, time_budget),
        output=Path(output) if output else None,
        smoke=not no_smoke,
    )
    with open_display(quiet) as display:
        outcome = measure_states(asked, connecting, display, os.environ)
    print_comparison(outcome, compare_states(outcome), format_name, top=_TOP)
    click.echo(f"result files: {outcome.paths['base']} {outcome.paths['head']}", err=True)
    if has_failures(*outcome.results.values()):
        return 3
    return 0
