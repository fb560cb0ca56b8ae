"""The git command."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from layerbench.errors import UsageError

# What git sets for its hooks and would here lead to another repository or index (`git rev-parse --local-env-vars`).
_LOCAL_VARIABLES = frozenset(
    f"GIT_{name}"
    for name in (
        *("DIR", "WORK_TREE", "INDEX_FILE", "PREFIX", "OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES"),
        *("COMMON_DIR", "GRAFT_FILE", "IMPLICIT_WORK_TREE", "INTERNAL_SUPER_PREFIX", "NO_REPLACE_OBJECTS"),
        *("REPLACE_REF_BASE", "SHALLOW_FILE", "CONFIG", "NAMESPACE"),
    )
)
# Nothing here may write to the repository: no hook, no shared index, no daemon that is started along the way. And a
# state is the whole state, also where the person's checkout is sparse.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.splitIndex=false",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
)
_UMASK = 0o022


class GitError(UsageError):
    """Git refused; the message is its own last line."""


def git(*arguments: str, folder: Path, given: bytes | None = None, index: Path | None = None) -> bytes:
    """What git prints.

    Args:
        arguments: command and options.
        folder: where git is started.
        given: for its standard input.
        index: serves in place of the repository's own.

    Raises:
        GitError: git refused.
        UsageError: git is not there.
    """
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    environment = {name: value for name, value in os.environ.items() if name not in _LOCAL_VARIABLES}
    environment |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    try:
        done = subprocess.run(
            ["git", *settings, *arguments],
            cwd=folder,
            env=environment,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            check=False,
            umask=_UMASK,
        )
    except FileNotFoundError as error:
        if error.filename == "git":
            raise UsageError("git is not there, and states of a repository are had from it; install git") from None
        raise
    if done.returncode != 0:
        raise GitError(_last_line(done.stderr) or f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout


def line(*arguments: str, folder: Path) -> str:
    """Git's answer of one line; a path in it may hold any bytes.

    Raises:
        GitError: git refused.
        UsageError: git is not there.
    """
    return os.fsdecode(git(*arguments, folder=folder).removesuffix(b"\n"))


def entries(*arguments: str, folder: Path) -> list[str]:
    """Git's answer to a command with `-z`.

    Raises:
        GitError: git refused.
        UsageError: git is not there.
    """
    return [os.fsdecode(part) for part in git(*arguments, folder=folder).split(b"\0") if part]


def _last_line(output: bytes) -> str:
    """The line in which git says what is wrong: the first that is fatal, else the last."""
    lines = [text for text in output.decode(errors="replace").splitlines() if text.strip()]
    wrong = [text for text in lines if text.startswith(("fatal: ", "error: "))] or lines[-1:]
    return wrong[0].removeprefix("fatal: ").removeprefix("error: ").rstrip(".") if wrong else ""
