"""`layerbench plan`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from layerbench.cli.bench_options import Selection, selects_bench

if TYPE_CHECKING:
    from layerbench.config.models import BenchFile
    from layerbench.plan import Plan
    from layerbench.runner.estimate import Durations


@click.command(
    epilog="""\b
Examples:
  layerbench plan                       every build of layerbench.toml, in order
  layerbench plan --variant multi --rounds 1
  layerbench plan --times result.json   with an estimate from an earlier result file
  layerbench plan --json | jq '.builds[].scenario'"""
)
@selects_bench
@click.option("--times", metavar="RESULT", help="Estimate from this result file  [default: the last run's, if any]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(selection: Selection, times: str | None, as_json: bool) -> None:
    """Print the builds that a run would do, in order, without doing them."""
    from layerbench.plan import make_plan

    bench = selection.load(lambda text: click.echo(f"layerbench: {text}", err=True))
    planned = make_plan(bench)
    durations = _durations(bench, times)
    if as_json:
        click.echo(json.dumps(_as_json(bench, planned, durations), indent=2, ensure_ascii=False))
    else:
        for line in _lines(bench, planned, durations):
            click.echo(line)


def _durations(bench: BenchFile, times: str | None) -> Durations:
    from layerbench.results.file import read_result
    from layerbench.runner.estimate import known_durations, last_durations

    if times is None:
        return last_durations(bench.name, bench.folder)
    return known_durations(read_result(Path(times)).builds)


def _lines(bench: BenchFile, planned: Plan, durations: Durations) -> list[str]:
    from layerbench.runner.estimate import plan_seconds

    rounds = "1 round" if len(planned.rounds) == 1 else f"{len(planned.rounds)} rounds"
    lines = [f"{bench.name}: {len(planned.builds)} builds in {rounds}"]
    lines += ["", "variants:", *(f"  {line}" for line in _variant_lines(bench))]
    lines += ["", "scenarios:", *(f"  {line}" for line in _scenario_lines(bench))]
    number = 0
    for a_round in planned.rounds:
        lines += ["", f"round {a_round.number}:"]
        lines += [f"     -  {base.variant.name}: cold, to fill its cache; not measured" for base in a_round.bases]
        for build in a_round.builds:
            number += 1
            known = durations.get((build.variant.name, build.scenario.name))
            shown = f"  (last {known:.1f} s)" if known is not None else ""
            lines.append(f"  {number:>4}  {build.variant.name}: {build.scenario.name}{shown}")
    seconds = plan_seconds(planned, durations)
    estimate = (
        f"about {seconds:.0f} s of builds" if seconds is not None else "not known: not all of them were timed before"
    )
    return [*lines, "", f"estimate: {estimate}"]


def _variant_lines(bench: BenchFile) -> list[str]:
    from layerbench.runner.records import bench_record

    lines = []
    for variant in bench_record(bench).variants:
        parts = [variant.dockerfile, f"context {variant.context}"]
        parts += [f"target {variant.target}"] if variant.target else []
        parts += [f"{name}={value}" for name, value in variant.build_args.items()]
        parts += [f"secret {name}" for name in variant.secrets]
        parts += [f"platform {variant.platform}"] if variant.platform else []
        parts += [f"network {variant.network}"] if variant.network else []
        parts += list(variant.extra_args)
        lines.append(f"{variant.name}: {', '.join(parts)}")
    return lines


def _scenario_lines(bench: BenchFile) -> list[str]:
    lines = []
    for scenario in bench.scenarios:
        what = scenario.description or "; ".join(type(edit).__name__.lower() for edit in scenario.edits)
        lines.append(f"{scenario.name}: {what}")
    return lines


def _as_json(bench: BenchFile, planned: Plan, durations: Durations) -> dict[str, Any]:
    from layerbench.runner.estimate import plan_seconds

    return {
        "bench": bench.name,
        "rounds": bench.rounds,
        "builds": [
            {
                "variant": build.variant.name,
                "scenario": build.scenario.name,
                "round": build.round,
                "last_wall_seconds": durations.get((build.variant.name, build.scenario.name)),
            }
            for build in planned.builds
        ],
        "unmeasured_cold_builds": [
            {"variant": base.variant.name, "round": base.round} for a_round in planned.rounds for base in a_round.bases
        ],
        "estimate_seconds": plan_seconds(planned, durations),
    }
