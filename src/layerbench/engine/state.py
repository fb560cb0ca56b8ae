"""What is written down about an engine, so that it comes up again as it was and is taken away whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from layerbench.engine.files import write_atomically
from layerbench.engine.models import IMAGE_STORES
from layerbench.engine.paths import EnginePaths
from layerbench.errors import EngineError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class EngineState:
    """The choices made for an engine."""

    image_store: str
    source: str
    """`installed`, or the Debian suite."""
    package_folder: Path | None
    pool: IPv4Network


def read_state(paths: EnginePaths) -> EngineState | None:
    """The state of an engine, or None if it has none.

    Raises:
        EngineError: the file is damaged.
    """
    try:
        text = paths.state.read_text(encoding="utf-8")
    except (FileNotFoundError, PermissionError):
        return None
    try:
        return parse_state(text)
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"{paths.state} is damaged ({error}): remove the engine by "
            f"`layerbench engine down --name {paths.name} --purge`"
        ) from None


def write_state(paths: EnginePaths, state: EngineState) -> None:
    """Write an engine's state."""
    write_atomically(paths.state, format_state(state))


def format_state(state: EngineState) -> str:
    """A state as JSON."""
    fields = {
        "schema_version": _VERSION,
        "image_store": state.image_store,
        "source": state.source,
        "package_folder": str(state.package_folder) if state.package_folder else None,
        "pool": str(state.pool),
    }
    return json.dumps(fields, indent=2) + "\n"


def parse_state(text: str) -> EngineState:
    """A state from JSON.

    Raises:
        ValueError, KeyError, TypeError: it is not one.
    """
    fields = json.loads(text)
    if fields["schema_version"] != _VERSION:
        raise ValueError(f"schema_version is {fields['schema_version']!r}, not {_VERSION}")
    if fields["image_store"] not in IMAGE_STORES:
        raise ValueError(f"image_store is {fields['image_store']!r}")
    folder = fields["package_folder"]
    return EngineState(
        image_store=fields["image_store"],
        source=str(fields["source"]),
        package_folder=Path(folder) if folder else None,
        pool=IPv4Network(fields["pool"]),
    )
