"""Where a private engine keeps its things, and the names that follow from its own name.

Everything that an engine leaves on the machine (run folder, bridge, control group, the comment on its packet
filter rules) is named after its home folder alone, so that `down` finds all of it even when no state file was
ever written.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from layerbench.errors import UsageError

RUN_ROOT = Path("/run/layerbench")
"""Runtime files of all private engines; emptied by a reboot, as sockets, bridges and rules are.

It is short because the path of a Unix socket has at most 107 bytes (`sun_path` in unix(7)), which a home
below a long `XDG_DATA_HOME` would exceed.
"""

DEFAULT_NAME = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}\Z")


@dataclass(frozen=True, slots=True)
class EnginePaths:
    """Files and names of one private engine."""

    name: str
    key: str
    """Eight hexadecimal digits of the home's path: two homes may each have an engine of the same name."""
    label: str
    """Name of its control group, and the comment of its packet filter rules."""
    bridge: str
    """Name of its bridge: 11 bytes of the 15 that Linux allows (IFNAMSIZ less the terminating zero)."""
    lock: Path
    home: Path
    state: Path
    data_root: Path
    containerd_root: Path
    temporary: Path
    """For the daemons' temporary files: containerd mounts there for a moment, and a crash leaves that."""
    daemon_config: Path
    containerd_config: Path
    daemon_log: Path
    containerd_log: Path
    docker_config: Path
    buildx_config: Path
    run: Path
    socket: Path
    containerd_socket: Path
    exec_root: Path


def engine_paths(name: str) -> EnginePaths:
    """The paths of the engine called `name`.

    Raises:
        UsageError: the name cannot be one.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"engine name {name!r} cannot be used: take up to 32 letters, digits, '.', '_' and '-', "
            "beginning with a letter or a digit"
        )
    home = (engines_folder() / name).resolve()
    key = hashlib.sha256(str(home).encode()).hexdigest()[:8]
    run = RUN_ROOT / f"{name}-{key}"
    return EnginePaths(
        name=name,
        key=key,
        label=f"layerbench-{name}-{key}",
        bridge=f"lb-{key}",
        lock=home.with_name(f".{name}.lock"),
        home=home,
        state=home / "engine.json",
        data_root=home / "data",
        containerd_root=home / "containerd",
        temporary=home / "tmp",
        daemon_config=home / "daemon.json",
        containerd_config=home / "containerd.toml",
        daemon_log=home / "dockerd.log",
        containerd_log=home / "containerd.log",
        docker_config=home / "docker",
        buildx_config=home / "buildx",
        run=run,
        socket=run / "docker.sock",
        containerd_socket=run / "containerd.sock",
        exec_root=run / "exec",
    )


def known_names() -> list[str]:
    """Names of the engines that have a home folder, sorted."""
    folder = engines_folder()
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and _NAME.match(entry.name))


def engines_folder() -> Path:
    """Folder of the engines' homes: `$LAYERBENCH_HOME/engines`, else `$XDG_DATA_HOME/layerbench/engines`."""
    if own := os.environ.get("LAYERBENCH_HOME"):
        return Path(own).absolute() / "engines"
    return _xdg_folder("XDG_DATA_HOME", ".local/share") / "layerbench" / "engines"


def package_cache() -> Path:
    """Folder of the unpacked packages.

    `$LAYERBENCH_PACKAGE_CACHE`, else `$LAYERBENCH_HOME/cache/engine`, else
    `$XDG_CACHE_HOME/layerbench/engine`.
    """
    if shared := os.environ.get("LAYERBENCH_PACKAGE_CACHE"):
        return Path(shared).absolute()
    if own := os.environ.get("LAYERBENCH_HOME"):
        return Path(own).absolute() / "cache" / "engine"
    return _xdg_folder("XDG_CACHE_HOME", ".cache") / "layerbench" / "engine"


def package_cache_is_shared() -> bool:
    """Whether the person named the package cache, so that it is theirs to delete."""
    return bool(os.environ.get("LAYERBENCH_PACKAGE_CACHE"))


def _xdg_folder(variable: str, default: str) -> Path:
    """A base folder; relative values are to be ignored (XDG Base Directory Specification 0.8)."""
    value = os.environ.get(variable, "")
    return Path(value) if value.startswith("/") else Path.home() / default
