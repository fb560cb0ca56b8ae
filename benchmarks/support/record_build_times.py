"""Record the times of a few hundred real, equal builds, for simulations to draw from.

    python -m benchmarks.support.record_build_times -o tests/analysis/data/build_times.json

`layerbench run` builds four equal variants by turns: a copy of 4 MB, then a RUN that sleeps, one that computes and one
that writes many small files. Any engine that the docker client reaches will do; 60 rounds take about ten minutes. The
file keeps, of every round, the four builds' seconds as wholes and by step: builds of one round are real pairs, with all
that the machine did to both.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.busybox import load_base

from layerbench.analysis.steps import is_valid
from layerbench.buildx.docker import DockerClient
from layerbench.results.file import read_result
from layerbench.results.models import Build, Result

BASE = "layerbench-benchmark/recorded-base:1"
VARIANTS = ("a", "b", "c", "d")
STEPS = {"COPY data .": "copy", "RUN sleep": "sleep", "RUN sha256sum": "compute", "RUN mkdir": "write"}
"""How an instruction begins, and what its times are called."""
DOCKERFILE = f"""FROM {BASE}
WORKDIR /app
COPY data .
RUN sleep 0.3
RUN sha256sum data data data data > /sums
RUN mkdir /many && for at in $(seq 100); do cp /sums /many/$at; done
"""
DATA_BYTES = 4_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60, help="of four builds each (default: 60)")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    load = [round(value, 2) for value in os.getloadavg()]
    result = build(options.rounds)
    recorded = {
        "made": "python -m benchmarks.support.record_build_times",
        "dockerfile": DOCKERFILE,
        "started_at": result.started_at,
        "machine": {"cpu_count": result.machine.cpu_count, "kernel": result.machine.kernel},
        "load_averages": {"before": load, "after": [round(value, 2) for value in os.getloadavg()]},
        "rounds": rounds_of(result),
    }
    options.output.write_text(as_text(recorded))
    return 0


def as_text(recorded: dict[str, Any]) -> str:
    """JSON with a build a line."""
    *head, rounds = recorded.items()
    lines = [f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head]
    told = ",\n".join("  [" + ",\n   ".join(map(json.dumps, builds)) + "]" for builds in rounds[1])
    return "{\n" + "".join(lines) + f' "{rounds[0]}": [\n{told}\n ]\n}}\n'


def build(rounds: int) -> Result:
    docker = DockerClient()
    load_base(docker, BASE)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            bench = write_bench(folder)
            output = folder / "result.json"
            command = [sys.executable, "-c", "from layerbench.cli import main; main()", "run", "--quiet"]
            command += ["--scenario", "cold", "--rounds", str(rounds), "-c", os.fspath(bench), "-o", os.fspath(output)]
            subprocess.run(command, check=True, env=docker.environ(), stdout=subprocess.DEVNULL)
            return read_result(output)
    finally:
        docker.run("image", "rm", "--force", BASE)


def write_bench(folder: Path) -> Path:
    content = random.Random(1).randbytes(DATA_BYTES)
    lines = []
    for variant in VARIANTS:
        context = folder / variant
        context.mkdir()
        (context / "Dockerfile").write_text(DOCKERFILE)
        (context / "data").write_bytes(content)
        lines += [f"[variants.{variant}]", f'context = "{variant}"', f'dockerfile = "{variant}/Dockerfile"']
    bench = folder / "layerbench.toml"
    bench.write_text("\n".join(lines) + "\n")
    return bench


def rounds_of(result: Result) -> list[list[dict[str, Any]]]:
    """The builds of each round in which all four count."""
    found: dict[int, list[dict[str, Any]]] = {}
    for one in result.builds:
        if is_valid(one):
            found.setdefault(one.round, []).append(seconds_of(one))
    return [builds for _, builds in sorted(found.items()) if len(builds) == len(VARIANTS)]


def seconds_of(one: Build) -> dict[str, Any]:
    steps = {
        name: round(step.seconds, 4)
        for step in one.steps
        for start, name in STEPS.items()
        if step.instruction.startswith(start) and step.seconds is not None
    }
    assert one.wall_seconds is not None
    return {"variant": one.variant, "wall": round(one.wall_seconds, 4), **steps}


if __name__ == "__main__":
    sys.exit(main())
