"""Record real package databases into `../data/packages/`: `python -m tests.image.packages.record`, as root.

It needs a Debian with `rpm`, `gpg` and the packages of `DEBIAN`; Python's samples are of the project's environment.
Nothing in them tells of the machine.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import subprocess
import sysconfig
import tempfile
from contextlib import closing
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "packages"
DPKG = Path("var/lib/dpkg")
# One that diverts a file of itself, one of an architecture, one with a file that another one diverts.
DEBIAN = ("dash", "hostname", "libacl1:amd64", "libpq-dev")
DISTROLESS = "hostname"
# With a script, and without.
PYTHON = ("idna", "iniconfig")
EGG = "usr/lib/python3/dist-packages/xmltodict-0.13.0.egg-info"

SPEC = """\
Name: {name}
Version: {version}
Release: {release}
{more}
Summary: A test package
License: MIT
BuildArch: noarch
%description
A test package.
%install
{install}
%files
{files}
"""
SPECS = (
    SPEC.format(
        name="layers-one",
        version="1.4.0",
        release="3",
        more="Epoch: 2",
        install="""\
cd %{buildroot}
mkdir -p usr/bin usr/share/layers-one/empty var/lib/layers-one etc
echo '#!/bin/sh' > usr/bin/layers-one
ln -s layers-one usr/bin/layers-uno
echo data > "usr/share/layers-one/größe and space.txt"
echo data > usr/share/layers-one/data.txt
echo a=1 > etc/layers-one.conf
touch var/lib/layers-one/state""",
        files="""\
/usr/bin/layers-one
/usr/bin/layers-uno
/usr/share/layers-one
%config(noreplace) /etc/layers-one.conf
%ghost /var/lib/layers-one/state""",
    ),
    SPEC.format(
        name="layers-two",
        version="0.9~rc1",
        release="1",
        more="",
        install="mkdir -p %{buildroot}/opt/two && echo x > %{buildroot}/opt/two/file",
        files="/opt/two",
    ),
    SPEC.format(name="layers-meta", version="1", release="1", more="", install="", files=""),
)
RPM_QUERY = r"%{NAME} %{EVR}\n[\t%{FILEMODES:perms}\t%{FILEFLAGS:fflags}\t%{FILENAMES}\n]"


def start() -> None:
    """Record all of them."""
    shutil.rmtree(DATA, ignore_errors=True)
    record_debian(DATA / "debian")
    record_distroless(DATA / "distroless")
    record_python(DATA / "python")
    with tempfile.TemporaryDirectory() as folder:
        record_rpm(Path(folder), DATA / "rpm")


def record_debian(sample: Path) -> None:
    info = sample / DPKG / "info"
    info.mkdir(parents=True)
    (sample / DPKG / "status").write_text("\n".join(map(status_of, DEBIAN)))
    shutil.copyfile("/" / DPKG / "diversions", sample / DPKG / "diversions")
    for name in DEBIAN:
        shutil.copyfile("/" / DPKG / "info" / f"{name}.list", info / f"{name}.list")


def record_distroless(sample: Path) -> None:
    folder = sample / DPKG / "status.d"
    folder.mkdir(parents=True)
    (folder / DISTROLESS).write_text(status_of(DISTROLESS))
    shutil.copyfile("/" / DPKG / "info" / f"{DISTROLESS}.md5sums", folder / f"{DISTROLESS}.md5sums")


def record_python(sample: Path) -> None:
    site_packages = sample / "opt/venv/lib/python3.11/site-packages"
    for name in PYTHON:
        [found] = Path(sysconfig.get_path("purelib")).glob(f"{name}-*.dist-info")
        (site_packages / found.name).mkdir(parents=True)
        for file in ("METADATA", "RECORD"):
            shutil.copyfile(found / file, site_packages / found.name / file)
    (sample / EGG).mkdir(parents=True)
    shutil.copyfile(f"/{EGG}/PKG-INFO", sample / EGG / "PKG-INFO")


def record_rpm(folder: Path, sample: Path) -> None:
    sample.mkdir()
    for position, text in enumerate(SPECS):
        spec = folder / f"{position}.spec"
        spec.write_text(text)
        run("rpmbuild", "--quiet", "--define", f"_topdir {folder}/top", "--define", "_buildhost localhost", "-bb", spec)
    rpm = ("rpm", "--root", folder / "root", "--dbpath", "/var/lib/rpm")
    database = folder / "root/var/lib/rpm/rpmdb.sqlite"
    run(*rpm, "--initdb")
    run(*rpm, "-i", "--nodeps", *(folder / "top/RPMS/noarch").glob("*.rpm"))
    run(*rpm, "--import", public_key(folder))
    (sample / "query.txt").write_text(run(*rpm, "-qa", "--qf", RPM_QUERY))
    keep(database, sample / "with-log.sqlite.gz", b"\x02\x02")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    keep(database, sample / "without-log.sqlite.gz", b"\x01\x01")


def keep(database: Path, sample: Path, versions: bytes) -> None:
    content = database.read_bytes()
    assert content[18:20] == versions
    sample.write_bytes(gzip.compress(content, mtime=0))


def public_key(folder: Path) -> Path:
    home = folder / "gpg"
    home.mkdir(mode=0o700)
    gpg = ("gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "")
    run(*gpg, "--quick-gen-key", "Test <test@example.com>", "rsa2048", "sign", "never")
    path = folder / "key.asc"
    path.write_text(run(*gpg, "--armor", "--export"))
    run("gpgconf", "--homedir", home, "--kill", "all")
    return path


def status_of(name: str) -> str:
    return run("dpkg-query", "--status", name)


def run(*arguments: str | Path) -> str:
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(arguments, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    start()
