"""Feeds a collector as the scanner of a layer does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from layerbench.image.packages import PackageCollector
from layerbench.image.profile import Package

DATA = Path(__file__).parent.parent / "data" / "packages"


def collect(
    files: Mapping[str, bytes], collector: PackageCollector | None = None
) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    collector = collector or PackageCollector()
    for path, content in files.items():
        limit_bytes = collector.limit_bytes(path)
        if not limit_bytes:
            continue
        if len(content) <= limit_bytes:
            collector.add(path, content)
        else:
            collector.too_large(path, len(content))
    return collector.finish()


def packages_of(files: Mapping[str, bytes]) -> tuple[Package, ...]:
    """The packages where nothing is to be noted."""
    packages, notes = collect(files)
    assert notes == ()
    return packages


def sample(name: str) -> dict[str, bytes]:
    root = DATA / name
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    assert paths
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
