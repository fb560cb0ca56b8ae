"""Looking into images whose layers were read before: whole processes, by the fastest of several runs.

`layerbench inspect` of an unchanged image in the engine: at most 0.3 s. `layerbench diff` of two images of 1 GB that
have no layer in common: at most 1 s. Needs a Docker Engine; exits with 1 where a limit does not hold.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from benchmarks.support.layouts import LayerFiles, large_files, small_files, write_layout  # noqa: E402
from layerbench.buildx.docker import DockerClient  # noqa: E402
from layerbench.image import load_layout  # noqa: E402

IMAGE = "layerbench-benchmark/known:1"
INSPECT_LIMIT_SECONDS = 0.3
DIFF_LIMIT_SECONDS = 1.0
RUNS = 9


def main() -> int:
    """Print a line a command; 1 where a limit does not hold."""
    docker = DockerClient()
    small, large = small_files(), large_files()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_layout(folder / "one", [LayerFiles(large, times=2), LayerFiles(small)], gzip_level=1)
        for side, edited_every in (("before", 0), ("after", 10)):
            layers = [LayerFiles(large, 3, edited_every), LayerFiles(small, 4, edited_every)]
            write_layout(folder / side, layers, gzip_level=1)
        load_layout(docker.command, docker.environ(), str(folder / "one"), IMAGE)
        try:
            verdicts = [
                is_quick(docker, folder, INSPECT_LIMIT_SECONDS, "inspect", IMAGE),
                is_quick(docker, folder, DIFF_LIMIT_SECONDS, "diff", str(folder / "before"), str(folder / "after")),
            ]
        finally:
            docker.run("image", "rm", "--force", IMAGE)
    return 0 if all(verdicts) else 1


def is_quick(docker: DockerClient, folder: Path, limit_seconds: float, command: str, *images: str) -> bool:
    """Print the seconds of one command, and say whether it is within its limit."""
    environment = {name: value for name, value in docker.environ().items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["XDG_CACHE_HOME"] = str(folder / "cache")
    words = [str(Path(sys.executable).with_name("layerbench")), command, *images]
    seconds = []
    for _ in range(RUNS + 1):
        begin = time.perf_counter()
        subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begin)
    first, known = seconds[0], seconds[1:]
    print(
        f"layerbench {command}: {first:.2f} s at first, then fastest {min(known):.3f} s, median "
        f"{statistics.median(known):.3f} s (limit {limit_seconds} s): "
        f"{'ok' if min(known) <= limit_seconds else 'TOO SLOW'}"
    )
    return min(known) <= limit_seconds


if __name__ == "__main__":
    sys.exit(main())
