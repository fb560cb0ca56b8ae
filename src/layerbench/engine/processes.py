"""The processes of a private engine: found by what they were started with, never by a process id alone.

A process id in a file may be somebody else's by now. The path of the engine's own configuration on a daemon's
command line, and membership in the engine's control group, cannot.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path

from layerbench.engine.paths import RUN_ROOT, EnginePaths

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_HELPERS = ("containerd-shim-runc-v2", "runc", "docker-init", "docker-proxy")
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """A running process."""

    pid: int
    program: str
    """Base name of its executable file."""
    arguments: tuple[str, ...]


def daemon(paths: EnginePaths, program: str) -> Process | None:
    """The engine's own `dockerd` or `containerd`, if it runs."""
    config = {"dockerd": paths.daemon_config, "containerd": paths.containerd_config}[program]
    for process in _all():
        if process.program == program and str(config) in process.arguments:
            return process
    return None


def foreign_daemons() -> list[Process]:
    """Docker Engines that are not private ones of ours."""
    return [process for process in _all() if process.program == "dockerd" and not _is_private(process)]


def helpers(paths: EnginePaths, pool: IPv4Network | None) -> list[Process]:
    """What the engine's daemons have started and may have left behind, containers apart."""
    return [process for process in _all() if process.program in _HELPERS and _belongs(process, paths, pool)]


def contained(paths: EnginePaths) -> list[int]:
    """Process ids of everything in the engine's control group: containers, and the RUN steps of builds."""
    found: set[int] = set()
    for folder in control_groups(paths):
        for parent, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                found.update(int(line) for line in Path(parent, "cgroup.procs").read_text().split())
    return sorted(found - {0})


def control_groups(paths: EnginePaths) -> list[Path]:
    """The engine's control group in each hierarchy: one with version 2, one a controller with version 1."""
    return [folder for pattern in ("", "*/") for folder in _CGROUPS.glob(f"{pattern}{paths.label}")]


def remove_control_groups(paths: EnginePaths) -> None:
    """Remove the engine's control groups; they must be empty of processes."""
    for folder in control_groups(paths):
        for parent, _, _ in os.walk(folder, topdown=False):
            with contextlib.suppress(OSError):
                Path(parent).rmdir()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected by its parent does not."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # ours to collect where the engine was started by this very process
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def terminate(pids: Iterable[int], patience_seconds: float, on_kill: Callable[[], None] | None = None) -> None:
    """Ask processes to end, and make them if they have not done so in time.

    Args:
        pids: the processes.
        patience_seconds: how long they have to end by themselves; 0 kills them at once.
        on_kill: called once before any is killed after having been asked.
    """
    remaining = [pid for pid in pids if is_alive(pid)]
    if patience_seconds:
        _send(remaining, signal.SIGTERM)
        remaining = wait_for_end(remaining, patience_seconds)
        if remaining and on_kill:
            on_kill()
    _send(remaining, signal.SIGKILL)
    wait_for_end(remaining, 10)


def wait_for_end(pids: Iterable[int], patience_seconds: float) -> list[int]:
    """Wait until all of `pids` have ended; returns those that have not."""
    deadline = time.monotonic() + patience_seconds
    remaining = list(pids)
    while remaining := [pid for pid in remaining if is_alive(pid)]:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return remaining


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _belongs(process: Process, paths: EnginePaths, pool: IPv4Network | None) -> bool:
    if process.program == "docker-proxy":
        return pool is not None and any(_is_in(word, pool) for word in process.arguments)
    folders = (f"{paths.run}/", f"{paths.home}/")
    return any(word.startswith(folders) for word in process.arguments[1:])


def _is_in(word: str, pool: IPv4Network) -> bool:
    try:
        return IPv4Address(word) in pool
    except AddressValueError:
        return False


def _is_private(process: Process) -> bool:
    """Whether a dockerd is one of ours, of whichever home: its pid file is named on its command line."""
    return any(word.startswith(f"{RUN_ROOT}/") for word in process.arguments[1:])


def _all() -> Iterator[Process]:
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            if not command:
                continue  # a kernel thread, or a process that is only waiting to be collected
            program = str((entry / "exe").readlink()).removesuffix(" (deleted)")
        except OSError:
            continue  # it has ended meanwhile
        arguments = tuple(os.fsdecode(word) for word in command.split(b"\0")[:-1])
        yield Process(int(entry.name), Path(program).name, arguments)
