"""The `layerbench` command as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = (str(Path(sys.executable).with_name("layerbench")),)


def layerbench(
    *arguments: str | Path, folder: Path | None = None, seconds: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command, without a terminal, and wait for its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
