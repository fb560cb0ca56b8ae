"""The pip of this machine: how it is started, and what it is set to."""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from layerbench.errors import BuildError, UsageError

_SETTING = re.compile(
    r"^(?P<section>:env:|global|download)\.\.?(?P<name>[a-z-]+)=(?P<value>'.*'|\".*\")$", re.MULTILINE
)
_WEIGHT = {"global": 0, "download": 1, ":env:": 2}
_PRINT_DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
# pip picks wheels for another Python when told so, but always evaluates environment markers for the one it runs on.
_FOR_ANOTHER_PYTHON = """
import sys
from pip._internal.cli.main import main
from pip._vendor.packaging import markers
version, own = sys.argv.pop(1), markers.default_environment
markers.default_environment = lambda: {**own(), "python_version": version, "python_full_version": version + ".0"}
sys.exit(main(sys.argv[1:]))
"""


@functools.cache
def interpreter() -> str:
    """An interpreter that has pip: the one that runs this, else the machine's.

    Raises:
        UsageError: there is none.
    """
    if importlib.util.find_spec("pip"):
        return sys.executable
    other = shutil.which("python3")
    if other and subprocess.run([other, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return other
    raise UsageError(
        "pip is missing, which fills the package index: run python3 -m ensurepip, or set index.serve to never"
    )


def settings() -> Mapping[str, str]:
    """What pip's configuration files and its PIP_ variables say here, by option name."""
    listed = _run([interpreter(), "-m", "pip", "config", "list"])
    found = sorted(_SETTING.finditer(listed), key=lambda match: _WEIGHT[match["section"]])
    return {match["name"]: str(ast.literal_eval(match["value"])) for match in found}


def index_urls(configured: Mapping[str, str]) -> tuple[str, ...]:
    """The package indexes that pip uses when set so, the main one first; without a final slash."""
    main = configured.get("index-url") or _run([interpreter(), "-c", _PRINT_DEFAULT_INDEX]).strip()
    return tuple(url.rstrip("/") for url in (main, *configured.get("extra-index-url", "").split()))


def download(arguments: Sequence[str], python_version: str) -> None:
    """Run `pip download` for another version of Python.

    Raises:
        BuildError: pip failed; with its last words.
    """
    _run([interpreter(), "-c", _FOR_ANOTHER_PYTHON, python_version, "download", "--quiet", "--no-input", *arguments])


def _run(command: Sequence[str]) -> str:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] or done.stderr.splitlines()
        words = errors[-1].removeprefix("ERROR:").strip() if errors else "no output"
        raise BuildError(f"pip ended with {done.returncode} while filling the package index: {words}")
    return done.stdout
