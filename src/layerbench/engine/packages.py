"""Debian's Docker packages, downloaded and unpacked into a folder of our own; nothing is installed.

Two sets: the engine itself comes from a newer suite (its programs are written in Go and need no new C
library), while runc, iptables and ip, which do need their own release's C library, come from the machine's
own release.
"""

from __future__ import annotations

import contextlib
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from layerbench.engine.apt import PrivateApt, unpack
from layerbench.engine.aptsources import Mirror, debian_mirrors, machine_sources
from layerbench.engine.locks import locked
from layerbench.engine.paths import package_cache, package_cache_is_shared
from layerbench.errors import EngineError, UsageError

SUITES = ("forky", "trixie")
"""Suites tried when none is asked for, the newest first; bookworm's has no buildx."""

_ENGINE_PACKAGES = ("docker.io", "docker-buildx", "containerd")
_ENGINE_EXTRAS = ("docker-cli", "tini", "tini-static")  # part of docker.io or not needed in some suites
_HELPER_PACKAGES = ("runc", "iptables", "iproute2")
_SUITE = re.compile(r"[a-z][a-z0-9-]*\Z")
_C_LIBRARY = ("libc6", "libc-", "libgcc-s1")

_ENGINE_PROGRAMS = (
    "dockerd",
    "docker",
    "containerd",
    "containerd-shim-runc-v2",
    "docker-proxy",
    "docker-init",
)
_WRAPPERS = {
    "ip": "ip",
    "iptables-nft": "iptables-nft",
    "iptables-legacy": "iptables-legacy",
    "iptables": "iptables-nft",  # dockerd calls it in containers on networks that people create
    "ip6tables": "ip6tables-nft",
}
BUILDX_PLUGIN = "docker-buildx"

Notify = Callable[[str], None]


def fetched(suite: str | None, notify: Notify) -> Path:
    """Folder of the unpacked programs of `suite`, or of the newest suite whose programs run here.

    It holds `bin/` with all programs. What was unpacked before is used again without the network.

    Raises:
        EngineError: no suite could be fetched, or none runs here; the message tells why for each.
    """
    candidates = _candidates(suite)
    cache = package_cache()
    problems: list[str] = []
    with locked(cache / ".lock", notify, "another layerbench is fetching packages"):
        try:
            for candidate in candidates:
                try:
                    return _one_suite(cache, candidate, notify)
                except EngineError as error:
                    problems.append(str(error))
                    if candidate != candidates[-1]:
                        notify(f"{error}; trying the next suite")
        finally:
            _remove_if_empty(cache)
    if len(problems) == 1:
        raise EngineError(problems[0])
    raise EngineError(f"no suite can be used ({', '.join(candidates)}): {problems[0]}")


def cached(suite: str | None) -> Path | None:
    """Folder of programs that were unpacked before: of `suite`, or of the newest suite there is."""
    folders = [package_cache() / candidate for candidate in ([suite] if suite else SUITES)]
    return next((folder for folder in folders if folder.is_dir()), None)


def private_apt(folder: Path) -> PrivateApt:
    """An apt for packages of the machine's own release.

    Raises:
        EngineError: the machine is no Debian, or none of its mirrors answers.
    """
    return _apt_for(_own_release(), folder)[0]


def remove_cache() -> None:
    """Delete all unpacked packages."""
    shutil.rmtree(package_cache(), ignore_errors=True)
    if not package_cache_is_shared():
        with contextlib.suppress(OSError):  # it holds something else, or is not there
            package_cache().parent.rmdir()


def _remove_if_empty(cache: Path) -> None:
    """Leave no empty cache behind where nothing could be fetched; to be called with its lock held."""
    if [entry.name for entry in cache.iterdir()] == [".lock"]:
        remove_cache()


def _candidates(suite: str | None) -> list[str]:
    if suite:
        if not _SUITE.match(suite):
            raise UsageError(f"{suite!r} is no name of a suite: take one such as {SUITES[0]}")
        return [suite]
    return list(dict.fromkeys((*SUITES, _own_release())))


def _one_suite(cache: Path, suite: str, notify: Notify) -> Path:
    target = cache / suite
    unusable = cache / f"{suite}.unusable"
    if target.is_dir():
        return target
    if unusable.is_file():
        raise EngineError(unusable.read_text(encoding="utf-8"))
    with ExitStack() as stack:
        for stale in cache.glob(".partial-*"):
            shutil.rmtree(stale, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=".partial-", dir=cache))
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        content = work / "content"
        _fetch(work, content, target, suite, notify)
        if problem := _first_that_does_not_run(content / "bin"):
            message = f"Debian {suite}'s programs do not run on this machine ({problem})"
            unusable.write_text(message, encoding="utf-8")
            raise EngineError(message)
        content.rename(target)
    return target


