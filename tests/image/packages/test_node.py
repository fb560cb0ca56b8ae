from __future__ import annotations

import json

import pytest

from layerbench.image.packages import PackageCollector
from tests.image.packages.feeding import collect, packages_of


def manifest(name: object = "left-pad", version: object = "1.3.0") -> bytes:
    return json.dumps({"name": name, "version": version, "license": "WTFPL", "scripts": {"test": "node test"}}).encode()


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("node_modules/left-pad", "left-pad"),
        ("app/node_modules/left-pad", "left-pad"),
        ("app/node_modules/@types/node", "@types/node"),
        ("node_modules/@types/node", "@types/node"),
        ("app/node_modules/a/node_modules/left-pad", "left-pad"),
        ("app/node_modules/@types/node/node_modules/left-pad", "left-pad"),
        ("app/node_modules/.pnpm/left-pad@1.3.0/node_modules/left-pad", "left-pad"),
    ],
)
def test_packages(location: str, name: str) -> None:
    packages = packages_of({f"{location}/package.json": manifest(name)})
    assert [tuple(each) for each in packages] == [("node", name, "1.3.0", location, ())]


@pytest.mark.parametrize(
    "path",
    [
        "package.json",
        "app/package.json",
        "node_modules/package.json",
        "node_modules/a/lib/package.json",
        "node_modules/@types/package.json",
        "node_modules/@types/node/lib/package.json",
        "node_modules/.cache/package.json",
        "my_node_modules/a/package.json",
        "node_modules/a/package.json5",
    ],
)
def test_others_are_none(path: str) -> None:
    assert PackageCollector().limit_bytes(path) == 0


@pytest.mark.parametrize(
    ("content", "name", "version"),
    [
        (b"{}", "@s/a", ""),
        (manifest(name=None, version=2), "@s/a", ""),
        (manifest(name=""), "@s/a", "1.3.0"),
        (manifest(name="x" * 257, version="1" * 257), "@s/a", ""),
        (manifest(name="alias-of"), "alias-of", "1.3.0"),
        (manifest(name="a\ud800\x1b[31m"), "a��[31m", "1.3.0"),
        (b"\xef\xbb\xbf" + manifest(), "left-pad", "1.3.0"),
    ],
)
def test_odd_manifests(content: bytes, name: str, version: str) -> None:
    [package] = packages_of({"node_modules/@s/a/package.json": content})
    assert (package.name, package.version) == (name, version)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is no JSON"),
        (b'{"name": "caf\xe9"}', "it is no JSON"),
        (b"[" * 1024 * 1024, "it is no JSON"),
        (b'{"name": ' + b"9" * 5000 + b"}", "it is no JSON"),
        (b"[1]", "it is no JSON object"),
    ],
)
def test_damage_is_noted(content: bytes, why: str) -> None:
    path = "node_modules/a/package.json"
    packages, notes = collect({path: content})
    assert notes == (f"{path} cannot be read: {why}",)
    assert [tuple(each) for each in packages] == [("node", "a", "", "node_modules/a", ())]


def test_what_is_too_long_is_noted() -> None:
    path = "node_modules/a/package.json"
    note = f"{path} cannot be read: it is too long for a package.json (1048577 bytes)"
    assert collect({path: b" " * (1024 * 1024 + 1)}) == ((), (note,))
