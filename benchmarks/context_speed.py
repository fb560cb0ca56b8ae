"""The fingerprint of a context of 100,000 files, and `.dockerignore` on as many paths.

The first fingerprint is held against reading and sha256-hashing the same files with both cores, by threads as by
processes, whichever is faster; the second one, of unchanged files, against a bare `os.scandir` walk with stat. The
sides take turns, so that what else the machine does meets both. The file cache is warm. Where both cores work, the
median of the ratios of each turn counts. The others keep one core busy and wait for nothing: their least processor time
counts, which other processes hardly add to.
Exits with 1 where a limit is broken.
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from layerbench.context.fingerprint import take_fingerprint
from layerbench.context.ignore import IgnoreRules, parse_ignore
from layerbench.context.memory import FingerprintMemory

FILES = 100_000
FILES_PER_FOLDER = 25
SIZES_BYTES = (200, 1_500, 4_000, 9_000, 30_000)
FIRST_LIMIT = 1.3
SECOND_LIMIT = 1.5
MATCHING_LIMIT_SECONDS = 0.5
FIRST_RUNS = 5
SECOND_RUNS = 9
DEEPEST = 7
_FOLDERS = ("packages", "docs", "src", "lib", "tests", "vendor", "p")
_SUFFIXES = (".py", ".js", ".ts", ".md", ".json", ".map", ".css", ".pyc", ".txt", "")
PATTERNS = """
**/.git
**/.DS_Store
**/node_modules
**/*.log
**/*.py[cod]
**/__pycache__
**/.venv
**/*.egg-info
**/.pytest_cache
**/.mypy_cache
**/dist
**/build
**/*.swp
**/*~
**/.idea
**/.vscode
*.md
!README.md
docs/*
!docs/conf
docs/**/draft*
LICENSE*
Makefile
.github/**
tests/**/data
**/test?
**/coverage*
**/*.map
!packages/*/*.map
packages/*/tests
packages/p1?/**
packages/p[5-7]/old*
tools/*.sh
tools/**/*.ps1
.env*
!.env.example
secrets/**
**/*.pem
**/*.key
**/*.sqlite3
**/thumbs.db
a/b/c/d
vendor/**/testdata
**/vendor/cache
*.tmp
tmp*
**/tmp-*
**/*.orig
**/*.rej
infra/*/state
"""


def main() -> int:
    """Measure, print a line a figure, and say by the exit code whether the limits hold."""
    print("a context of", FILES, "files in", FILES // FILES_PER_FOLDER, "folders")
    is_slow = _matching()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_tree(Path(folder))
        time.sleep(0.1)  # so that no file was written this moment
        is_slow |= _first(Path(folder), paths)
        is_slow |= _second(Path(folder))
    return int(is_slow)


def names(count: int) -> list[str]:
    """Paths of a tree as real ones are: some files a folder, folders in folders."""
    chosen = random.Random(5)
    folders = [""]
    for number in range(count // FILES_PER_FOLDER - 1):
        above = chosen.choice(folders)
        while above.count("/") >= DEEPEST:
            above = chosen.choice(folders)
        folders.append(f"{above}{chosen.choice(_FOLDERS)}{number if number >= len(_FOLDERS) else ''}/")
    return [f"{folders[at % len(folders)]}f{at}{chosen.choice(_SUFFIXES)}" for at in range(count)]


def make_tree(top: Path) -> list[str]:
    """Write the files, and give their paths in the order in which they are read."""
    chosen = random.Random(7)
    noise = chosen.randbytes(max(SIZES_BYTES) + FILES)
    found = []
    for number, name in enumerate(names(FILES)):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise[number : number + chosen.choice(SIZES_BYTES)])
        found.append(str(path))
    return sorted(found)


def _matching() -> bool:
    content = PATTERNS.strip().encode()
    paths = names(FILES)
    seconds, cpu_seconds, excluded = [], [], 0
    for _ in range(FIRST_RUNS):
        begin, cpu_begin = time.perf_counter(), time.process_time()
        rules = parse_ignore(content, Path(".dockerignore"))
        excluded = sum(map(rules.excludes, paths))
        seconds.append(time.perf_counter() - begin)
        cpu_seconds.append(time.process_time() - cpu_begin)
    is_slow = min(cpu_seconds) > MATCHING_LIMIT_SECONDS
    print(
        f"matching {len(paths)} paths, {len(rules.rules)} patterns, {excluded} left out: fastest {min(seconds):.2f} s, "
        f"median {statistics.median(seconds):.2f} s, processor {min(cpu_seconds):.2f} s, "
        f"limit {MATCHING_LIMIT_SECONDS} s: {_verdict(is_slow)}"
    )
    return is_slow


def _first(top: Path, paths: Sequence[str]) -> bool:
    workers = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(workers) as threads, ProcessPoolExecutor(workers) as processes:
        hash_all(threads, paths)  # warm
        hash_all(processes, paths)
        seconds = _in_turns(
            {
                "threads": lambda: hash_all(threads, paths),
                "processes": lambda: hash_all(processes, paths),
                "fingerprint": lambda: take_fingerprint(top, IgnoreRules(), FingerprintMemory()),
            },
            FIRST_RUNS,
        )
    bare = [min(turn) for turn in zip(seconds["threads"].wall, seconds["processes"].wall, strict=True)]
    ratio = statistics.median(mine / other for mine, other in zip(seconds["fingerprint"].wall, bare, strict=True))
    return _judge("first fingerprint", ratio, "reading and hashing", FIRST_LIMIT)


def _second(top: Path) -> bool:
    memory = FingerprintMemory()
    first = take_fingerprint(top, IgnoreRules(), memory)
    assert len(memory) == FILES, "some files would be read again"
    content = memory.to_bytes()
    begin = time.perf_counter()
    FingerprintMemory.from_bytes(content)
    print(f"reading a memory of {len(content) / 1e6:.1f} MB: {time.perf_counter() - begin:.2f} s")
    seconds = _in_turns(
        {"walk": lambda: walk(str(top)), "fingerprint": lambda: take_fingerprint(top, IgnoreRules(), memory)},
        SECOND_RUNS,
    )
    assert take_fingerprint(top, IgnoreRules(), memory) == first
    ratio = min(seconds["fingerprint"].processor) / min(seconds["walk"].processor)
    return _judge("unchanged fingerprint", ratio, "a bare walk", SECOND_LIMIT)


@dataclass
class Seconds:
    """What one side took, turn by turn."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def _in_turns(sides: dict[str, Callable[[], object]], runs: int) -> dict[str, Seconds]:
    seconds = {name: Seconds() for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            begin, cpu_begin = time.perf_counter(), time.process_time()
            side()
            seconds[name].processor.append(time.process_time() - cpu_begin)
            seconds[name].wall.append(time.perf_counter() - begin)
    for name, took in seconds.items():
        print(
            f"  {name}: fastest {min(took.wall):.2f} s, median {statistics.median(took.wall):.2f} s, "
            f"processor of this process {min(took.processor):.2f} s"
        )
    return seconds


def _judge(what: str, ratio: float, against: str, limit: float) -> bool:
    is_slow = ratio > limit
    print(f"{what}: {ratio:.2f} times {against}, limit {limit}: {_verdict(is_slow)}")
    return is_slow


def _verdict(is_slow: bool) -> str:
    return "TOO SLOW" if is_slow else "ok"


def hash_all(pool: Executor, paths: Sequence[str]) -> None:
    """Read and hash files, in as many parts at once as the pool has workers."""
    parts = [paths[start : start + 500] for start in range(0, len(paths), 500)]
    assert sum(map(len, pool.map(hash_some, parts))) == len(paths)


def hash_some(paths: Sequence[str]) -> list[str]:
    """The plainest way."""
    digests = []
    for path in paths:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            digests.append(hashlib.sha256(file.read()).hexdigest())
    return digests


def walk(folder: str) -> int:
    """A walk that stats everything."""
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
            count += 1
            if entry.is_dir(follow_symlinks=False):
                count += walk(entry.path)
    return count


if __name__ == "__main__":
    sys.exit(main())
