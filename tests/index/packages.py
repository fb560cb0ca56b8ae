"""Small real packages, and a local index that pip is pointed at."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest


def use_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Make pip use this index alone, whatever the machine's settings are."""
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", url)


def make_wheel(
    folder: Path, name: str, version: str = "1.0", requires: Iterable[str] = (), tag: str = "py3-none-any"
) -> Path:
    """A wheel of one module (binary distribution format)."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{module}.py": f"__version__ = {version!r}\n",
        f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {line}\n" for line in requires),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},sha256={_record_hash(text)},{len(text)}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    target = folder / f"{module}-{version}-{tag}.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return target


def make_sdist(
    folder: Path, name: str, version: str = "1.0", pyproject: str = "", requires: Iterable[str] = ()
) -> Path:
    """A source distribution whose build would fail, so that whoever builds it is noticed."""
    fields = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        "PKG-INFO": fields + "".join(f"Requires-Dist: {line}\n" for line in requires),
        "setup.py": "raise SystemExit('this must not be built here')\n",
        "inner/pyproject.toml": "[build-system]\nrequires = ['wrong']\n",
        **({"pyproject.toml": pyproject} if pyproject else {}),
    }
    target = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(target, "w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return target


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
