"""A CPython of this machine: found, copied to where it will lie in the image, and moved to /usr/local."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .process import Failed, run

HOME = PurePosixPath("/usr/local")
NOT_COPIED = (
    *("__pycache__", "*.pyc", "*.pyo", "*.a", "test", "tests", "idle_test", "idlelib", "tkinter", "turtledemo"),
    *("_tkinter.*", "_test*.so", "_xxtest*.so", "_ctypes_test.*", "xxlimited*.so"),
    *("site-packages", "EXTERNALLY-MANAGED"),
)
COMMANDS = re.compile(r"^(python|python3|python3\.\d+)(-config)?$|^(pydoc|2to3).*$")


@dataclass(frozen=True)
class Python:
    """A CPython of this machine."""

    executable: Path
    prefix: Path
    version: str

    @property
    def minor(self) -> str:
        """Such as 3.12."""
        return ".".join(self.version.split(".")[:2])


def candidates(wanted: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """Where a CPython of the wanted minor version may be, the most likely first."""
    home = Path(environment.get("HOME", "/root"))
    for root, pattern in (
        (Path(environment.get("PYENV_ROOT", home / ".pyenv")) / "versions", f"{wanted}.*"),
        (Path(environment.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python")), f"cpython-{wanted}.*"),
    ):
        for folder in sorted(root.glob(pattern), key=newest_last, reverse=True):
            yield folder / "bin" / f"python{wanted}"
    for name in environment.get("PATH", "").split(os.pathsep):
        if name:
            yield Path(name, f"python{wanted}")


def newest_last(path: Path) -> tuple[int, ...]:
    """Orders 3.12.10 behind 3.12.9."""
    return tuple(int(number) for number in re.findall(r"\d+", path.name))


def inspect(executable: Path) -> Python | None:
    """What the interpreter says of itself; None if it does not run or is not CPython."""
    code = "import json,sys; print(json.dumps([sys.base_prefix, sys.version.split()[0], sys.implementation.name]))"
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        answer = subprocess.run([executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30)
        prefix, version, implementation = json.loads(answer.stdout)
        if implementation == "cpython":
            return Python(executable, Path(prefix).resolve(), version)
    return None


def find(wanted: str, named: Path | None, environment: Mapping[str, str]) -> Python:
    """The CPython to put into the image; an error says what would be taken."""
    for executable in [named] if named else candidates(wanted, environment):
        python = inspect(executable)
        if python and python.minor == wanted and python.prefix != Path("/usr"):
            return python
    if named:
        raise Failed(f"{named} is not a CPython {wanted} with a prefix of its own (outside /usr): name another one", 2)
    raise Failed(
        f"no CPython {wanted} was found that could be put into the image: get one with `pyenv install {wanted}` or "
        f"`uv python install {wanted}`, or name one with --python"
    )


def copy(python: Python, root: Path) -> None:
    """Put the interpreter's own files under `root`, as if it had been built for /usr/local."""
    target, library = root / HOME.relative_to("/"), f"python{python.minor}"
    unwanted = shutil.ignore_patterns(*NOT_COPIED)
    shutil.copytree(python.prefix / "lib" / library, target / "lib" / library, symlinks=True, ignore=unwanted)
    shutil.copytree(python.prefix / "include" / library, target / "include" / library)
    (target / "lib" / library / "site-packages").mkdir()
    for folder, chosen in (
        ("bin", COMMANDS),
        ("lib", re.compile(r"^libpython3.*\.so")),
        ("lib/pkgconfig", re.compile(r"^python.*\.pc$")),
    ):
        (target / folder).mkdir(parents=True, exist_ok=True)
        for entry in sorted((python.prefix / folder).glob("*")):
            if chosen.match(entry.name) and not entry.is_dir():
                shutil.copy2(entry, target / folder / entry.name, follow_symlinks=False)
    for name, points_to in (("python3", library), ("python", "python3")):
        if not (target / "bin" / name).exists():
            (target / "bin" / name).symlink_to(points_to)
    relocate(target, python)
    strip_symbols(target)


def relocate(target: Path, python: Python) -> None:
    """Put /usr/local in the place of the old prefix in the text files that name it.

    The interpreter finds its home from where it lies; but scripts, pkg-config files and what sysconfig says to
    compilers of extension modules have the prefix written in them.
    """
    library = target / "lib" / f"python{python.minor}"
    texts = [*(target / "bin").iterdir(), *(target / "lib/pkgconfig").iterdir()]
    texts += [*library.glob("_sysconfigdata*.py"), *library.glob("config-*/*")]
    for path in texts:
        if path.is_symlink() or not path.is_file() or b"\0" in (content := path.read_bytes()):
            continue
        moved = content.replace(bytes(python.prefix), bytes(HOME))
        if moved != content:
            path.write_bytes(moved)


def strip_symbols(target: Path) -> None:
    """Drop debugging symbols, as the official image does; left out where there is no `strip`."""
    binaries = programs(target)
    if binaries and shutil.which("strip"):
        for path in binaries:
            path.chmod(path.stat().st_mode | 0o200)
        run("strip", "--strip-unneeded", *binaries)


def programs(folder: Path) -> list[Path]:
    """The programs and shared libraries (ELF) in a folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as stream:
                if stream.read(4) == b"\x7fELF":
                    found.append(path)
    return found


def library_packages(root: Path) -> list[str]:
    """Debian's packages that own the shared libraries which the copied interpreter and its modules load."""
    own = root / HOME.relative_to("/") / "lib"
    # Without this the old prefix, written into the programs as their run path, would be asked.
    environment = {**os.environ, "LD_LIBRARY_PATH": str(own), "LC_ALL": "C"}
    listed = subprocess.run(["ldd", *programs(root)], capture_output=True, text=True, check=False, env=environment)
    if lost := re.search(r"(\S+) => not found", listed.stdout):
        raise Failed(f"the CPython needs {lost[1]}, which is not on this machine: install its package, or take another")
    libraries = {Path(name) for name in re.findall(r"=> (/\S+)", listed.stdout)}
    return owners({library for library in libraries if not library.is_relative_to(own)})


def owners(libraries: set[Path]) -> list[str]:
    """The installed packages that brought the libraries; on a merged /usr dpkg knows a file by one of two paths."""
    names: dict[str, Path] = {}
    for library in sorted(libraries):
        for path in (str(library), str(library.resolve())):
            names.update({path: library, path.removeprefix("/usr"): library, f"/usr{path}": library})
    found = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True, check=False).stdout
    brought = re.findall(r"^([^:,\s]+)(?:[^\n]*?): (/.*)$", found, re.MULTILINE)
    if lost := libraries - {names[path] for _, path in brought}:
        raise Failed(f"the CPython needs {min(lost)}, which is in no Debian package: take one built on this Debian")
    return sorted({package for package, _ in brought})