def _fetch(work: Path, content: Path, final: Path, suite: str, notify: Notify) -> None:
    notify(f"reading the package lists of Debian {suite}")
    engine_apt, mirror = _apt_for(suite, work / "engine")
    packages = engine_apt.available((*_ENGINE_PACKAGES, *_ENGINE_EXTRAS))
    if missing := [package for package in _ENGINE_PACKAGES if package not in packages]:
        raise EngineError(f"{suite} has no package {' and '.join(missing)}: take another suite by --suite")
    own = _own_release()
    helper_apt = engine_apt if own == suite else PrivateApt.create(work / "helpers", mirror, own)
    helpers = [name for name in helper_apt.closure(_HELPER_PACKAGES) if _is_helper(name)]
    size_bytes = engine_apt.download_bytes(packages) + helper_apt.download_bytes(helpers)
    notify(f"downloading {len(packages) + len(helpers)} packages of Debian {suite} ({size_bytes / 1e6:.0f} MB)")
    engine_files = engine_apt.download(packages)
    helper_files = [file for file in helper_apt.download(helpers) if file not in engine_files]
    notify(f"unpacking into {final}")
    unpack(engine_files, content / "engine")
    unpack(helper_files, content / "helpers")
    _collect_programs(content, final)


def _apt_for(suite: str, folder: Path) -> tuple[PrivateApt, Mirror]:
    """An apt for `suite` on the first of the machine's mirrors that has it."""
    try:
        mirrors = debian_mirrors(machine_sources(), _own_release())
    except (OSError, subprocess.CalledProcessError):
        raise EngineError(
            "apt's configuration cannot be read here: install Docker Engine yourself instead of using --fetch"
        ) from None
    problem = "apt's configuration names no mirror of Debian: install Docker Engine yourself"
    for number, mirror in enumerate(mirrors):
        try:
            return PrivateApt.create(folder / str(number), mirror, suite), mirror
        except EngineError as error:
            problem = problem if number else str(error)
    raise EngineError(problem)


def _own_release() -> str:
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    if not codename:
        raise EngineError(
            "os-release does not say which release this is (VERSION_CODENAME): install Docker Engine yourself"
        )
    return codename


def _is_helper(package: str) -> bool:
    """Whether a package of the helpers' closure is needed: they and their libraries, not the C library."""
    return package in _HELPER_PACKAGES or (package.startswith("lib") and not package.startswith(_C_LIBRARY))


def _collect_programs(content: Path, final: Path) -> None:
    """Make `bin/` for the daemons and `client/` for people.

    What runs as it is gets a link, what needs the libraries that were unpacked with it a wrapper.
    """
    folder, client = content / "bin", content / "client"
    folder.mkdir()
    client.mkdir()
    for name in (*_ENGINE_PROGRAMS, BUILDX_PLUGIN):
        _link(folder / name, content / "engine", name)
    _link(folder / "runc", content / "helpers", "runc")
    _link(client / "docker", content / "engine", "docker")
    for name, program in _WRAPPERS.items():
        wrapped = final / _find_program(content / "helpers", program).relative_to(content)
        (folder / name).write_text(_wrapper(content, final, wrapped), encoding="utf-8")
        (folder / name).chmod(0o755)
    for root in ("engine", "helpers"):
        shutil.rmtree(content / root / "usr" / "share", ignore_errors=True)


def _link(link: Path, root: Path, name: str) -> None:
    link.symlink_to(Path("..") / _find_program(root, name).relative_to(root.parent))


def _find_program(root: Path, name: str) -> Path:
    folders = (
        "usr/bin",
        "usr/sbin",
        "bin",
        "sbin",
        "usr/libexec/docker/cli-plugins",
        "usr/lib/docker/cli-plugins",
    )
    for folder in folders:
        if (root / folder / name).exists():
            return root / folder / name
    raise EngineError(f"Debian's packages hold no program {name}: take another suite by --suite")


def _wrapper(content: Path, final: Path, program: Path) -> str:
    libraries = [final / folder.relative_to(content) for folder in (content / "helpers").glob("**/*-linux-gnu*/")]
    path = shlex.quote(":".join(str(library) for library in libraries))
    modules = shlex.quote(":".join(str(library / "xtables") for library in libraries))
    return f'#!/bin/sh\nLD_LIBRARY_PATH={path} XTABLES_LIBDIR={modules} exec {shlex.quote(str(program))} "$@"\n'


def _first_that_does_not_run(folder: Path) -> str | None:
    """What the first failing program says, or None if all of them run."""
    for name in ("dockerd", "docker", "containerd", "runc"):
        done = subprocess.run(
            (folder / name, "--version"), check=False, capture_output=True, text=True, errors="replace"
        )
        if done.returncode:
            return f"{name}: {(done.stderr.strip() or 'no message').splitlines()[0]}"
    return None
