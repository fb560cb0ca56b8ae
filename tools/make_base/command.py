"""Make a stand-in for the image `python:3.12-slim` where no registry can be reached.

The stand-in is an OCI image layout: a Debian root file system made by mmdebstrap from the mirror that this machine's
own apt configuration names, and on top of it a CPython of this machine, moved to /usr/local, with pip. Nothing is
installed on this machine: mmdebstrap is unpacked into a temporary folder and run from there.

It needs Debian (or a derivative), root, and a CPython of the wanted version with a prefix of its own: from pyenv, from
`uv python install`, built into /usr/local or /opt, or named with --python. Debian's own python3 has /usr as its prefix
and cannot be taken.

A layout that is up to date (same make-base, apt sources, CPython, certificates and pip settings) is left as it is.
Use it in a build with `--build-context python:3.12-slim=oci-layout://FOLDER:3.12-slim`. An engine with the classic
image store cannot read layouts: load it there with --load TAG, and use `docker-image://TAG`.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from . import cpython, debian, layout, settings
from .process import Failed, note

CHECKOUT = Path(__file__).resolve().parents[2]


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make-base", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "output", type=Path, nargs="?", help="folder (default: .layerbench/bases/python-X.Y-slim in the checkout)"
    )
    parser.add_argument("--version", default="3.12", metavar="X.Y", help="of Python (default: %(default)s)")
    parser.add_argument("--python", type=Path, metavar="FILE", help="the interpreter whose installation is taken")
    parser.add_argument("--suite", help="Debian release (default: this machine's, for which its CPython was built)")
    parser.add_argument("--load", metavar="TAG", help="also load the image, by this name, into the Docker Engine")
    parser.add_argument("--force", action="store_true", help="make the layout again even if it is up to date")
    return parser.parse_args(words)


def overlay_files(python: cpython.Python, environment: Mapping[str, str]) -> dict[str, str]:
    """Path to content of the settings that the image gets from this machine."""
    pip = settings.pip_settings(python, environment)
    extra = settings.added_certificates(environment, pip)
    files = {f"usr/local/share/ca-certificates/{name}": text for name, text in extra.items()}
    files["etc/apt/apt.conf.d/docker-clean"] = debian.APT_SETTINGS
    files["etc/apt/apt.conf.d/90mirror"] = "".join(f"{line}\n" for line in debian.acquire_settings())
    files["etc/dpkg/dpkg.cfg.d/docker"] = debian.DPKG_SETTINGS
    files["etc/pip.conf"] = settings.pip_conf(pip, bool(extra))
    return {name: content for name, content in files.items() if content}


def digest_of_inputs(python: cpython.Python, suite: str, files: Mapping[str, str]) -> str:
    """Changes when a new layout would be another one, as far as this machine decides it (not the mirror)."""
    digest = hashlib.sha256()
    own = sorted(Path(__file__).parent.glob("*.py"))
    for path in [*own, *debian.own_sources(), python.prefix / "bin" / f"python{python.minor}"]:
        digest.update(path.read_bytes() if path.is_file() else b"-")
    facts = [python.version, str(python.prefix), suite, platform.machine(), sorted(files.items())]
    digest.update(json.dumps(facts).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def alone(output: Path) -> Iterator[None]:
    """One maker of one layout at a time; a second waits for the first, and then finds it made."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with (output.parent / f".{output.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(python: cpython.Python, suite: str, files: Mapping[str, str], key: str, output: Path) -> None:
    """Make the layout in a temporary folder and put it in its place when it is whole."""
    if os.geteuid() and not shutil.which("newuidmap"):
        raise Failed("making a root file system needs root here: run make-base with sudo, or install uidmap")
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        work = Path(name)
        root, overlay, new = work / "overlay", work / "overlay.tar", work / "layout"
        note(f"copying CPython {python.version}")
        cpython.copy(python, root)
        packages = sorted({*debian.PACKAGES, *cpython.library_packages(root)})
        layout.write_overlay(root, files, overlay)
        apt = debian.Apt(work / "apt")
        apt.update()
        note(f"making a root file system of {suite} with {', '.join(packages)}")
        archive = debian.bootstrap(apt, suite, packages, overlay, work)
        note("packing the layers")
        layout.write_layout(new, layout.split_layers(archive, work), python.version, f"{python.minor}-slim", key)
        if output.exists():
            output.rename(work / "old")
        new.rename(output)


def main(words: Sequence[str] | None = None) -> None:
    """Do what the command line says; prints the layout's folder."""
    options = arguments(words)
    output = (options.output or CHECKOUT / ".layerbench/bases" / f"python-{options.version}-slim").absolute()
    for name in ("apt-get", "dpkg-deb", "perl", "ldd"):
        if not shutil.which(name):
            raise Failed(f"{name} is missing: make-base works on Debian and its derivatives only")
    python = cpython.find(options.version, options.python, os.environ)
    suite = options.suite or debian.suite_of_machine()
    files = overlay_files(python, os.environ)
    key = digest_of_inputs(python, suite, files)
    with alone(output):
        if options.force or layout.key_of(output) != key:
            started = time.monotonic()
            make(python, suite, files, key, output)
            note(f"made in {time.monotonic() - started:.0f} s")
        else:
            note("up to date")
    if options.load:
        layout.load(output, options.load)
    print(output)


def terminated(number: int, _frame: object) -> None:
    """Turn a polite end into an exception, so that everything temporary is removed."""
    raise SystemExit(128 + number)


def start() -> None:
    """Run as a program: an expected error is one sentence and an exit code."""
    signal.signal(signal.SIGTERM, terminated)
    try:
        main()
    except Failed as error:
        print(f"make-base: {error}", file=sys.stderr)
        sys.exit(error.code)
    except KeyboardInterrupt:
        sys.exit(130)
