"""What the engine room hands to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

ImageStore = Literal["containerd", "classic"]
"""`containerd`: the containerd image store; `classic`: the overlay2 graph driver."""

Condition = Literal["up", "down", "broken", "absent"]
"""`broken`: some of it runs, but it does not answer; `absent`: no engine of this name was ever made."""

IMAGE_STORES: tuple[str, ...] = get_args(ImageStore)


@dataclass(frozen=True, slots=True)
class PrivateEngine:
    """A Docker Engine of our own, and how to reach it."""

    name: str
    home: Path
    socket: Path
    bridge: str
    bridge_address: str
    """IPv4 address of the machine on the engine's bridge: what a build reaches servers on the machine by."""
    image_store: str
    source: str
    """Where the programs come from: `installed`, or the Debian suite whose packages were unpacked."""
    docker_command: tuple[str, ...]
    """The docker client that fits; an absolute path unless the programs are installed."""
    client_folder: Path | None
    """Folder with nothing but that client, to be put before `PATH`; None where it is installed."""
    environment: Mapping[str, str]
    """DOCKER_HOST, DOCKER_CONFIG and BUILDX_CONFIG, to be laid over `os.environ`."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What is known of a private engine at this moment."""

    name: str
    state: Condition
    detail: str
    """One sentence: what is wrong and the mend, or what runs."""
    engine: PrivateEngine | None
    """None only if absent."""
    process_id: int | None
    server_version: str | None
    data_bytes: int | None
    """Bytes on disk of everything in its home folder; None unless asked for."""
