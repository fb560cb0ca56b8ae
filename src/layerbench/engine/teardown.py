"""Taking a private engine away: each thing that it sets up, and what a crash leaves of it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

from layerbench.engine import daemon, machine, mounts, packages, processes
from layerbench.engine.addresses import pool_of_bridge
from layerbench.engine.network import NetworkTools, bridge_exists, working_tools
from layerbench.engine.paths import (
    EnginePaths,
    engine_paths,
    engines_folder,
    known_names,
    package_cache,
    package_cache_is_shared,
)
from layerbench.engine.programs import ip_command, iptables_commands
from layerbench.engine.state import EngineState, read_state
from layerbench.errors import EngineError, LayerbenchError

Notify = Callable[[str], None]

_SHIM_SOCKET = re.compile(r"unix://(/run/containerd/s/[0-9a-f]{64})\b")
_PATIENCE_SECONDS = {"dockerd": daemon.STOP_PATIENCE_SECONDS + 10, "containerd": 5}


def take_down(
    paths: EnginePaths,
    tools: NetworkTools | None,
    state: EngineState | None,
    *,
    patient: bool,
    notify: Notify,
) -> None:
    """Stop everything of an engine and remove all but its files; what is not there is passed over.

    Args:
        paths: the engine.
        tools: see `tools_for`.
        state: the engine's state, if there is one.
        patient: whether daemons and containers are given time to end by themselves.
        notify: told what is going on.

    Raises:
        EngineError: something could not be removed.
    """
    pool = _pool(paths, tools, state)
    _end_processes(paths, pool, patient, notify)
    mounts.unmount_below([paths.home, paths.run])
    if tools:
        tools.delete_rules(paths.label)
        tools.delete_bridge(paths.bridge)
        if pool:
            tools.delete_bridges_in(pool)
    processes.remove_control_groups(paths)
    _remove_shim_sockets(paths)
    if paths.run.exists():
        with machine.machine_lock(notify):
            shutil.rmtree(paths.run)
            machine.release(notify)


def tools_for(paths: EnginePaths, state: EngineState | None) -> NetworkTools | None:
    """The programs that can remove what the engine has set up; None where nothing was and there are none.

    Raises:
        EngineError: they are missing, and there is something to remove.
    """
    folder = state.package_folder if state else None
    if folder is None or not folder.is_dir():
        folder = packages.cached(None)
    ip, iptables = ip_command(folder), iptables_commands(folder)
    if ip and iptables:
        return working_tools(ip, iptables)
    if bridge_exists(paths.bridge):
        raise EngineError(
            f"the bridge {paths.bridge} and its rules cannot be removed without ip and iptables: "
            "install iproute2 and iptables, and try again"
        )
    return None


def remove_home(paths: EnginePaths) -> None:
    """Delete an engine's files, its lock, and the folders above that are ours and empty then."""
    if paths.home.exists():
        shutil.rmtree(paths.home)
    paths.lock.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # other engines are in it
        engines_folder().rmdir()
        if not os.environ.get("LAYERBENCH_HOME"):
            engines_folder().parent.rmdir()


def remove_unused_packages() -> None:
    """Delete the unpacked packages, unless an engine uses some or the person has named their folder."""
    if package_cache_is_shared():
        return
    cache = package_cache()
    for name in known_names():
        with contextlib.suppress(LayerbenchError):
            state = read_state(engine_paths(name))
            if state and state.package_folder and state.package_folder.is_relative_to(cache):
                return
    packages.remove_cache()


def _pool(paths: EnginePaths, tools: NetworkTools | None, state: EngineState | None) -> IPv4Network | None:
    """The engine's addresses; where its state is lost, by its bridge."""
    if state:
        return state.pool
    bridge = tools.bridge_address(paths.bridge) if tools else None
    return pool_of_bridge(bridge) if bridge else None


def _end_processes(paths: EnginePaths, pool: IPv4Network | None, patient: bool, notify: Notify) -> None:
    for program, patience in _PATIENCE_SECONDS.items():
        if process := processes.daemon(paths, program):
            notify(f"stopping {program} (process {process.pid})")
            processes.terminate([process.pid], patience if patient else 0)
    processes.terminate([process.pid for process in processes.helpers(paths, pool)], 0)
    processes.terminate(processes.contained(paths), 0)


def _remove_shim_sockets(paths: EnginePaths) -> None:
    """Delete the sockets of containers' shims that were killed: they lie in a folder of all containerds.

    A container's folder names its shim's socket in `bootstrap.json`, before containerd 2 in `address`.
    """
    for folder in paths.run.glob("containerd/io.containerd.runtime.v2.task/*/*/"):
        for name in ("bootstrap.json", "address"):
            with contextlib.suppress(OSError):
                text = (folder / name).read_text(encoding="utf-8")
                for socket in _SHIM_SOCKET.findall(text):
                    Path(socket).unlink(missing_ok=True)
