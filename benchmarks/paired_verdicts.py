"""What comparing times says of real builds: nothing of equal ones, `slower` of a step that takes 10 % longer.

`layerbench run` builds three variants by turns. Two are equal, so whatever is claimed of them is wrong; in the third
the RUN sleeps 10 % longer, as a file in its context tells it to. Prints the verdict of every comparison. Any engine
that the docker client reaches will do; a comparison takes about a minute and a half. Exits with 1 where more than one
in a hundred pairs of equal builds is told apart, or a slower step is not found.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.busybox import load_base  # noqa: E402

from layerbench.analysis.paired import PairedTimes, compare_times  # noqa: E402
from layerbench.analysis.steps import is_valid  # noqa: E402
from layerbench.buildx.docker import DockerClient  # noqa: E402
from layerbench.results.file import read_result  # noqa: E402
from layerbench.results.models import Result  # noqa: E402

BASE = "layerbench-benchmark/paired-base:1"
DOCKERFILE = f"""FROM {BASE}
WORKDIR /app
COPY seconds .
RUN sleep $(cat seconds)
"""
SLOWER = 1.1
FALSE_CLAIMS = 0.01


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    docker = DockerClient()
    load_base(docker, BASE)
    try:
        with tempfile.TemporaryDirectory() as folder:
            bench = write_bench(Path(folder), options.seconds)
            pairs = [compare(docker, bench, options.rounds) for _ in range(options.comparisons)]
    finally:
        docker.run("image", "rm", "--force", BASE)
    claimed = sum(equal.verdict in {"slower", "faster"} for equal, _ in pairs)
    found = sum(slower.verdict == "slower" for _, slower in pairs)
    print(f"equal builds told apart: {claimed} of {len(pairs)}, limit {FALSE_CLAIMS:.0%}")
    print(f"10 % found within {options.rounds} rounds: {found} of {len(pairs)}, limit all")
    return 0 if claimed <= FALSE_CLAIMS * len(pairs) and found == len(pairs) else 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; what is not said is chosen so that all takes less than two minutes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive_count, default=10, help="rounds of each comparison (default: 10)")
    parser.add_argument("--seconds", type=positive_seconds, default=2.0, help="of the RUN of base (default: 2)")
    parser.add_argument("--comparisons", type=positive_count, default=1, help="runs, one after the other (default: 1)")
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
    for variant, length in {"base": seconds, "same": seconds, "slower": seconds * SLOWER}.items():
        context = folder / variant
        context.mkdir()
        (context / "Dockerfile").write_text(DOCKERFILE)
        (context / "seconds").write_text(f"{length:g}\n")
        lines += [f"[variants.{variant}]", f'context = "{variant}"', f'dockerfile = "{variant}/Dockerfile"']
    bench = folder / "layerbench.toml"
    bench.write_text("\n".join(lines) + "\n")
    return bench


def compare(docker: DockerClient, bench: Path, rounds: int) -> tuple[PairedTimes, PairedTimes]:
    """One run; print and return the comparison of equal builds and that with the slower step."""
    output = bench.parent / "result.json"
    command = [sys.executable, "-c", "from layerbench.cli import main; main()", "run", "--quiet"]
    command += ["--scenario", "cold", "--rounds", str(rounds), "-c", os.fspath(bench), "-o", os.fspath(output)]
    subprocess.run(command, check=True, env=docker.environ(), stdout=subprocess.DEVNULL)
    result = read_result(output)
    output.unlink()
    equal, slower = (described(result, variant) for variant in ("same", "slower"))
    return equal, slower


def described(result: Result, variant: str) -> PairedTimes:
    """Compare one variant with `base`, and print what comes of it."""
    found = compare_times(wall_seconds(result, "base"), wall_seconds(result, variant))
    assert found is not None, f"no round has valid builds of both base and {variant}"
    interval = "" if found.interval_low is None else f" ({found.interval_low:.3f} to {found.interval_high:.3f})"
    floor = "" if found.noise_floor is None else f", noise floor {found.noise_floor:.1%}"
    p_value = "" if found.p_value is None else f", p = {found.p_value:.4f}"
    far = f", {len(found.outliers)} outliers" if found.outliers else ""
    first = ", first round slow" if found.first_round_is_slow else ""
    needed = f", {found.rounds_needed} rounds needed" if found.rounds_needed else ""
    print(
        f"{variant:6} {found.verdict:13} {found.ratio:.3f}{interval} in {found.rounds} rounds"
        f"{p_value}{floor}{far}{first}{needed}",
        flush=True,
    )
    return found


def wall_seconds(result: Result, variant: str) -> dict[int, float]:
    """Seconds of the variant's valid builds by round."""
    return {
        build.round: build.wall_seconds
        for build in result.builds
        if build.variant == variant and is_valid(build) and build.wall_seconds is not None
    }


if __name__ == "__main__":
    sys.exit(main())
