"""`layerbench doctor`."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from layerbench.cli.output import note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layerbench.runner.diagnosis import Check

_NO_RUN = 3
_NAME_WIDTH = 17
_STATE_WIDTH = 8
_WORDS = {"ok": "ok", "warning": "warning", "missing": "MISSING"}
_COLORS = {"ok": "green", "warning": "yellow", "missing": "red"}


@click.command(
    epilog="""\b
Examples:
  layerbench doctor                     what `layerbench run` would meet in this folder
  layerbench doctor -c web/layerbench.toml --builder cross
  layerbench doctor --json | jq -r '.checks[] | select(.state != "ok") | .mend'

\b
Exit codes: 0 a run could start, 2 usage, 3 something is missing."""
)
@click.option("-c", "--bench-file", metavar="BENCH", help="Bench file  [default: layerbench.toml, if there is one]")
@click.option("--builder", metavar="NAME", help="The buildx builder  [default: the one docker buildx build takes]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(bench_file: str | None, builder: str | None, as_json: bool) -> int:
    """Say what is there and what is missing, and the mend for each.

    Bases are tried by small builds, which pull those that are not there yet. Nothing else is changed.
    """
    from layerbench.runner.diagnosis import diagnose

    checks = diagnose(Path(bench_file) if bench_file else None, builder, note)
    done = list(checks) if as_json else _printed(checks)
    missing = [check.name for check in done if check.state == "missing"]
    if as_json:
        described = [dataclasses.asdict(check) for check in done]
        _print(json.dumps({"can_run": not missing, "checks": described}, indent=2, ensure_ascii=False))
    else:
        _print("")
        _print(f"no run can start: see {', '.join(dict.fromkeys(missing))}" if missing else "a run can start")
    return _NO_RUN if missing else 0


def _printed(checks: Iterable[Check]) -> list[Check]:
    """The checks, each printed as soon as it is known."""
    done = []
    for check in checks:
        done.append(check)
        state = click.style(_WORDS[check.state].ljust(_STATE_WIDTH), fg=_COLORS[check.state])
        _print(f"{check.name.ljust(_NAME_WIDTH)} {state} {check.detail}")
        if check.mend:
            _print(f"{' ' * (_NAME_WIDTH + _STATE_WIDTH + 1)} mend: {check.mend}")
    return done


def _print(line: str) -> None:
    """Print a line, in what characters and colours standard output has."""
    encoding = sys.stdout.encoding or "utf-8"
    is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    click.echo(line.encode(encoding, "backslashreplace").decode(encoding), color=False if is_plain else None)
