"""Copying a context of many files: `Workspace.create` against `cp -al` of the same tree.

Both run by turns on one filesystem, so that a drift of the machine hits both alike. Exits with 1 when the median of
the pairs' ratios is above the limit.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from layerbench.workspace import Workspace

LIMIT = 2.0
FILES_IN_FOLDER = 100
FOLDERS_IN_PACKAGE = 10


def make_tree(top: Path, files: int) -> None:
    """Make `files` small files, a hundred to a folder, as in a large source tree."""
    for number in range(files):
        package, rest = divmod(number, FILES_IN_FOLDER * FOLDERS_IN_PACKAGE)
        folder = top / f"package{package}" / f"module{rest // FILES_IN_FOLDER}"
        if rest % FILES_IN_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"file{rest % FILES_IN_FOLDER}.py").write_text(f"value = {number}\n")


def time_cp(source: Path, root: Path) -> float:
    """Return the seconds of one `cp -al`."""
    target = root / "cp"
    subprocess.run(["sync"], check=True)
    started = time.perf_counter()
    subprocess.run(["cp", "-al", str(source), str(target)], check=True)
    seconds = time.perf_counter() - started
    subprocess.run(["rm", "-r", str(target)], check=True)
    return seconds


def time_workspace(source: Path, root: Path, *, independent: bool) -> float:
    """Return the seconds of one `Workspace.create`."""
    subprocess.run(["sync"], check=True)
    started = time.perf_counter()
    workspace = Workspace.create(source, root, independent=independent)
    seconds = time.perf_counter() - started
    workspace.remove()
    return seconds


def main() -> int:
    """Measure, print one line, and say by the exit code whether the limit holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--root", type=Path, help="where the trees are made (default: the temporary folder)")
    parser.add_argument("--independent", action="store_true", help="real copies, for information: no limit holds")
    options = parser.parse_args()
    pairs = []
    with tempfile.TemporaryDirectory(prefix="layerbench-benchmark-", dir=options.root) as folder:
        source, root = Path(folder, "source"), Path(folder, "copies")
        make_tree(source, options.files)
        root.mkdir()
        for number in range(options.pairs):
            # Who goes first changes, as the second finds warmer caches.
            order = ("cp", "workspace") if number % 2 == 0 else ("workspace", "cp")
            seconds = {
                name: time_cp(source, root)
                if name == "cp"
                else time_workspace(source, root, independent=options.independent)
                for name in order
            }
            pairs.append((seconds["workspace"], seconds["cp"]))
    ratio = statistics.median(own / cp for own, cp in pairs)
    own, cp = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"workspace copy of {options.files} files: {ratio:.2f}x cp -al "
        f"({own:.2f} s and {cp:.2f} s, median of {len(pairs)} pairs, limit {LIMIT:.2f})"
    )
    return 1 if ratio > LIMIT and not options.independent else 0


if __name__ == "__main__":
    sys.exit(main())
