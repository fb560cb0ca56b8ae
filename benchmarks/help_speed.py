"""`layerbench --help`: at most 0.15 s as a whole process, by the fastest of several runs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

LIMIT_SECONDS = 0.15
RUNS = 15


def main() -> int:
    """Print the figure; 1 where it is above the limit."""
    command = [str(Path(sys.executable).with_name("layerbench")), "--help"]
    seconds = sorted(_run_seconds(command) for _ in range(RUNS))
    print(f"layerbench --help: {seconds[0]:.3f} s fastest, {seconds[RUNS // 2]:.3f} s median (limit {LIMIT_SECONDS} s)")
    return int(seconds[0] > LIMIT_SECONDS)


def _run_seconds(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
