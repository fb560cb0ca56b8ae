"""How often verdicts on times are wrong, and how often a 10 % slower step is found: the tables of docs/statistics.md.

Draws pairs of builds from formulas and from the recorded times of real, equal builds (tests/analysis/data, made by
benchmarks/support/record_build_times.py), and compares them as `layerbench compare` does: as wholes and step by step.
Needs no engine. Exits with 1 where equal builds are told apart more often than one in a hundred makes likely, or where
on a usual machine a slower step is not found within ten rounds in nine of ten comparisons.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.analysis.simulation import (
    RECORDED_UNDER_LOAD,
    Draw,
    Share,
    count_claims,
    count_claims_while_looking,
    from_formula,
    from_recorded,
    recorded_rounds,
)

from benchmarks.paired_verdicts import likely_at_most

ROUNDS = (8, 10, 12, 20)
STEPS = {"install": 3.0, "make": 0.8, "copy": 0.3}
FIVE = {f"s{at}": 1.0 for at in range(5)}
SLOWER = 1.1
USUAL = "3 steps, 2 %"
LEAST_FOUND = 0.9
FALSE_CLAIMS = 0.01
Machine = Callable[[int], Draw]


def machines() -> dict[str, tuple[Machine, str]]:
    """What is drawn from, by name; and the step that is made slower."""
    idle, loaded = recorded_rounds(), recorded_rounds(RECORDED_UNDER_LOAD)
    return {
        "1 step, 1 %": (lambda count: from_formula({"make": 2.0}, count, scatter=0.01), "make"),
        USUAL: (lambda count: from_formula(STEPS, count, scatter=0.02), "make"),
        "3 steps, 3 %": (lambda count: from_formula(STEPS, count, scatter=0.03, load=0.05), "make"),
        "3 steps, 3 %, outliers, drift": (
            lambda count: from_formula(STEPS, count, scatter=0.03, outliers=0.05, drift=0.005, load=0.05),
            "make",
        ),
        "5 steps, 3 %": (lambda count: from_formula(FIVE, count, scatter=0.03), "s2"),
        "3 steps, 10 %": (lambda count: from_formula(STEPS, count, scatter=0.10), "make"),
        "recorded, idle": (lambda count: from_recorded(idle, count), "sleep"),
        "recorded, loaded": (lambda count: from_recorded(loaded, count), "sleep"),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comparisons", type=int, default=100, help="drawn for each figure (default: 100)")
    count = parser.parse_args(arguments).comparisons
    made = machines()
    print(f"{count} comparisons for each figure; percents of them\n")
    wrong = equal_builds(made, count)
    looking(made, count)
    found = slower_steps(made, count)
    most = likely_at_most(count, FALSE_CLAIMS)
    # Of so many tables of chances, one in a hundred is above its limit; the worst of all is judged by their sum.
    total, all_of_them = sum(wrong), len(wrong) * count
    print(f"\nequal builds told apart: {total} of {all_of_them}, limit {likely_at_most(all_of_them, FALSE_CLAIMS)};")
    print(f"most for one machine: {max(wrong)} of {count} (one in a hundred makes at most {most} likely)")
    print(f"slower step found within ten rounds, {USUAL}: {found} of {count}, limit {LEAST_FOUND:.0%}")
    return 0 if total <= likely_at_most(all_of_them, FALSE_CLAIMS) and found >= LEAST_FOUND * count else 1


def equal_builds(made: Mapping[str, tuple[Machine, str]], count: int) -> list[int]:
    """Print what is claimed of equal builds; the number of comparisons with a claim, for each machine and rounds."""
    print("equal code: any claim, of the whole or of a step")
    heading()
    wrong = []
    for name, (machine, _) in made.items():
        shares = [count_claims(machine(rounds), count) for rounds in ROUNDS]
        wrong += [share.any for share in shares]
        row(name, [percent(share.any, share) for share in shares])
    return wrong


def looking(made: Mapping[str, tuple[Machine, str]], count: int) -> None:
    """Print likewise of runs of `ab` that look after 10 and after 20 rounds."""
    print("\nequal code, looks after 10 and 20 rounds: any claim at either")
    for name in ("3 steps, 3 %, outliers, drift", "3 steps, 10 %", "recorded, idle", "recorded, loaded"):
        share = count_claims_while_looking(made[name][0](20), count, 20)
        row(name, [percent(share.any, share)])


def slower_steps(made: Mapping[str, tuple[Machine, str]], count: int) -> int:
    """Print how often a step is found that is 10 % slower in head; how often within ten rounds on a usual machine."""
    print("\none step 10 % slower: the step is called slower / the whole build is / another step is called either")
    heading()
    at_ten = 0
    for name, (machine, step) in made.items():
        cells = []
        for rounds in ROUNDS:
            share = count_claims(machine(rounds), count, step=step, factor=SLOWER)
            found = share.by_name.get(step, 0)
            others = sum(number for of, number in share.by_name.items() if of not in (step, "total"))
            cells.append("/".join(percent(one, share) for one in (found, share.by_name.get("total", 0), others)))
            if (name, rounds) == (USUAL, 10):
                at_ten = found
        row(name, cells)
    return at_ten


def heading() -> None:
    row("rounds", [str(rounds) for rounds in ROUNDS])


def row(name: str, cells: Sequence[str]) -> None:
    print(f"  {name:30}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


def percent(number: int, share: Share) -> str:
    return f"{100 * number / share.comparisons:.{0 if number in (0, share.comparisons) else 1}f}"


if __name__ == "__main__":
    sys.exit(main())
