"""What comparing times says of real builds: nothing of equal ones, `slower` of the one step that takes 10 % longer.

`layerbench run` builds five variants by turns, each with three steps that take time. Four are equal, so whatever is
claimed of two of them is wrong; in the fifth one RUN sleeps 10 % longer, as a file in its context tells it to, and each
of the four is held against it. Prints what was claimed of every pair. Any engine that the docker client reaches will
do; a run of ten rounds builds fifty times, which takes two minutes on a machine that has nothing else to do. Exits with
1 where more equal pairs are told apart than one in a hundred makes likely, or the slower step is found in fewer than
three of four pairs.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.busybox import load_base  # noqa: E402

from layerbench.analysis.comparison.step_times import BuildTimes, compare_build_times  # noqa: E402
from layerbench.analysis.paired import PairedTimes  # noqa: E402
from layerbench.buildx.docker import DockerClient  # noqa: E402
from layerbench.results.file import read_result  # noqa: E402
from layerbench.results.models import Build, Result  # noqa: E402

BASE = "layerbench-benchmark/paired-base:1"
SLOW_STEP = "RUN sleep $(cat seconds)"
DOCKERFILE = f"""FROM {BASE}
WORKDIR /app
COPY seconds .
RUN dd if=/dev/zero bs=1M count=64 | sha256sum > /sum
{SLOW_STEP}
RUN sleep 0.3
"""
EQUAL = ("a", "b", "c", "d")
SLOWER = 1.1
FALSE_CLAIMS = 0.01
LEAST_FOUND = 0.75


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    docker = DockerClient()
    load_base(docker, BASE)
    print("load averages: {:.1f} {:.1f} {:.1f}, on {} processors".format(*os.getloadavg(), os.cpu_count()))
    equal, slower = [], []
    try:
        with tempfile.TemporaryDirectory() as folder:
            bench = write_bench(Path(folder), options.seconds)
            for _ in range(options.runs):
                result = run(docker, bench, options.rounds)
                equal += [described(result, first, second) for first, second in itertools.combinations(EQUAL, 2)]
                slower += [described(result, first, "slower") for first in EQUAL]
    finally:
        docker.run("image", "rm", "--force", BASE)
    print("load averages: {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()))
    return judged(equal, slower, options.rounds)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; what is not said is chosen so that all takes about two minutes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive_count, default=10, help="of each run (default: 10)")
    parser.add_argument("--seconds", type=positive_seconds, default=0.6, help="that base's RUN sleeps (default: 0.6)")
    parser.add_argument("--runs", type=positive_count, default=1, help="one after the other (default: 1)")
    return parser.parse_args(arguments)


def positive_count(text: str) -> int:
    """A whole number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number


def positive_seconds(text: str) -> float:
    """A time that a RUN can sleep."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("has to be above 0")
    return number


def write_bench(folder: Path, seconds: float) -> Path:
    """Write the bench file with its contexts, and return its path."""
    lines = []
    for variant in (*EQUAL, "slower"):
        context = folder / variant
        context.mkdir()
        (context / "Dockerfile").write_text(DOCKERFILE)
        (context / "seconds").write_text(f"{seconds * SLOWER if variant == 'slower' else seconds:g}\n")
        lines += [f"[variants.{variant}]", f'context = "{variant}"', f'dockerfile = "{variant}/Dockerfile"']
    bench = folder / "layerbench.toml"
    bench.write_text("\n".join(lines) + "\n")
    return bench


def run(docker: DockerClient, bench: Path, rounds: int) -> Result:
    """Build all five variants by turns."""
    output = bench.parent / "result.json"
    command = [sys.executable, "-c", "from layerbench.cli import main; main()", "run", "--quiet"]
    command += ["--scenario", "cold", "--rounds", str(rounds), "-c", os.fspath(bench), "-o", os.fspath(output)]
    subprocess.run(command, check=True, env=docker.environ(), stdout=subprocess.DEVNULL)
    result = read_result(output)
    for path in bench.parent.glob("result*"):
        path.unlink()
    return result


def described(result: Result, base: str, head: str) -> BuildTimes:
    """Compare one variant with another, and print what comes of it."""
    found = compare_build_times(builds_of(result, base), builds_of(result, head))
    assert found is not None, f"no round has valid builds of both {base} and {head}"
    for name, time in named(found):
        print(f"{base} -> {head:6} {name:24.24} {figures(time)}", flush=True)
    return found


def named(found: BuildTimes) -> Iterator[tuple[str, PairedTimes]]:
    """The build as a whole, and its steps by their instructions."""
    yield "whole build", found.total
    for step in found.steps:
        yield step.instruction, step.time


def figures(found: PairedTimes) -> str:
    interval = "" if found.interval_low is None else f" ({found.interval_low:.3f} to {found.interval_high:.3f})"
    floor = "" if found.noise_floor is None else f", noise floor {found.noise_floor:.1%}"
    p_value = "" if found.p_value is None else f", p = {found.p_value:.4f}"
    return f"{found.verdict:13} {found.ratio:.3f}{interval} in {found.rounds} rounds{p_value}{floor}"


def builds_of(result: Result, variant: str) -> tuple[Build, ...]:
    return tuple(build for build in result.builds if build.variant == variant)


def judged(equal: Sequence[BuildTimes], slower: Sequence[BuildTimes], rounds: int) -> int:
    """Print the sums; exit code."""
    wrong = sum(bool(claimed(found)) for found in equal)
    steps = [claimed(found) for found in slower]
    found = sum(one.get(SLOW_STEP) == "slower" for one in steps)
    strange = Counter(name for one in steps for name in one if name not in (SLOW_STEP, "whole build"))
    most = likely_at_most(len(equal), FALSE_CLAIMS)
    least = math.ceil(LEAST_FOUND * len(slower))
    print(f"equal builds told apart, by the whole or by any step: {wrong} of {len(equal)} pairs, limit {most}")
    print(f"10 % slower step found within {rounds} rounds: {found} of {len(slower)} pairs, limit at least {least}")
    print(f"other steps called slower or faster beside it: {sum(strange.values())}")
    return 0 if wrong <= most and found >= least else 1


def claimed(found: BuildTimes) -> dict[str, str]:
    """What is said to differ, with what is said of it."""
    return {name: time.verdict for name, time in named(found) if time.verdict in ("slower", "faster")}


def likely_at_most(count: int, share: float) -> int:
    """The fewest hits that more than so many of `count` trials have with less than 1 % probability."""
    reached = 0.0
    for hits in range(count + 1):
        reached += math.comb(count, hits) * share**hits * (1 - share) ** (count - hits)
        if reached > 0.99:
            return hits
    return count


if __name__ == "__main__":
    sys.exit(main())
