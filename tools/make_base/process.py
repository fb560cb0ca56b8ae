"""Starting programs, and what a person is told when one fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class Failed(Exception):  # noqa: N818
    """What a person is told, in one sentence, before the exit with `code`."""

    def __init__(self, message: str, code: int = 3) -> None:
        super().__init__(message)
        self.code = code


def note(text: str) -> None:
    """Tell the person what happens now."""
    print(f"make-base: {text}", file=sys.stderr)


def run(*command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Standard output of a command; its failure is an error with its last words."""
    words = [str(part) for part in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
        raise Failed(f"{Path(command[0]).name} ended with {done.returncode}: {said[-1]}")
    return done.stdout
