from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .trees import make_tree

FILES = {
    "app.py": b"import os\nprint('one')\nprint('two')\n",
    "requirements.txt": b"fastapi==0.115.0\nuvicorn==0.32.0\n",
    "src/pkg/core.py": b"x = 1\n",
    "src/pkg/data.bin": bytes(range(256)),
    "src/main.py": b"y = 2\n",
    ".dockerignore": b"docs\n",
    "docs/index.md": b"# docs\n",
    "empty.txt": b"",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    top = make_tree(tmp_path / "project", FILES)
    (top / "hollow").mkdir()
    return top


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


@pytest.fixture
def other_filesystem(tmp_path: Path) -> Iterator[Path]:
    """A temporary folder on another device than `tmp_path`."""
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second filesystem")
    with tempfile.TemporaryDirectory(dir=shared_memory) as folder:
        yield Path(folder)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts filesystems for one test."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    folders: list[Path] = []

    def mount(*arguments: str) -> Path:
        folder = tmp_path / f"mount{len(folders)}"
        folder.mkdir()
        done = subprocess.run(["mount", *arguments, str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mount is not allowed here: {done.stderr.strip()}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user may use."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = Path(tempfile.mkdtemp(prefix="layerbench-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)
