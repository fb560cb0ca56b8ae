"""`layerbench` as a process whose builds are over already: CASE says how they went. Everything else is real."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import layerbench.ab.measuring
from layerbench.ab.measuring import Asked, Outcome
from layerbench.cli import main
from layerbench.results.file import write_result
from tests.ab import outcomes
from tests.results import factory

CASES: dict[str, dict[str, Any]] = {
    "fine": {},
    "grown": {"results": outcomes.grown(12_400_000)},
    "failed-in-base": {"results": outcomes.failed_in_base()},
    "left-out": {"left_out": (outcomes.LEFT_OUT,)},
    "renamed": {"results": outcomes.renamed(12_400_000)},
}


def _measured(asked: Asked, *_: object) -> Outcome:
    assert asked.output is not None
    made = replace(outcomes.outcome(asked.output), check_limits=outcomes.limits(outcomes.GROWTH))
    made = replace(made, **CASES[os.environ["CASE"]])
    for side, path in made.paths.items():
        write_result(made.results[side], path)
    return outcomes.judged_by(made, asked)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        write_result(factory.result(), Path(sys.argv[sys.argv.index("-o") + 1]))
        sys.exit()
    layerbench.ab.measuring.measure_states = _measured
    main()
