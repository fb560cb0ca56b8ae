"""Source distributions: taken from the index as they are, and read for what their build needs.

`pip download` would run a source distribution's build system to learn its metadata, which for psycopg2 needs a C
library's development files on this machine.
"""

from __future__ import annotations

import contextlib
import email.parser
import hashlib
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from layerbench.errors import BuildError
from layerbench.index.listing import Client, IndexFile, normalized

_ENDINGS = (".tar.gz", ".zip", ".tar.bz2")
_DEFAULT_BUILD_REQUIREMENTS = ("setuptools>=40.8.0", "wheel")
"""What pip takes for a project that names no build system, and what older setuptools asks for on top."""


def fetch_sdist(client: Client, index_urls: Sequence[str], project: str, version: str, folder: Path) -> Path:
    """Put a project's source distribution into a folder, its hash checked against the index's page.

    Raises:
        BuildError: no index offers it, none can be reached, or what arrived is not what the page says.
    """
    reasons = []
    for index_url in index_urls:
        try:
            offered = [file for file in client.files(index_url, project) if is_sdist(file.name, project, version)]
            if offered:
                return _save(client, offered[0], folder)
            reasons.append("it offers no source distribution of that version")
        except OSError as error:
            reasons.append(str(error))
    raise BuildError(f"{project} {version} cannot be had as source from the package index: {reasons[0]}")


def is_sdist(file_name: str, project: str, version: str) -> bool:
    """Whether a file is the source distribution of a project's version (PEP 625, and older spellings of it)."""
    for ending in _ENDINGS:
        if file_name.endswith(ending):
            name, _, found = file_name.removesuffix(ending).rpartition("-")
            return normalized(name) == normalized(project) and found.lower() == version.lower()
    return False


def _save(client: Client, file: IndexFile, folder: Path) -> Path:
    with client.open(file.url) as answer:
        content = answer.read()
    if file.hash_algorithm and hashlib.new(file.hash_algorithm, content).hexdigest() != file.hash_hex:
        raise BuildError(f"{file.name} has another {file.hash_algorithm} than the package index says: try again")
    target = folder / PurePosixPath(file.name).name
    target.write_bytes(content)
    return target


def build_requirements(sdist: Path) -> tuple[str, ...]:
    """What pip installs before it builds the source distribution (`build-system.requires`, PEP 518)."""
    with contextlib.suppress(tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError):
        project = tomllib.loads(_member(sdist, "pyproject.toml"))
        return (*(str(requirement) for requirement in project["build-system"]["requires"]), "wheel")
    return _DEFAULT_BUILD_REQUIREMENTS


def run_requirements(sdist: Path) -> tuple[str, ...]:
    """What the distribution needs at run time, as its PKG-INFO states it; extras are left out."""
    fields = email.parser.HeaderParser().parsestr(_member(sdist, "PKG-INFO"))
    return tuple(line for line in fields.get_all("Requires-Dist", []) if "extra ==" not in line)


def _member(sdist: Path, name: str) -> str:
    """A file in the distribution's top folder; empty when there is none."""
    if sdist.name.endswith(".zip"):
        with zipfile.ZipFile(sdist) as archive:
            found = [entry for entry in archive.namelist() if PurePosixPath(entry).parts[1:] == (name,)]
            return archive.read(found[0]).decode() if found else ""
    with tarfile.open(sdist) as tar:
        for member in tar:
            if member.isfile() and PurePosixPath(member.name).parts[1:] == (name,):
                content = tar.extractfile(member)
                return content.read().decode() if content else ""
    return ""
