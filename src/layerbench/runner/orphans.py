"""Build processes that outlived the run that started them: a killed run cannot end its build itself.

Such a build would go on beside those of the next run, disturb their times, and leave an image behind at its end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_OWNER = "LAYERBENCH_OWNER"
_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.05
_START_TIME_FIELD = 19
"""Of /proc/PID/stat behind the command's name, from 0: proc(5) has it as field 22."""


def owner_variable() -> dict[str, str]:
    """What a build's environment has so that the run that it belongs to can be told; empty without /proc."""
    started = _start_time(os.getpid())
    return {_OWNER: f"{os.getpid()}:{started}"} if started else {}


def end_orphans() -> int:
    """End the builds of runs that are dead, as Ctrl-C would.

    Returns:
        Number of process groups that were ended.
    """
    groups = set(_orphaned_groups())
    for number in (signal.SIGINT, signal.SIGKILL):
        deadline = time.monotonic() + _PATIENCE_SECONDS
        left = {group for group in groups if _send(group, number)}
        while left and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            left = {group for group in left if _send(group, 0)}
        if not left:
            break
    return len(groups)


def _orphaned_groups() -> Iterator[int]:
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            owner = _owner(entry)
            if owner and not _is_alive(owner) and _is_in_own_namespace(entry):
                yield os.getpgid(int(entry.name))


def _owner(process: Path) -> str | None:
    prefix = f"{_OWNER}=".encode()
    variables = (process / "environ").read_bytes().split(b"\0")
    return next((value.removeprefix(prefix).decode() for value in variables if value.startswith(prefix)), None)


def _is_alive(owner: str) -> bool:
    process_id, _, started = owner.partition(":")
    return _start_time(int(process_id)) == started


def _is_in_own_namespace(process: Path) -> bool:
    """Whether its process ids are ours; in another container's they mean other processes."""
    return (process / "ns" / "pid").readlink() == (_PROC / "self" / "ns" / "pid").readlink()


def _start_time(process_id: int) -> str | None:
    """In clock ticks since the machine's start; None where there is no such process."""
    try:
        fields = (_PROC / str(process_id) / "stat").read_text().rpartition(")")[2].split()
        return fields[_START_TIME_FIELD]
    except (OSError, IndexError):
        return None


def _send(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
