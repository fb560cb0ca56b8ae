"""A made-up engine for what can be said without a real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image import archives
from tests.image.engines import answering
from tests.runner.made_up import DOCKER, Answers


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of its files; the environment names it, and nothing of the person's."""
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER)
    (folder / "docker").chmod(0o755)
    (folder / "image.tar").write_bytes(archives.classic_archive())
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LAYERBENCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    with answering(folder, Answers(folder)) as socket_path:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket_path}")
        yield folder
