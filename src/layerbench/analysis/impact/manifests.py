"""What a project's own files say that a build reads: its version from git, its readme, its licence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

MANIFEST_NAMES = frozenset({"pyproject.toml", "setup.py", "setup.cfg", "go.mod", "Cargo.toml", "pom.xml"})

# Build backends and their plug-ins that ask git for the version, by their normalised names (PEP 503).
_VERSION_FROM_GIT = frozenset(
    {
        *("setuptools-scm", "hatch-vcs", "versioningit", "setuptools-git-versioning", "setuptools-git"),
        *("poetry-dynamic-versioning", "flit-scm", "dunamai", "pbr", "versioneer"),
        *("vcs-versioning", "miniver", "uv-dynamic-versioning"),
    }
)
_IN_SETUP_FILES = re.compile(r"\b(setuptools[_-]scm|use_scm_version|pbr|versioneer|setuptools[_-]git[_-]versioning)\b")
_IN_CARGO = re.compile(r"^\s*\"?(vergen(?:-\w+)*|built|git-version|shadow-rs)\"?\s*[=.]", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def version_control_readers(manifests: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each manifest whose build asks git: without `.git` it fails, or the version is another.

    Args:
        manifests: texts by path.
    """
    for path, text in sorted(manifests.items()):
        name = path.rpartition("/")[2]
        if name == "pyproject.toml":
            for tool in _version_tools(_read_toml(text)):
                yield f"{tool} ({path}) takes the version from .git: without it the build of the package fails"
        elif name in ("setup.py", "setup.cfg"):
            if found := _IN_SETUP_FILES.search(text):
                yield f"{found[1]} ({path}) takes the version from .git: without it the build of the package fails"
        elif name == "go.mod":
            yield f"go build ({path}) stamps the program with the commit out of .git where there is one"
        elif name == "Cargo.toml":
            if found := _IN_CARGO.search(text):
                yield f"{found[1]} ({path}) reads .git"
        elif name == "pom.xml" and "git-commit-id" in text:
            yield f"git-commit-id-maven-plugin ({path}) reads .git"


def readers_of(files: Iterable[str], manifests: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each file that a `pyproject.toml` names: the build of the package reads it.

    Args:
        files: paths in the context.
        manifests: texts by path.
    """
    wanted = list(files)
    for path, text in sorted(manifests.items()):
        folder, _, name = path.rpartition("/")
        if name != "pyproject.toml":
            continue
        for key, pattern in _named_files(_read_toml(text)):
            whole = f"{folder}/{pattern}" if folder else pattern
            if any(fnmatch(one, whole) for one in wanted):
                yield f"{path} names {pattern} ({key}): without it the build of the package fails"


def _read_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _version_tools(table: Mapping[str, Any]) -> Iterator[str]:
    build_system = _table(table, "build-system")
    requires = build_system.get("requires")
    for requirement in requires if isinstance(requires, list) else ():
        name = _NAME.match(str(requirement))
        if name and _normalised(name[0]) in _VERSION_FROM_GIT:
            yield _normalised(name[0])
    tool = _table(table, "tool")
    if _table(_table(tool, "pdm"), "version").get("source") == "scm":
        yield "pdm-backend"


def _named_files(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys and the files or patterns that they name (PEP 621, PEP 639, and the tables of setuptools and poetry)."""
    project = _table(table, "project")
    poetry = _table(_table(table, "tool"), "poetry")
    dynamic = _table(_table(_table(table, "tool"), "setuptools"), "dynamic")
    for key, value in (
        ("project.readme", project.get("readme")),
        ("project.license", _table(project, "license")),
        ("project.license-files", project.get("license-files")),
        ("tool.poetry.readme", poetry.get("readme")),
        *((f"tool.setuptools.dynamic.{name}", found) for name, found in dynamic.items() if isinstance(found, dict)),
    ):
        yield from ((key, path) for path in _paths(value))


def _paths(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value.removeprefix("./")
    elif isinstance(value, list):
        for one in value:
            yield from _paths(one)
    elif isinstance(value, dict):
        yield from _paths(value.get("file"))


def _table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = table.get(key)
    return found if isinstance(found, dict) else {}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
