"""Predicted against measured seconds of rebuilds, over the scenarios of the sample apps.

Each scenario is predicted from the other ones of its variant, and held against what it took. Reads result files: by
default those that `make bench` leaves in `bench-results`. Exits with 1 where the median error is above the limit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from layerbench.analysis.predict.crosscheck import CheckedSeconds, check_seconds, median_error  # noqa: E402
from layerbench.results.file import read_result  # noqa: E402

LIMIT = 0.10


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="*", type=Path, help="result files (default: bench-results/*.json)")
    given: list[Path] = parser.parse_args(arguments).results
    paths = given or sorted((PROJECT / "bench-results").glob("*.json"))
    if not paths:
        print("nothing was measured: `make bench` first, or name result files")
        return 1
    checked: list[CheckedSeconds] = []
    composed: list[CheckedSeconds] = []
    for path in paths:
        result = read_result(path)
        print(f"{path.name}: {len(result.builds)} builds")
        found = check_seconds(result)
        for one in found:
            told = "not known" if one.predicted_seconds is None else f"{one.predicted_seconds:6.2f} s"
            off = "" if one.error is None else f"{one.error:7.1%}"
            print(
                f"  {one.variant:18} {one.scenario:14} measured {one.measured_seconds:6.2f} s, predicted {told} {off}"
            )
        checked += found
        composed += check_seconds(result, composed=True)
    error = median_error(tuple(checked))
    alone = [one.error for one in composed if one.error is not None]
    if error is None:
        print("nothing could be predicted: the results hold no rebuilds")
        return 1
    print(f"median error of {len(checked)} rebuilds: {error:.1%}, limit {LIMIT:.0%}")
    if alone:
        print(f"put together from single steps only: {median(alone):.1%} of {len(alone)}")
    return int(error > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
