"""Serving the index by pypiserver, for as long as a context lasts."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from layerbench.errors import EngineError, UsageError

PREFERRED_PORT = 28141
"""Taken when free, so that the pip.conf of derived bases, and with it their digest, need not change between runs."""
_A_YEAR_SECONDS = 31_536_000
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_ATTEMPTS = 3


@contextlib.contextmanager
def serve(folder: Path, address: str) -> Iterator[str]:
    """Serve the packages in a folder on an address of this machine; yields the index's URL.

    The server ends with the context, and (on Linux) also when this process is killed. It must be entered in a thread
    that outlives the context.

    Raises:
        UsageError: pypiserver is not installed.
        EngineError: it did not start; with its last words.
    """
    if importlib.util.find_spec("pypiserver") is None:
        raise UsageError(
            "pypiserver is missing, which serves the package index: run pip install 'layerbench[index]', "
            "or set index.serve to never"
        )
    with tempfile.TemporaryFile("w+") as log:
        process, url = _start(folder, address, log)
        try:
            yield url
        finally:
            _stop(process)


def _start(folder: Path, address: str, log: IO[str]) -> tuple[subprocess.Popen[bytes], str]:
    for attempt in range(_ATTEMPTS):
        port = free_port(address, PREFERRED_PORT if attempt == 0 else 0)
        process = subprocess.Popen(
            [sys.executable, "-m", "layerbench.index.child", str(os.getpid()), *_arguments(folder, address, port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
        )
        url = f"http://{address}:{port}/simple/"
        try:
            if _answers(url, process):
                return process, url
        except BaseException:
            _stop(process)
            raise
        _stop(process)
    log.seek(0)
    words = log.read().strip().splitlines() or ["it said nothing"]
    raise EngineError(f"the package index could not be served on {address}: {words[-1]}")


def _arguments(folder: Path, address: str, port: int) -> list[str]:
    return [
        *("run", f"--host={address}", f"--port={port}", "--disable-fallback"),
        *(f"--cache-control={_A_YEAR_SECONDS}", "--hash-algo=sha256", str(folder)),
    ]


def free_port(address: str, preferred: int) -> int:
    """A TCP port that nobody listens on, `preferred` if possible (0 for any).

    Raises:
        EngineError: the address is not one of this machine's.
    """
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                reason = error.strerror
                continue
            return int(probe.getsockname()[1])
    raise EngineError(f"the package index cannot be served on {address}: {reason}; set index.serve to never")


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), opener.open(url, timeout=_START_SECONDS):
            return True
        time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
