"""The programs that a private engine is made of: installed ones, or those of unpacked packages."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from layerbench.engine.packages import BUILDX_PLUGIN, Notify, cached, fetched
from layerbench.errors import UsageError

INSTALLED = "installed"

_UNPACKED_IPTABLES = ("iptables-nft", "iptables-legacy")

_ADMIN_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # often missing from PATH where root came by su
_SYSTEM_PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)  # where the docker client itself looks


@dataclass(frozen=True, slots=True)
class Programs:
    """What to run, and with which `PATH`."""

    source: str
    """`installed`, or the Debian suite."""
    packages: Path | None
    """Folder of the unpacked packages; None for installed programs."""
    dockerd: Path
    containerd: Path
    docker: Path
    buildx: Path
    ip: Path
    iptables: tuple[Path, ...]
    """Which iptables to use, in order: the next one if the kernel lacks the tables of the one before."""

    @property
    def search_path(self) -> str:
        """`PATH` for the daemons, which start runc, docker-proxy and containerd's shim by name."""
        return search_path(self.packages)


def search_path(packages: Path | None) -> str:
    """`PATH` with the unpacked programs first and the administrator's folders last."""
    own = [str(packages / "bin")] if packages else []
    return os.pathsep.join((*own, os.environ.get("PATH", os.defpath), *_ADMIN_FOLDERS))


def choose_programs(source: str | None, fetch: bool, notify: Notify) -> Programs:
    """The programs for an engine.

    Args:
        source: a Debian suite, whose packages are fetched if need be; `installed`; or None: installed
            programs where there is a dockerd, else packages.
        fetch: whether packages may be downloaded where no dockerd is installed.
        notify: told what is going on.

    Raises:
        UsageError: there is no dockerd, and none may be fetched; or an installed engine lacks a part.
        EngineError: the packages cannot be had.
    """
    dockerd = _which("dockerd")
    if source in (None, INSTALLED) and dockerd:
        try:
            return _installed(dockerd)
        except UsageError as problem:
            if source or not fetch:
                raise
            notify(f"{problem}; Debian's packages are used instead")
    suite = None if source == INSTALLED else source
    root = fetched(suite, notify) if fetch else cached(suite)
    if root is None:
        raise UsageError(
            "no dockerd is installed: install Docker Engine, or let `layerbench engine up --fetch` download "
            "Debian's packages into a folder of its own"
        )
    return _unpacked(root)


def iptables_commands(packages: Path | None) -> tuple[Path, ...]:
    """The machine's own iptables if it has one, so that our rules stand where other engines put theirs."""
    if own := _which("iptables"):
        return (own,)
    return tuple(packages / "bin" / name for name in _UNPACKED_IPTABLES) if packages else ()


def ip_command(packages: Path | None) -> Path | None:
    """The machine's own ip if it has one, else the unpacked one."""
    return _which("ip") or (packages / "bin" / "ip" if packages else None)


def _installed(dockerd: Path) -> Programs:
    return Programs(
        source=INSTALLED,
        packages=None,
        dockerd=dockerd,
        containerd=_installed_program("containerd", "containerd"),
        docker=_installed_program("docker", "docker-cli"),
        buildx=_installed_buildx(),
        ip=_installed_program("ip", "iproute2"),
        iptables=(_installed_program("iptables", "iptables"),),
    )


def _unpacked(packages: Path) -> Programs:
    folder = packages / "bin"
    return Programs(
        source=packages.name,
        packages=packages,
        dockerd=folder / "dockerd",
        containerd=folder / "containerd",
        docker=folder / "docker",
        buildx=folder / BUILDX_PLUGIN,
        ip=_which("ip") or folder / "ip",
        iptables=iptables_commands(packages),
    )


def _installed_program(name: str, package: str) -> Path:
    if found := _which(name):
        return found
    raise UsageError(f"dockerd is installed but {name} is not: install it (Debian's package {package})")


def _installed_buildx() -> Path:
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"
    for folder in (own, *map(Path, _SYSTEM_PLUGIN_FOLDERS)):
        if os.access(folder / BUILDX_PLUGIN, os.X_OK):
            return folder / BUILDX_PLUGIN
    raise UsageError("dockerd is installed but docker's buildx plugin is not: install it (Debian's docker-buildx)")


def _which(name: str) -> Path | None:
    found = shutil.which(name, path=search_path(None))
    return Path(found).absolute() if found else None
