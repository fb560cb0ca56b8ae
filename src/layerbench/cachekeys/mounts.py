"""`RUN --mount`: what of a mount enters the key of its RUN.

BuildKit (solver/llbsolver/ops/exec.go: `CacheMap`) compares the content of what is mounted, not where it is from. Of a
cache mount it forgets id and sharing, unless both are the default; a secret's value is never asked for.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from layerbench.cachekeys.surroundings import Surroundings
from layerbench.instructions import Instruction, mounts_of

_NAMES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}
_NO = ("false", "0", "f")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount, variables filled in."""

    kind: str
    """`bind`, `cache`, `tmpfs`, `secret` or `ssh`."""
    origin: str
    """`from`: a stage, named context or image; empty for the main context."""
    source: str
    target: str
    """Absolute, of a file system; of a secret as it is written."""
    is_read_only: bool
    options: tuple[tuple[str, str], ...]
    """The others, in the order of their names."""

    def option(self, name: str) -> str:
        """The value of another option; empty where it is not there."""
        return dict(self.options).get(name, "")


def read_mounts(instruction: Instruction, state: Surroundings) -> list[Mount]:
    """The mounts of a RUN."""
    return [_mount(fields, state) for fields in mounts_of(instruction)]


def mount_parts(mounts: Sequence[Mount], cache_namespace: str) -> dict[str, str]:
    """What of the mounts is in the key of their RUN, by the mount's name."""
    found: dict[str, str] = {}
    for mount in mounts:
        name = f"--mount=type={mount.kind} {mount.target or mount.option('id') or mount.source}".rstrip()
        found[name] = _describe(mount, cache_namespace)
    return found


def _mount(fields: dict[str, str], state: Surroundings) -> Mount:
    options = {_NAMES.get(key, key): state.expanded(value) for key, value in fields.items()}
    kind = options.pop("type", "bind").lower()
    target = options.pop("target", "")
    is_read_only = kind not in ("cache", "tmpfs")
    if "readonly" in options:
        is_read_only = options.pop("readonly").lower() not in _NO
    if "readwrite" in options:
        is_read_only = options.pop("readwrite").lower() in _NO
    if kind not in ("secret", "ssh"):
        options["written"] = target
        target = posixpath.normpath(posixpath.join(state.working_dir, target))
    return Mount(
        kind, options.pop("from", ""), options.pop("source", ""), target, is_read_only, tuple(sorted(options.items()))
    )


def _describe(mount: Mount, cache_namespace: str) -> str:
    shown = [f"{mount.kind} {mount.target}"]
    if mount.kind in ("secret", "ssh"):
        shown += [mount.source, *(f"{name}={value}" for name, value in mount.options if name != "written")]
        return " ".join(filter(None, shown))
    if mount.kind == "bind":
        return f"{shown[0]} {'read-only' if mount.is_read_only else 'writable'}"
    if mount.kind == "tmpfs":
        return f"{shown[0]} {mount.option('size')}"
    if mount.is_read_only:
        shown.append("read-only")
    shown += [f"{name}={mount.option(name)}" for name in ("mode", "uid", "gid") if mount.option(name)]
    identifier = mount.option("id") or posixpath.normpath(mount.option("written"))
    sharing = mount.option("sharing").lower() or "shared"
    is_default = identifier == mount.target and sharing == "shared"
    shown.append(f"default id {cache_namespace}" if is_default else "other id or sharing")
    if mount.origin and mount.source:
        shown.append("from a folder")
    return " ".join(shown)
