"""The docker client's side of a private engine: configuration folders of its own, not the person's."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from layerbench.engine.models import PrivateEngine
from layerbench.engine.packages import BUILDX_PLUGIN
from layerbench.engine.paths import EnginePaths
from layerbench.engine.programs import Programs

_OVERRIDES = ("BUILDX_BUILDER", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION")
"""Variables that make docker or buildx talk to, or as to, another engine; empty means unset to both."""


def write_client_folders(paths: EnginePaths, programs: Programs) -> None:
    """Make the client's configuration folder, with the buildx plugin and the person's own registry logins."""
    plugins = paths.docker_config / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    paths.buildx_config.mkdir(exist_ok=True)
    _link(plugins / BUILDX_PLUGIN, programs.buildx)
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker").absolute() / "config.json"
    if own.is_file() and not own.is_relative_to(paths.docker_config):
        _link(paths.docker_config / "config.json", own)


def client_environment(paths: EnginePaths, current: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that make docker and buildx use the engine, to be laid over `current`."""
    own = {
        "DOCKER_HOST": f"unix://{paths.socket}",
        "DOCKER_CONFIG": str(paths.docker_config),
        "BUILDX_CONFIG": str(paths.buildx_config),
    }
    return own | {name: "" for name in _OVERRIDES if current.get(name)}


def shell_exports(engine: PrivateEngine) -> str:
    """Lines for `eval` in a POSIX shell; they put the unpacked client before any other, too."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in engine.environment.items()]
    if engine.client_folder:
        lines.append(f'export PATH={shlex.quote(str(engine.client_folder))}:"$PATH"')
    return "\n".join(lines) + "\n"


def client_folder(packages: Path | None) -> Path | None:
    """Folder with the docker client of unpacked packages alone; None where the installed one is used."""
    return packages / "client" if packages else None


def docker_command(packages: Path | None) -> tuple[str, ...]:
    """How to call the client that fits the engine."""
    folder = client_folder(packages)
    return (str(folder / "docker"),) if folder else ("docker",)


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)
