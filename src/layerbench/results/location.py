"""Where a run's result file lies when nobody says where."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from layerbench.errors import UsageError

_LONGEST_NAME = 100
_HEAD_BYTES = 200
_RESULT_KEY = b'"schema_version"'


def default_result_path(bench_name: str, folder: Path) -> Path:
    """A file in the user's state folder, one a bench file.

    Not in the project's own folder: that is a build context more often than not, and a result file in it would be
    copied into the images of the next run.
    """
    state = _state_folder()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", bench_name).strip("-.") or "bench"
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:8]
    return state / "layerbench" / "results" / f"{plain[:_LONGEST_NAME]}-{digest}.json"


def check_place(path: Path) -> None:
    """See that a result file can be written there, before an hour of builds: nothing is changed.

    The folder of the default place is made. A file that is there already is overwritten only if it is a result file.

    Raises:
        UsageError: names the path and the mend.
    """
    target = _resolved(path)
    try:
        if target.is_dir():
            raise UsageError(f"{path} is a folder: give the name of a file in it")
        if target.is_relative_to(_state_folder()):
            target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.is_dir():
            raise UsageError(f"the folder {target.parent} is not there: make it, or give another place")
        if target.exists() and not target.is_file():
            return  # a pipe or a device, which takes what it is given
        _check_overwriting(path, target)
        probe = target.parent / f".layerbench-{secrets.token_hex(8)}.tmp"
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; give another place with -o") from None


def _check_overwriting(path: Path, target: Path) -> None:
    if not target.exists():
        return
    with target.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.strip() and _RESULT_KEY not in head:
        raise UsageError(f"{path} is there and is no result file; give another place with -o, or remove it")


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise UsageError(f"{path} is a symbolic link that leads nowhere: remove it, or give another place") from None


def _state_folder() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
