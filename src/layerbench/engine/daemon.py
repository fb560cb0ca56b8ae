"""The two daemons of a private engine: their configuration, starting them, and asking whether they answer."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from layerbench.engine.addresses import bridge_interface, other_networks
from layerbench.engine.files import last_lines, write_atomically
from layerbench.engine.paths import EnginePaths
from layerbench.engine.processes import is_alive
from layerbench.engine.programs import Programs
from layerbench.errors import EngineError

STOP_PATIENCE_SECONDS = 5
"""How long a container has to end by itself when its engine is stopped."""

_START_PATIENCE_SECONDS = 60.0
_ANSWER_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.02
_LOG_LINES = 8
_UNUSED_PLUGINS = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
"""Kubernetes' interface, which containerd 2 has in three plugins."""
_KEPT_VARIABLES = frozenset(
    ("home", "lang", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
)


def write_configuration(paths: EnginePaths, programs: Programs, image_store: str, pool: IPv4Network, mtu: int) -> None:
    """Write the configuration files of both daemons."""
    settings = daemon_settings(paths, image_store, pool, mtu)
    if programs.packages:
        settings["userland-proxy-path"] = str(programs.packages / "bin" / "docker-proxy")
    write_atomically(paths.daemon_config, json.dumps(settings, indent=2) + "\n")
    write_atomically(paths.containerd_config, containerd_settings(paths))


def daemon_settings(paths: EnginePaths, image_store: str, pool: IPv4Network, mtu: int) -> dict[str, Any]:
    """The configuration of dockerd: nothing of it is shared with another engine of the machine."""
    bridge = bridge_interface(pool)
    return {
        "data-root": str(paths.data_root),
        "exec-root": str(paths.exec_root),
        "hosts": [f"unix://{paths.socket}"],
        "containerd": str(paths.containerd_socket),
        "features": {"containerd-snapshotter": image_store == "containerd"},
        "bridge": paths.bridge,
        "fixed-cidr": str(bridge.network),
        "default-address-pools": [{"base": str(other_networks(pool)), "size": 24}],
        "mtu": mtu,
        "iptables": False,
        "ip6tables": False,
        "ip-forward": False,
        "cgroup-parent": f"/{paths.label}",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],  # systemd's takes no control group of our own naming
        "group": "root",  # by default the members of the group docker, if there is one, may use the socket
        "shutdown-timeout": STOP_PATIENCE_SECONDS,
    }


def containerd_settings(paths: EnginePaths) -> str:
    """The configuration of containerd, like dockerd's own, but with no folder outside the engine's.

    The engine starts its own containerd because dockerd, left alone, would use the machine's where one runs,
    and two engines would share one namespace in it.
    """
    quoted = {name: json.dumps(str(path)) for name, path in _containerd_places(paths).items()}
    return (
        "version = 2\n"
        f"root = {quoted['root']}\n"
        f"state = {quoted['state']}\n"
        f"disabled_plugins = {json.dumps(_UNUSED_PLUGINS)}\n"
        "[grpc]\n"
        f"address = {quoted['socket']}\n"
        '[plugins."io.containerd.internal.v1.opt"]\n'
        f"path = {quoted['opt']}\n"
    )


def start_containerd(paths: EnginePaths, programs: Programs) -> int:
    """Start containerd and wait until it listens; returns its process id.

    Raises:
        EngineError: it ended, or did not listen in time; with the last lines of its log.
    """
    command = (str(programs.containerd), "--config", str(paths.containerd_config))
    pid = _start(command, paths, programs, paths.containerd_log)
    _wait_until(lambda: _accepts(paths.containerd_socket), pid, "containerd", paths.containerd_log)
    return pid


def start_dockerd(paths: EnginePaths, programs: Programs) -> int:
    """Start dockerd and wait until it answers; returns its process id.

    Raises:
        EngineError: it ended, or did not answer in time; with the last lines of its log.
    """
    pid_file = str(paths.run / "dockerd.pid")
    command = (str(programs.dockerd), "--config-file", str(paths.daemon_config), "--pidfile", pid_file)
    pid = _start(command, paths, programs, paths.daemon_log)
    _wait_until(lambda: server_version(paths.socket) is not None, pid, "dockerd", paths.daemon_log)
    return pid


def server_version(engine_socket: Path) -> str | None:
    """The version of the engine behind a socket, or None if none answers."""
    answer = _get(engine_socket, "/version")
    return str(answer["Version"]) if answer else None


def image_store_in_use(engine_socket: Path) -> str:
    """Which image store the engine behind a socket really uses, `containerd` or `classic`.

    Raises:
        EngineError: the engine does not answer.
    """
    answer = _get(engine_socket, "/info")
    if answer is None:
        raise EngineError(f"the engine at {engine_socket} does not answer")
    facts = dict(answer.get("DriverStatus") or ())
    return "containerd" if facts.get("driver-type") == "io.containerd.snapshotter.v1" else "classic"


def _containerd_places(paths: EnginePaths) -> Mapping[str, Path]:
    return {
        "root": paths.containerd_root,
        "state": paths.run / "containerd",
        "socket": paths.containerd_socket,
        "opt": paths.containerd_root / "opt",
    }


def _start(command: Sequence[str], paths: EnginePaths, programs: Programs, log: Path) -> int:
    """Start a daemon in its own session, so that it outlives us and no Ctrl-C in our terminal reaches it."""
    if log.exists():
        log.replace(log.with_suffix(".previous.log"))
    descriptors = [int(entry) for entry in os.listdir("/proc/self/fd") if int(entry) > 2]  # noqa: PTH208
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
        *((os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in descriptors),
    ]
    # env leaves the folder of the person, which would be in use as long as the daemon runs.
    return os.posix_spawnp(
        "env",
        ("env", "--chdir=/", *command),
        _daemon_environment(paths, programs),
        file_actions=actions,
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTERM, signal.SIGHUP),
    )


def _daemon_environment(paths: EnginePaths, programs: Programs) -> dict[str, str]:
    """What a daemon needs of our environment: neither secrets nor what a service manager set for us."""
    kept = {name: value for name, value in os.environ.items() if name.lower() in _KEPT_VARIABLES}
    return {**kept, "PATH": programs.search_path, "TMPDIR": str(paths.temporary)}


def _wait_until(ready: Callable[[], bool], pid: int, program: str, log: Path) -> None:
    deadline = time.monotonic() + _START_PATIENCE_SECONDS
    while not ready():
        if not is_alive(pid):
            raise EngineError(f"{program} ended while it started; its log {log} ends with:\n{_log_end(log)}")
        if time.monotonic() > deadline:
            raise EngineError(
                f"{program} did not answer within {_START_PATIENCE_SECONDS:.0f} s; "
                f"its log {log} ends with:\n{_log_end(log)}"
            )
        time.sleep(_POLL_SECONDS)


def _log_end(log: Path) -> str:
    return "\n".join(last_lines(log, _LOG_LINES)) or "(it is empty)"


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def _get(engine_socket: Path, path: str) -> dict[str, Any] | None:
    """One GET of the Engine API, or None where nobody gives a good answer."""
    connection = _UnixConnection(engine_socket)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        return json.loads(body) if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ANSWER_PATIENCE_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
