"""How well a what-if foretells a build: the estimate from one build held against builds where that step is really gone.

Each case is a Dockerfile and one of its steps; `layerbench run` builds it with and without that step, by turns, cold.
For each case the estimates (one for each round's build that has the step) and the times of the builds that lack it are
compared by their medians; printed is the error of each. Exits with 1 where the median error is above 10 %. Any engine
that the docker client reaches will do. Three rounds of seven cases take about two minutes on a machine that has nothing
else to do.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.busybox import load_base  # noqa: E402

from layerbench.analysis.critical_path.what_if import what_if_without  # noqa: E402
from layerbench.analysis.steps import is_valid  # noqa: E402
from layerbench.buildx.docker import DockerClient  # noqa: E402
from layerbench.results.file import read_result  # noqa: E402
from layerbench.results.models import Build, Result  # noqa: E402

BASE = "layerbench-benchmark/what-if-base:1"
MOST_MEDIAN_ERROR = 0.10
GONE = "#GONE "
"""Marks the instruction that the second Dockerfile lacks."""
RANDOM = "dd if=/dev/urandom bs=1M"
TWO_STAGES = """FROM {base} AS left
%sRUN sleep 1.2 && echo a > /left
%sRUN sleep 0.8 && echo b >> /etc/left
FROM {base} AS right
%sRUN sleep 1.5 && echo c > /right
FROM {base}
COPY --from=left /etc /left
COPY --from=right /etc /right
RUN sleep 0.3
"""


@dataclass(frozen=True)
class Case:
    """A Dockerfile with one instruction marked."""

    name: str
    dockerfile: str

    def whole(self) -> str:
        return self.dockerfile.format(base=BASE).replace(GONE, "")

    def without(self) -> str:
        lines = self.dockerfile.format(base=BASE).splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(GONE))

    @property
    def instruction(self) -> str:
        """What is gone, as BuildKit prints it."""
        [found] = [line.removeprefix(GONE) for line in self.dockerfile.splitlines() if line.startswith(GONE)]
        return found


CASES = (
    Case("a RUN of several in one stage", f"FROM {{base}}\nRUN sleep 0.7\n{GONE}RUN sleep 2\nRUN sleep 0.5\n"),
    Case("a step of the longer stage", TWO_STAGES % (GONE, "", "")),
    Case("the last step of the longer stage", TWO_STAGES % ("", GONE, "")),
    Case("the shorter stage's step", TWO_STAGES % ("", "", GONE)),
    Case(
        "a layer of 60 MB",
        f"FROM {{base}}\nRUN sleep 1\n{GONE}RUN {RANDOM} count=60 of=/big\nRUN {RANDOM} count=10 of=/small\n",
    ),
    Case("a COPY of the context", f"FROM {{base}}\nRUN sleep 1\n{GONE}COPY data /data\nRUN sleep 0.5\n"),
    Case(
        "work beside work",
        "FROM {base} AS left\nRUN dd if=/dev/zero bs=1M count=300 | sha256sum > /left\n"
        f"{GONE}RUN dd if=/dev/zero bs=1M count=500 | sha256sum > /etc/more\n"
        "FROM {base}\nRUN dd if=/dev/zero bs=1M count=250 | sha256sum > /right\nCOPY --from=left /left /left\n",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 where the median error is within its limit, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    docker = DockerClient()
    load_base(docker, BASE)
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = measure(docker, Path(folder), options.rounds)
    finally:
        docker.run("image", "rm", "--force", BASE)
    errors = [error for number, case in enumerate(CASES) if (error := judge(result, number, case)) is not None]
    if not errors:
        print("no case was built with and without its step: there is no error to look at")
        return 1
    median = statistics.median(errors)
    verdict = "ok" if median <= MOST_MEDIAN_ERROR else "TOO HIGH"
    print(f"median error of {len(errors)} cases {median:.1%}, limit {MOST_MEDIAN_ERROR:.0%}: {verdict}")
    return int(median > MOST_MEDIAN_ERROR or len(errors) < len(CASES))


def measure(docker: DockerClient, folder: Path, rounds: int) -> Result:
    """Build all cases by turns, with and without their steps."""
    bench_file = []
    (folder / "data").write_bytes(os.urandom(20_000_000))
    for number, case in enumerate(CASES):
        for name, text in ((f"whole-{number}", case.whole()), (f"without-{number}", case.without())):
            (folder / f"{name}.Dockerfile").write_text(text)
            bench_file.append(f'[variants.{name}]\ndockerfile = "{name}.Dockerfile"\n')
    (folder / "layerbench.toml").write_text("".join(bench_file))
    output = folder / "result.json"
    command = [sys.executable, "-c", "from layerbench.cli import main; main()", "run", "--quiet"]
    command += ["--scenario", "cold", "--rounds", str(rounds), "-o", str(output)]
    subprocess.run(command, check=True, cwd=folder, env=docker.environ(), stdout=subprocess.DEVNULL)
    return read_result(output)


def judge(result: Result, number: int, case: Case) -> float | None:
    """Print what was foretold and what came; the error as a share of what came."""
    whole, without = builds(result, f"whole-{number}"), builds(result, f"without-{number}")
    foretold = [seconds for build in whole if (seconds := estimate(build, case)) is not None]
    came = [build.wall_seconds for build in without if build.wall_seconds is not None]
    if not foretold or not came:
        print(f"{case.name}: not built with and without its step")
        return None
    estimated, real = statistics.median(foretold), statistics.median(came)
    before = statistics.median(build.wall_seconds or 0.0 for build in whole)
    error = abs(estimated - real) / real
    print(
        f"{case.name}: {before:.2f} s with it, without {estimated:.2f} s foretold, {real:.2f} s came: {error:.1%} off"
    )
    return error


def builds(result: Result, variant: str) -> list[Build]:
    """The builds of a variant that count."""
    return [build for build in result.builds if build.variant == variant and is_valid(build)]


def estimate(build: Build, case: Case) -> float | None:
    """Seconds that the build would take without the case's step."""
    positions = [at for at, step in enumerate(build.steps) if step.instruction == case.instruction]
    return what_if_without(build, positions) if positions else None


if __name__ == "__main__":
    sys.exit(main())
