"""Platforms as OCI images and BuildKit name them."""

from __future__ import annotations

_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "armv6l": "arm/v6", "i686": "386"}


def platform_of_machine(machine: str, system: str = "linux") -> str:
    """The platform of a machine by what `uname -m` says: `linux/amd64` for `x86_64`."""
    return f"{system}/{_GO_ARCHITECTURES.get(machine, machine)}"
