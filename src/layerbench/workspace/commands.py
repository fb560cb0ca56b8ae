"""Commands that edit a copy."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from layerbench.errors import BuildError, UsageError
from layerbench.workspace.errors import shown

_TAIL_BYTES = 8192
_TAIL_LINES = 10


def command_text(command: str | tuple[str, ...]) -> str:
    """Return a command as a person would type it, quoted for a message."""
    return shown(command if isinstance(command, str) else shlex.join(command))


def run_command(command: str | tuple[str, ...], folder: Path, nonce: str) -> None:
    """Run a command in a folder until it and all that it started have ended.

    It has no terminal, is a process group of its own, and finds `nonce` in `LAYERBENCH_NONCE`. What it left running
    in its group is killed, as it could go on writing during the build; so is the group when this is interrupted.

    Raises:
        UsageError: there is no such program, or it may not be run.
        BuildError: it ended with another exit code than 0, or by a signal.
    """
    words = ["sh", "-c", command] if isinstance(command, str) else list(command)
    if not words or not command:
        raise UsageError("the command is empty")
    environment = os.environ | {"LAYERBENCH_NONCE": nonce, "PWD": str(folder)}
    # A file and not a pipe: neither much output nor a process that keeps the pipe open can block.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
            raise UsageError(f"cannot run {command_text(command)}: {error.strerror}: {words[0]}") from error
        try:
            # Its number, which is the group's, stays taken until it is reaped: no other group can be hit.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            exit_code = process.wait()
        if exit_code:
            raise BuildError(f"{command_text(command)} {_ending(exit_code)}{_last_lines(output)}")


def _ending(exit_code: int) -> str:
    if exit_code > 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was ended by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was ended by signal {-exit_code}"


def _last_lines(output: IO[bytes]) -> str:
    length_bytes = output.seek(0, os.SEEK_END)
    output.seek(max(0, length_bytes - _TAIL_BYTES))
    lines = output.read().decode("utf-8", "replace").splitlines()[-_TAIL_LINES:]
    return ":\n" + "\n".join(lines) if any(line.strip() for line in lines) else " and printed nothing"
