"""Histories made of the fixture's runs, one a commit."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from layerbench.results.file import write_result
from layerbench.results.models import Result, Revision
from tests.results import factory

_START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def commit_id(number: int) -> str:
    return hashlib.sha1(f"commit {number}".encode(), usedforsecurity=False).hexdigest()


def run(number: int, *, growth_bytes: int = 0, factor: float = 1.0, branch: str = "main") -> Result:
    """A run of the `number`-th commit, a day after the one before; images larger by so much, times by a factor."""
    day = (_START + timedelta(days=number)).isoformat()
    whole = factory.result((factory.plan("single"),), rounds=2)
    builds = []
    for build in whole.builds:
        image = build.image
        assert image is not None
        layers = (*image.layers[:-1], dataclasses.replace(image.layers[-1]))
        image = dataclasses.replace(
            image,
            compressed_bytes=image.compressed_bytes + growth_bytes,
            uncompressed_bytes=image.uncompressed_bytes + growth_bytes,
            layers=layers,
        )
        builds.append(dataclasses.replace(build, image=image, wall_seconds=(build.wall_seconds or 0) * factor))
    return dataclasses.replace(
        whole,
        started_at=day,
        finished_at=day,
        builds=tuple(builds),
        revision=Revision(commit_id(number), day, branch, is_dirty=False),
    )


def write(folder: Path, number: int, **changes: object) -> Path:
    path = folder / f"{number:03}.json"
    write_result(run(number, **changes), path)  # type: ignore[arg-type]
    return path
