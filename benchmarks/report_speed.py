"""`layerbench report` of a 1,000-build result file: at most 1 s as a whole process.

Prints the fastest and the median of several runs for each shape and format. The fastest counts, since whatever else the
machine does only adds to a run; exits with 1 where that is above the limit. Where the processor time is far below the
wall time, other processes had the machine. Bytecode is written before the first run.
"""

from __future__ import annotations

import compileall
import dataclasses
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.results import factory  # noqa: E402

from layerbench.results.file import write_result  # noqa: E402
from layerbench.results.models import Result  # noqa: E402

LIMIT_SECONDS = 1.0
RUNS = 7
COMMANDS = {
    "table": (),
    "table --steps": ("--steps",),
    "json": ("--format", "json"),
    "markdown --steps": ("--format", "markdown", "--steps"),
    "csv": ("--format", "csv"),
}


def many_rounds() -> Result:
    """5 variants, 10 scenarios, 20 rounds."""
    return factory.result(scenarios=_scenarios(10), rounds=20)


def many_variants() -> Result:
    """100 variants, 5 scenarios, 2 rounds."""
    plans = [dataclasses.replace(plan, name=f"{plan.name}-{number}") for number in range(20) for plan in factory.WEB]
    return factory.result(plans, _scenarios(5), rounds=2)


def _scenarios(count: int) -> list[factory.ScenarioRecord]:
    known = factory.SCENARIOS
    return [
        dataclasses.replace(known[at % len(known)], name=known[at].name if at < len(known) else f"scenario-{at}")
        for at in range(count)
    ]


def measure(path: Path, options: tuple[str, ...]) -> tuple[list[float], list[float]]:
    """Wall and processor seconds of whole processes."""
    command = [sys.executable, "-c", "from layerbench.cli import main; main()", "report", str(path), *options]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    wall_seconds, cpu_seconds = [], []
    for _ in range(RUNS + 1):
        begin, begin_cpu = time.perf_counter(), _children_cpu_seconds()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        wall_seconds.append(time.perf_counter() - begin)
        cpu_seconds.append(_children_cpu_seconds() - begin_cpu)
    return wall_seconds[1:], cpu_seconds[1:]


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    compileall.compile_dir(PROJECT / "src", quiet=2)
    slow = 0
    with tempfile.TemporaryDirectory() as folder:
        for shape in (many_rounds, many_variants):
            path = Path(folder) / f"{shape.__name__}.json"
            result = shape()
            write_result(result, path)
            print(f"{shape.__doc__} {len(result.builds)} builds, {path.stat().st_size / 1e6:.1f} MB")
            for name, options in COMMANDS.items():
                seconds, cpu_seconds = measure(path, options)
                fastest, median = min(seconds), statistics.median(seconds)
                slow += fastest > LIMIT_SECONDS
                verdict = "ok" if fastest <= LIMIT_SECONDS else "TOO SLOW"
                figures = f"fastest {fastest:.2f} s, median {median:.2f} s, processor {min(cpu_seconds):.2f} s"
                print(f"  {name:18} {figures}, limit {LIMIT_SECONDS} s: {verdict}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
