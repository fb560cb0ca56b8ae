"""What `layerbench run` adds to the builds that it drives: wall time against a shell loop of the same command lines.

A hundred warm builds: at most 1.05; cold ones of some seconds each: at most 1.02. The whole process counts, its start,
its look at engine and base, and its clean-up included; the reading of images, which a shell loop does not do, is timed
inside and taken off. The shell loop runs half before and half after, so that a drift of the machine hits both. Any
engine that the docker client reaches will do; exits with 1 where a ratio is above its limit.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.busybox import load_base  # noqa: E402

from layerbench.buildx.command import BuildRequest, Namespace  # noqa: E402
from layerbench.buildx.docker import DockerClient  # noqa: E402

BASE = "layerbench-benchmark/base:1"
TAG = "layerbench-benchmark/shell:1"
DOCKERFILE = f"""FROM {BASE}
WORKDIR /app
COPY requirements.txt .
RUN sleep "$(cat requirements.txt)" && echo installed > installed
COPY . .
CMD ["sh"]
"""
# Runs the real command, with a clock around the one thing that is to be taken off.
LAUNCHER = """
import sys, time
from pathlib import Path
import layerbench.runner.images as images

read, spent, path = images.ImageReader.read, [0.0], Path(sys.argv.pop())

def timed(*arguments):
    begin = time.perf_counter()
    try:
        return read(*arguments)
    finally:
        spent[0] += time.perf_counter() - begin

images.ImageReader.read = timed
from layerbench.cli import main
try:
    main()
finally:
    path.write_text(str(spent[0]))
"""


@dataclass(frozen=True)
class Case:
    """One comparison."""

    scenario: str
    rounds: int
    install_seconds: float
    limit: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warm-rounds", type=int, default=100)
    parser.add_argument("--cold-rounds", type=int, default=12)
    options = parser.parse_args()
    cases = (Case("warm", options.warm_rounds, 0.0, 1.05), Case("cold", options.cold_rounds, 4.0, 1.02))
    docker = DockerClient()
    load_base(docker, BASE)
    try:
        with tempfile.TemporaryDirectory() as folder:
            verdicts = [compare(docker, Path(folder), case) for case in cases]
    finally:
        docker.run("image", "rm", "--force", BASE, TAG)
    return 0 if all(verdicts) else 1


def compare(docker: DockerClient, folder: Path, case: Case) -> bool:
    """Print one ratio, and say whether it is within its limit."""
    context = folder / f"context-{secrets.token_hex(8)}"
    context.mkdir()
    (context / "v.Dockerfile").write_text(DOCKERFILE)
    (context / "requirements.txt").write_text(f"{case.install_seconds:g}\n")
    (context / "app.py").write_text("print('hello')\n")
    (context / "layerbench.toml").write_text("[variants.v]\n")
    first, second = shell_scripts(docker, context, case)
    run_shell(docker, shell_scripts(docker, context, Case(case.scenario, 2, 0.0, 0.0))[0])  # what is slow only once
    shell_seconds = run_shell(docker, first)
    run_seconds, reading_seconds = run_layerbench(docker, folder, context, case)
    shell_seconds += run_shell(docker, second)
    ratio = (run_seconds - reading_seconds) / shell_seconds
    verdict = "ok" if ratio <= case.limit else "TOO SLOW"
    print(
        f"{case.rounds} {case.scenario} builds: shell loop {shell_seconds:.2f} s, layerbench {run_seconds:.2f} s, of "
        f"which {reading_seconds:.2f} s for reading images; ratio {ratio:.3f}, limit {case.limit}: {verdict}"
    )
    return ratio <= case.limit


def shell_scripts(docker: DockerClient, context: Path, case: Case) -> tuple[str, str]:
    """Two halves of a shell loop over the builds that a run of the case does; warm ones need a cold one before."""
    namespace = Namespace.new()
    half = case.rounds // 2
    warm = build_line(docker, context, namespace, no_cache=False)
    if case.scenario == "warm":
        cold = build_line(docker, context, namespace, no_cache=True)
        return f"{cold}\n{loop(warm, half)}", loop(warm, case.rounds - half)
    lines = [build_line(docker, context, Namespace.new(), no_cache=True) for _ in range(case.rounds)]
    return "\n".join(lines[:half]), "\n".join(lines[half:])


def loop(line: str, count: int) -> str:
    return f"i=0\nwhile [ $i -lt {count} ]; do\n  {line}\n  i=$((i+1))\ndone"


def build_line(docker: DockerClient, context: Path, namespace: Namespace, *, no_cache: bool) -> str:
    request = BuildRequest(context, context / "v.Dockerfile", TAG, namespace, no_cache)
    return f"{shlex.join(request.command(docker))} 2> /dev/null || exit 1"


def run_shell(docker: DockerClient, script: str) -> float:
    begin = time.perf_counter()
    subprocess.run(["sh", "-c", script], check=True, env=docker.environ(), stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def run_layerbench(docker: DockerClient, folder: Path, context: Path, case: Case) -> tuple[float, float]:
    """Wall seconds of the whole process, and those of reading images."""
    spent = folder / "spent"
    options = ["run", "--quiet", "--scenario", case.scenario, "--rounds", str(case.rounds)]
    command = [sys.executable, "-c", LAUNCHER, *options, "-c", str(context / "layerbench.toml")]
    command += ["-o", str(folder / f"{case.scenario}.json"), str(spent)]
    environment = {name: value for name, value in docker.environ().items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, cwd=os.fspath(folder))
    return time.perf_counter() - begin, float(spent.read_text())


if __name__ == "__main__":
    sys.exit(main())
