"""Reading the layers of an image into profiles, against isal and sha256 alone on the same blobs and cores.

gzip layers: at most 1.35 times decompressing with isal and hashing the blob and its content with sha256; uncompressed
ones: at most 1.5 times sha256 alone. Both sides read layers side by side, one a core, the largest first. The layers are
made of this machine's own Python: its library (many small files), and its shared objects (a few large ones). The sides
take turns, so that a drift of the machine hits both; exits with 1 where a median of ratios is above its limit.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from isal import igzip_lib

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from benchmarks.support.layouts import LayerFiles, large_files, small_files, write_layout  # noqa: E402
from layerbench.image.choosing import Wanted  # noqa: E402
from layerbench.image.documents import Platform  # noqa: E402
from layerbench.image.layout import read_layout  # noqa: E402
from layerbench.image.models import BlobInfoCache  # noqa: E402

GZIP_LIMIT = 1.35
TAR_LIMIT = 1.5
CHUNK_BYTES = 1 << 20
CORES = len(os.sched_getaffinity(0))


def main() -> int:
    """Print a line a shape; 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    pairs = parser.parse_args().pairs
    small, large = small_files(), large_files()
    shapes = {
        "four layers of small files": [LayerFiles(small)] * 4,
        "one layer of small files": [LayerFiles(small, times=3)],
        "one layer of large files": [LayerFiles(large, times=3)],
        "a mixed image": [LayerFiles(small, times=2), LayerFiles(large, times=3), LayerFiles(small)],
    }
    with tempfile.TemporaryDirectory() as folder:
        verdicts = [
            compare(Path(folder) / f"{number}-{kind}", name, kind, layers, pairs)
            for number, (name, layers) in enumerate(shapes.items())
            for kind in ("gzip", "tar")
        ]
    return 0 if all(verdicts) else 1


def compare(folder: Path, name: str, kind: str, layers: list[LayerFiles], pairs: int) -> bool:
    """Print the ratio of one shape of image, and say whether it is within its limit."""
    blobs = write_layout(folder, layers, gzip_level=6 if kind == "gzip" else None)
    files = sum(len(layer.paths) * layer.times for layer in layers)
    sides: dict[str, Callable[[], None]] = {
        "own": lambda: read_own(folder),
        "bare": lambda: read_bare(blobs, gunzip_and_hash if kind == "gzip" else hash_only),
    }
    seconds: dict[str, list[float]] = {"own": [], "bare": []}
    for number in range(pairs + 1):
        for side in sorted(sides, reverse=number % 2 == 0):
            begin = time.perf_counter()
            sides[side]()
            seconds[side].append(time.perf_counter() - begin)
    own, bare = seconds["own"][1:], seconds["bare"][1:]
    ratio = statistics.median(mine / other for mine, other in zip(own, bare, strict=True))
    limit = GZIP_LIMIT if kind == "gzip" else TAR_LIMIT
    stored = sum(blob.stat().st_size for blob in blobs) / 1e6
    print(
        f"{name}, {kind}, {files} files, {stored:.0f} MB: {statistics.median(own):.2f} s against "
        f"{statistics.median(bare):.2f} s, ratio {ratio:.2f}, limit {limit}: {'ok' if ratio <= limit else 'TOO SLOW'}"
    )
    return ratio <= limit


def read_own(folder: Path) -> None:
    """What `layerbench inspect` does of an image that it has never seen."""
    wanted = Wanted(digest=None, name=None, platform=None, own_platform=Platform.of_machine())
    image = read_layout(folder, BlobInfoCache(), wanted)
    assert all(layer.profile is not None for layer in image.layers)


def read_bare(blobs: list[Path], read: Callable[[Path], str]) -> None:
    """The least that could be done: digests of blob and content."""
    with ThreadPoolExecutor(CORES) as executor:
        list(executor.map(read, sorted(blobs, key=lambda path: -path.stat().st_size)))


def gunzip_and_hash(blob: Path) -> str:
    stored, content = hashlib.sha256(), hashlib.sha256()
    decompressor = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    with blob.open("rb") as file:
        while data := file.read(CHUNK_BYTES // 4):
            stored.update(data)
            while data or not decompressor.needs_input:
                content.update(decompressor.decompress(data, CHUNK_BYTES))
                data = b""
                if decompressor.eof:
                    break
    assert decompressor.eof
    return content.hexdigest()


def hash_only(blob: Path) -> str:
    with blob.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
