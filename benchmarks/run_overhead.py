"""What `layerbench run` adds to the builds that it drives: wall time against a shell that runs the same command lines.

A hundred warm builds: at most 1.05; cold ones as long as the sample app's: at most 1.02. The whole process counts, its
start, its look at engine and base, and its clean-up included; the reading of images, which a shell does not do, is
timed inside and taken off. Each build has its counterpart right beside it: a shell that waits in between gets the same
line, by turns before and after, so that a drift of the machine hits both. Any engine that the docker client reaches
will do; exits with 1 where a ratio is above its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.busybox import load_base  # noqa: E402

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
COLD_SECONDS = 8.0
# Runs the real command. Before or after each build a shell does the same one: a warm one hits the same cache, a cold
# one has --no-cache and a namespace of its own.
LAUNCHER = """
import json, re, secrets, shlex, subprocess, sys, time
from pathlib import Path
from layerbench.runner import images, variant_builder

path, tag = Path(sys.argv.pop()), sys.argv.pop()
seconds = {"shell": 0.0, "reading": 0.0}
shell = None
builds = 0

def in_shell(command):
    global shell
    if shell is None:
        shell = subprocess.Popen(["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    words = [f"--tag={tag}" if word.startswith("--tag=") else word for word in command]
    if "--no-cache" in words:
        fresh = f"layerbench-{secrets.token_hex(8)}"
        words = [re.sub("layerbench-[0-9a-f]{16}(?=[.]invalid:|$)", fresh, word) for word in words]
    begin = time.perf_counter()
    print(shlex.join(words), "2> /dev/null > /dev/null; echo $?", file=shell.stdin, flush=True)
    assert shell.stdout.readline() == "0\\n", shlex.join(words)
    seconds["shell"] += time.perf_counter() - begin

def paired(command, *arguments, **options):
    global builds
    builds += 1
    if builds % 2:
        in_shell(command)
    try:
        return run_build(command, *arguments, **options)
    finally:
        if builds % 2 == 0:
            in_shell(command)

def timed(*arguments):
    begin = time.perf_counter()
    try:
        return read(*arguments)
    finally:
        seconds["reading"] += time.perf_counter() - begin

run_build, variant_builder.run_build = variant_builder.run_build, paired
read, images.ImageReader.read = images.ImageReader.read, timed
from layerbench.cli import main
try:
    main()
finally:
    path.write_text(json.dumps(seconds))
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
    parser.add_argument("--cold-rounds", type=int, default=100)
    options = parser.parse_args()
    cases = (Case("warm", options.warm_rounds, 0.0, 1.05), Case("cold", options.cold_rounds, COLD_SECONDS, 1.02))
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
    context = folder / case.scenario
    context.mkdir()
    (context / "v.Dockerfile").write_text(DOCKERFILE)
    (context / "requirements.txt").write_text(f"{case.install_seconds:g}\n")
    (context / "app.py").write_text("print('hello')\n")
    (context / "layerbench.toml").write_text("[variants.v]\n")
    run(docker, folder, context, Case(case.scenario, 2, 0.0, 0.0))  # what is slow only once
    seconds = run(docker, folder, context, case)
    ratio = seconds["own"] / seconds["shell"]
    verdict = "ok" if ratio <= case.limit else "TOO SLOW"
    print(
        f"{case.rounds} {case.scenario} builds: shell {seconds['shell']:.2f} s, layerbench {seconds['own']:.2f} s and "
        f"{seconds['reading']:.2f} s for reading images; ratio {ratio:.3f}, limit {case.limit}: {verdict}"
    )
    return ratio <= case.limit


def run(docker: DockerClient, folder: Path, context: Path, case: Case) -> dict[str, float]:
    """Seconds of the whole process without its counterparts and its reading of images, and those of each."""
    spent = folder / "spent"
    options = ["run", "--quiet", "--scenario", case.scenario, "--rounds", str(case.rounds)]
    command = [sys.executable, "-c", LAUNCHER, *options, "-c", str(context / "layerbench.toml")]
    command += ["-o", str(folder / f"{case.scenario}.json"), TAG, str(spent)]
    environment = {name: value for name, value in docker.environ().items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=os.fspath(folder),
    )
    whole_seconds = time.perf_counter() - begin
    seconds: dict[str, float] = json.loads(spent.read_text())
    return {"own": whole_seconds - sum(seconds.values()), **seconds}


if __name__ == "__main__":
    sys.exit(main())
