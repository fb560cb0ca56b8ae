"""Filling the index: the wheels and source distributions that the builds install, kept between runs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from layerbench.config.models import IndexSettings
from layerbench.errors import BuildError, EngineError, UsageError
from layerbench.index import pip
from layerbench.index.listing import Client, normalized
from layerbench.index.requirements import pinned_version, project_of, read_requirements, without
from layerbench.index.sdist import build_requirements, fetch_sdist, run_requirements

_FORMAT = 1  # counts up when the same settings come to mean other files
_TIMEOUT_SECONDS = 60.0
_OLDEST_GLIBC_MINOR, _NEWEST_GLIBC_MINOR = 5, 28


def fill(settings: IndexSettings, notify: Callable[[str], None], cache: Path | None = None) -> Path:
    """A folder with every package that the builds install; a second run with the same settings downloads nothing.

    The folder lies in the person's cache (`$XDG_CACHE_HOME/layerbench/index`, or under `cache`). It is made aside and
    renamed, so that one that is there is whole; of two runs that want the same one, the second waits.

    Raises:
        UsageError: a requirements file cannot be read, or a source is not pinned.
        BuildError: a package cannot be had.
        EngineError: the cache folder cannot be written.
    """
    folder = cache_folder(settings, cache)
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f".{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                with tempfile.TemporaryDirectory(prefix=".filling-", dir=folder.parent) as name:
                    fill_folder(settings, Path(name), notify)
                    Path(name).chmod(0o755)
                    Path(name).rename(folder)
                    Path(name).mkdir()  # for the context to remove
    except OSError as error:
        raise EngineError(
            f"{error.filename or folder.parent}: {error.strerror}; the package index is kept there"
        ) from None
    return folder


def cache_folder(settings: IndexSettings, cache: Path | None = None) -> Path:
    """Where the packages of these settings are kept; changes with what the requirements files say.

    Raises:
        UsageError: a requirements file cannot be read.
    """
    home = os.environ.get("XDG_CACHE_HOME")
    root = cache or (Path(home) if home else Path.home() / ".cache") / "layerbench" / "index"
    facts = [
        _FORMAT,
        [read_requirements(path) for path in settings.requirements],
        settings.packages,
        sorted(settings.sources),
        settings.python_version,
        platform.machine(),
    ]
    return root / hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def fill_folder(settings: IndexSettings, folder: Path, notify: Callable[[str], None]) -> None:
    """Download the packages of `settings` into an existing folder.

    Every requirements file is resolved by itself, and again for each of `packages` with that requirement in the place
    of the file's own, as an edit of the pin would have it. Wheels are taken for CPython of `python_version` on Linux
    with glibc, of this machine's architecture.

    Raises:
        UsageError: a requirements file cannot be read, or a source is not pinned.
        BuildError: a package cannot be had.
    """
    sources = {normalized(name) for name in settings.sources}
    sets = list(requirement_sets(settings))
    needed: list[str] = []
    configured = pip.settings() if sources else {}
    for project, version in sorted(_pins(sets, sources)):
        notify(f"fetching the source of {project} {version}")
        client = Client(configured, _TIMEOUT_SECONDS)
        sdist = fetch_sdist(client, pip.index_urls(configured), project, version, folder)
        needed += run_requirements(sdist)
        _download(build_requirements(sdist), folder, settings.python_version)
    for number, lines in enumerate(sets, 1):
        notify(f"downloading packages for the builds ({number} of {len(sets)})")
        _download((*without(lines, sources), *needed), folder, settings.python_version)


def requirement_sets(settings: IndexSettings) -> Iterator[tuple[str, ...]]:
    """Lines that are installed together: each requirements file, and each with one further package in its place.

    Raises:
        UsageError: a requirements file cannot be read.
    """
    files = [read_requirements(path) for path in settings.requirements]
    yield from files
    for package in settings.packages:
        project = project_of(package)
        changed = [lines for lines in files if any(project_of(line) == project for line in lines)]
        for lines in changed:
            yield tuple(package if project_of(line) == project else line for line in lines)
        if not changed:
            yield (package,)


def platforms(machine: str) -> tuple[str, ...]:
    """The platforms whose wheels run on Linux with glibc, the newest first (PEP 600)."""
    newest_first = range(_NEWEST_GLIBC_MINOR, _OLDEST_GLIBC_MINOR - 1, -1)
    legacy = ("manylinux2014", "manylinux2010", "manylinux1") if machine in ("x86_64", "i686") else ("manylinux2014",)
    return (*(f"manylinux_2_{minor}_{machine}" for minor in newest_first), *(f"{name}_{machine}" for name in legacy))


def _pins(sets: Iterable[tuple[str, ...]], sources: set[str]) -> set[tuple[str, str]]:
    """Project and version of every source distribution that is wanted."""
    pins, missing = set(), set(sources)
    for line in (line for lines in sets for line in lines):
        project = project_of(line)
        if project in sources:
            version = pinned_version(line)
            if version is None:
                raise UsageError(f'index.sources: "{line}" is not pinned; write {project}==VERSION')
            pins.add((project, version))
            missing.discard(project)
    if missing:
        raise UsageError(
            f"index.sources: {min(missing)} is in none of index.requirements and index.packages; add it there"
        )
    return pins


def _download(lines: Iterable[str], folder: Path, python_version: str) -> None:
    requirements = "".join(f"{line}\n" for line in lines)
    if not requirements:
        return
    arguments = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python_version}"]
    arguments += [f"--platform={name}" for name in platforms(platform.machine())]
    with tempfile.NamedTemporaryFile("w", prefix="layerbench-", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        try:
            pip.download([*arguments, f"--dest={folder}", f"--requirement={file.name}"], python_version)
        except BuildError as error:
            if "No matching distribution" in str(error):
                raise BuildError(f"{error} (a package without wheels for Linux belongs in index.sources)") from None
            raise
