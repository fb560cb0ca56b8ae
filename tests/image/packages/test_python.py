from __future__ import annotations

import csv
import os.path

import pytest

from layerbench.image.packages import PackageCollector
from tests.image.packages.feeding import collect, packages_of, sample

SITE = "opt/venv/lib/python3.11/site-packages"
DIST_INFO = f"{SITE}/a_b-1.0.dist-info"
EGG_INFO = "usr/lib/python3/dist-packages/xmltodict-0.13.0.egg-info"
METADATA = b"Metadata-Version: 2.4\r\nName: A.b\r\nVersion: 1.0+local\r\n\r\nName: not this\r\n"


def test_distributions_of_a_real_environment() -> None:
    idna, iniconfig, xmltodict = packages_of(sample("python"))
    assert idna[:4] == ("python", "idna", "3.20", SITE)
    assert iniconfig[:4] == ("python", "iniconfig", "2.3.1", SITE)
    assert xmltodict[:4] == ("python", "xmltodict", "0.13.0", "usr/lib/python3/dist-packages")
    assert "opt/venv/bin/idna" in idna.paths
    assert f"{SITE}/idna/__pycache__/core.cpython-311.pyc" in idna.paths


def test_the_paths_are_those_of_record() -> None:
    files = sample("python")
    for package in packages_of(files):
        if package.name == "xmltodict":
            continue
        record = files[f"{package.location}/{package.name}-{package.version}.dist-info/RECORD"].decode()
        rows = [row[0] for row in csv.reader(record.splitlines())]
        assert list(package.paths[: len(rows)]) == [os.path.normpath(f"{package.location}/{row}") for row in rows]
        assert len(set(package.paths)) == len(package.paths)
        assert all(".dist-info/" in path for path in package.paths[len(rows) :])


def test_without_record_it_owns_its_dist_info() -> None:
    [package] = packages_of({f"{DIST_INFO}/METADATA": METADATA})
    assert package[:4] == ("python", "A.b", "1.0+local", SITE)
    assert {f"{DIST_INFO}/{name}" for name in ("METADATA", "WHEEL", "INSTALLER")} < set(package.paths)
    assert all(path.startswith(f"{DIST_INFO}/") for path in package.paths)


def test_without_metadata_the_folder_names_it() -> None:
    [package] = packages_of({f"{DIST_INFO}/RECORD": b"a_b.py,,\n"})
    assert package[:4] == ("python", "a_b", "1.0", SITE)
    assert f"{SITE}/a_b.py" in package.paths


@pytest.mark.parametrize(
    ("row", "path"),
    [
        (b"a_b/__init__.py,sha256=x,1", f"{SITE}/a_b/__init__.py"),
        (b'"a_b/with,comma.py",,', f"{SITE}/a_b/with,comma.py"),
        (b'"a_b/with ""quotes"".py",,', f'{SITE}/a_b/with "quotes".py'),
        (b'"a_b/with\nline.py",,', f"{SITE}/a_b/with\nline.py"),
        (b"a_b/caf\xe9.py,,", f"{SITE}/a_b/caf\udce9.py"),
        ("a_b/größe.py,,".encode(), f"{SITE}/a_b/größe.py"),
        (b"../../../bin/a,,", "opt/venv/bin/a"),
        (b"/etc/a.conf,,", "etc/a.conf"),
        (b"../../../../../../../../etc/a.conf,,", "etc/a.conf"),
        (b"./a_b//x.py,,", f"{SITE}/a_b/x.py"),
        (b"a_b.py", f"{SITE}/a_b.py"),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b""])
def test_rows(row: bytes, path: str, line_end: bytes) -> None:
    [package] = packages_of({f"{DIST_INFO}/RECORD": row + line_end})
    assert package.paths[0] == path


def test_at_the_root() -> None:
    [package] = packages_of({"a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n", "a-1.dist-info/RECORD": b"a.py,,\n"})
    assert package.location == ""
    assert package.paths[:2] == ("a.py", "a-1.dist-info/METADATA")


def test_egg_info_without_a_list_owns_only_itself() -> None:
    *_, package = packages_of(sample("python"))
    assert f"{EGG_INFO}/PKG-INFO" in package.paths
    assert all(path.startswith(f"{EGG_INFO}/") for path in package.paths)


def test_installed_files_are_told_from_the_egg_info() -> None:
    listed = b"../xmltodict.py\n../__pycache__/xmltodict.cpython-311.pyc\nPKG-INFO\n../../../../bin/tool\r\n"
    [package] = packages_of(
        {f"{EGG_INFO}/installed-files.txt": listed, f"{EGG_INFO}/PKG-INFO": b"Name: xmltodict\nVersion: 0.13.0\n"}
    )
    site_packages = "usr/lib/python3/dist-packages"
    assert package.paths[:4] == (
        f"{site_packages}/xmltodict.py",
        f"{site_packages}/__pycache__/xmltodict.cpython-311.pyc",
        f"{EGG_INFO}/PKG-INFO",
        "usr/bin/tool",
    )


def test_egg_info_of_one_file() -> None:
    path = "usr/lib/python3/dist-packages/PyYAML-6.0.egg-info"
    content = b"Metadata-Version: 1.1\nName: PyYAML\nVersion: 6.0\nDescription: x\n        Name: y\n"
    assert [tuple(each) for each in packages_of({path: content})] == [
        ("python", "PyYAML", "6.0", "usr/lib/python3/dist-packages", (path,))
    ]


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("python_apt-2.6.0-py3.11.egg-info", "python_apt", "2.6.0"),
        ("tool.egg-info", "tool", ""),
        (".egg-info", ".egg-info", ""),
        ("-1.egg-info", "-1.egg-info", "1"),
    ],
)
def test_names_of_folders(folder: str, name: str, version: str) -> None:
    [package] = packages_of({f"x/{folder}/installed-files.txt": b""})
    assert (package.name, package.version) == (name, version)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("METADATA", b"\0\xff\xfe", "it has no field Name"),
        ("METADATA", b"Name:\nVersion: 1\n", "it has no field Name"),
        ("RECORD", b'"' + b"x" * 200_000, "line 1 is no CSV (field larger than field limit (131072))"),
    ],
)
def test_damage_is_noted_and_the_package_stays(name: str, content: bytes, why: str) -> None:
    packages, notes = collect({f"{DIST_INFO}/{name}": content})
    assert notes == (f"{DIST_INFO}/{name} cannot be read: {why}",)
    assert [each[:4] for each in packages] == [("python", "a_b", "1.0", SITE)]


@pytest.mark.parametrize("path", ["METADATA", "a/METADATA", "a/RECORD", "PKG-INFO", "a-1.0/PKG-INFO", "egg-info"])
def test_what_is_not_wanted(path: str) -> None:
    assert PackageCollector().limit_bytes(path) == 0
