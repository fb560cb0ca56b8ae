"""How the docker client is called here."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence


def process_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a docker process: this process's, and `environment` over it."""
    return {**os.environ, **environment}


def run_docker(
    docker_command: Sequence[str], environment: Mapping[str, str], *arguments: str, timeout_seconds: float
) -> bytes | None:
    """What a docker command prints on stdout; None where it fails, for callers that have another way."""
    try:
        return subprocess.run(
            [*docker_command, *arguments],
            env=process_environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_seconds,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
