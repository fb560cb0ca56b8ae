"""What all private engines of the machine share: IP forwarding, and folders that daemons make on their way.

The first engine that comes up notes how it was; the last one that goes down puts it back, unless an engine
that is not ours has come to need it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from layerbench.engine import processes
from layerbench.engine.files import write_atomically
from layerbench.engine.locks import locked
from layerbench.engine.paths import RUN_ROOT
from layerbench.errors import EngineError

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_RECORD = RUN_ROOT / "machine.json"
_LOCK = RUN_ROOT / ".lock"
_SHARED_FOLDERS = ("/run/containerd", "/run/containerd/s", "/run/docker", "/run/docker/plugins", "/run/runc")
"""Folders with fixed names, made by containerd's shims, by dockerd and by runc."""


@contextmanager
def machine_lock(notify: Callable[[str], None]) -> Iterator[None]:
    """Hold what is shared still: taken briefly, inside an engine's own lock."""
    with locked(_LOCK, notify, "another private engine is being started or stopped"):
        yield


def prepare(run: Path) -> None:
    """Make an engine's run folder and switch IP forwarding on; to be called with the machine's lock held.

    Raises:
        EngineError: forwarding cannot be switched on here.
    """
    _note()
    run.mkdir(parents=True, exist_ok=True, mode=0o711)
    if _FORWARDING.read_text().strip() == "0":
        try:
            _FORWARDING.write_text("1\n")
        except OSError as error:
            raise EngineError(
                f"IP forwarding cannot be switched on ({error.strerror}): try `sysctl net.ipv4.ip_forward=1`"
            ) from None


def release(notify: Callable[[str], None]) -> None:
    """Put things back if no private engine is left; to be called with the machine's lock held."""
    if not RUN_ROOT.is_dir() or any(entry.is_dir() for entry in RUN_ROOT.iterdir()):
        return
    record = _read()
    if record and processes.foreign_daemons():
        if record["ip_forward"] == "0":
            notify("IP forwarding stays on: another Docker Engine is running")
    elif record:
        if record["ip_forward"] == "0":
            _FORWARDING.write_text("0\n")
        for folder in reversed(record["absent_folders"]):
            with contextlib.suppress(OSError):  # somebody else's files are in it, or it is gone
                Path(folder).rmdir()
    _RECORD.unlink(missing_ok=True)
    _LOCK.unlink(missing_ok=True)
    RUN_ROOT.rmdir()


def _note() -> None:
    if _RECORD.exists():
        return
    absent = [folder for folder in _SHARED_FOLDERS if not Path(folder).exists()]
    record = {"ip_forward": _FORWARDING.read_text().strip(), "absent_folders": absent}
    write_atomically(_RECORD, json.dumps(record, indent=2) + "\n")


def _read() -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(_RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record
