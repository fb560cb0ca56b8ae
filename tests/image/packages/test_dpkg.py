from __future__ import annotations

import pytest

from tests.image.packages.feeding import collect, packages_of, sample

STATUS = "var/lib/dpkg/status"
DIVERSIONS = "var/lib/dpkg/diversions"
LIST = "var/lib/dpkg/info/a.list"
INFO = "var/lib/dpkg/info/"

A_AND_B = b"""\
Package: a
Status: install ok installed
Architecture: amd64
Version: 1:2.0-1
Description: first line
 Version: 9
 .

Package: b
Status: install ok installed
Version: 3
"""


def stanza(state: str) -> bytes:
    return f"Package: a\nStatus: {state}\nVersion: 1\n".encode()


def files_of(paths: tuple[str, ...]) -> list[str]:
    return [path for path in paths if not path.startswith("var/lib/dpkg/")]


def test_packages_of_a_real_system() -> None:
    packages = packages_of(sample("debian"))
    assert [(each.ecosystem, each.name, each.version, each.location) for each in packages] == [
        ("debian", "dash", "0.5.12-2", ""),
        ("debian", "hostname", "3.23+nmu1", ""),
        ("debian", "libacl1", "2.3.1-3", ""),
        ("debian", "libpq-dev", "15.18-0+deb12u1", ""),
    ]
    assert files_of(packages[2].paths) == [
        "usr/lib/x86_64-linux-gnu/libacl.so.1.1.2301",
        "usr/share/doc/libacl1/changelog.Debian.gz",
        "usr/share/doc/libacl1/changelog.gz",
        "usr/share/doc/libacl1/copyright",
        "usr/share/lintian/overrides/libacl1",
        "usr/lib/x86_64-linux-gnu/libacl.so.1",
    ]
    own = {"list", "md5sums", "shlibs", "symbols", "triggers"}
    assert {f"{INFO}libacl1:amd64.{suffix}" for suffix in own} < set(packages[2].paths)


def test_what_is_diverted_is_where_it_was_put() -> None:
    files = sample("debian")
    dash, *_, libpq = packages_of(files)
    assert "usr/bin/pg_config.libpq-dev" in libpq.paths
    assert "usr/bin/pg_config" not in libpq.paths
    # Its own diversion does not move the file of the package that diverts.
    assert "bin/sh" in dash.paths
    assert "bin/sh.distrib" not in dash.paths

    del files[DIVERSIONS]
    *_, libpq = packages_of(files)
    assert "usr/bin/pg_config" in libpq.paths


def test_the_administrator_diverts_from_all() -> None:
    [package] = packages_of({LIST: b"/bin/x\n", DIVERSIONS: b"/bin/x\n/bin/x.old\n:\n"})
    assert files_of(package.paths) == ["bin/x.old"]


def test_packages_of_other_layers_are_left_out() -> None:
    packages = packages_of({STATUS: A_AND_B, LIST: b"/.\n/usr\n/usr/a\n/opt\n"})
    assert [(each.name, each.version) for each in packages] == [("a", "1:2.0-1")]
    assert files_of(packages[0].paths) == ["usr/a", "opt"]


def test_the_order_of_the_files_does_not_matter() -> None:
    files = sample("debian")
    assert set(packages_of(files)) == set(packages_of(dict(reversed(files.items()))))


def test_without_a_status_the_version_is_not_known() -> None:
    [package] = packages_of({LIST: b"/usr/a\n"})
    assert (package.name, package.version) == ("a", "")


@pytest.mark.parametrize(
    ("state", "is_installed"),
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("deinstall ok installed", True),
        ("install ok triggers-pending", True),
        ("install ok triggers-awaited", True),
        ("deinstall ok config-files", False),
        ("install reinstreq half-installed", False),
        ("install ok unpacked", False),
        ("purge ok not-installed", False),
    ],
)
def test_only_installed_packages_count(state: str, is_installed: bool) -> None:
    assert bool(packages_of({LIST: b"/etc/a.conf\n", STATUS: stanza(state)})) is is_installed


def test_architectures_have_their_own_version() -> None:
    status = (
        b"Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1+b1\n\n"
        b"Package: a\nStatus: deinstall ok config-files\nArchitecture: i386\nVersion: 0\n\n"
        b"Package: a\nStatus: install ok installed\nArchitecture: armhf\nVersion: 1\n"
    )
    stems = ("a", "a:amd64", "a:i386", "a:armhf")
    packages = packages_of({STATUS: status} | {f"{INFO}{stem}.list": b"/x\n" for stem in stems})
    assert [(each.name, each.version) for each in packages] == [("a", "1+b1"), ("a", "1+b1"), ("a", "1")]


def test_distroless() -> None:
    files = sample("distroless")
    [package] = packages_of(files)
    assert package[:4] == ("debian", "hostname", "3.23+nmu1", "")
    assert package.paths == (
        "bin/hostname",
        "usr/share/doc/hostname/changelog.gz",
        "usr/share/doc/hostname/copyright",
        "usr/share/man/man1/hostname.1.gz",
        "var/lib/dpkg/status.d/hostname",
        "var/lib/dpkg/status.d/hostname.md5sums",
    )


def test_distroless_without_sums_owns_its_own_files_only() -> None:
    [package] = packages_of({"var/lib/dpkg/status.d/bmV0YmFzZQ==": b"Package: netbase\nVersion: 6.4\n"})
    assert (package.name, package.version) == ("netbase", "6.4")
    assert all(path.startswith("var/lib/dpkg/status.d/bmV0YmFzZQ==") for path in package.paths)


def test_names_that_are_no_utf_8_or_lead_outside() -> None:
    [package] = packages_of({LIST: b"/usr/caf\xe9\n/../../etc/a\n/usr//b/./c\n/new\x0bline\n"})
    assert files_of(package.paths) == ["usr/caf\udce9", "etc/a", "usr/b/c", "new\x0bline"]


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        (STATUS, b"Status: install ok installed\n", "a paragraph has no field Package"),
        (LIST, b"/usr/a\nusr/b\n", "line 2 is no absolute path"),
        (DIVERSIONS, b"/a\n/b\n", "its lines are not three for each diversion"),
        ("var/lib/dpkg/status.d/a", b"\0\xff", "a paragraph has no field Package"),
        ("var/lib/dpkg/status.d/a.md5sums", b"d41d8cd98f00b204  a\n", "line 1 is no digest with a path"),
    ],
)
def test_damage_is_noted(path: str, content: bytes, why: str) -> None:
    packages, notes = collect({path: content, f"{INFO}other.list": b"/other\n"})
    assert notes == (f"{path} cannot be read: {why}",)
    assert [each.name for each in packages] == ["other"]


@pytest.mark.parametrize(
    "path",
    [
        "var/lib/dpkg/status-old",
        "var/lib/dpkg/available",
        "var/lib/dpkg/info/a.md5sums",
        "var/lib/dpkg/info/folder/a.list",
        "var/lib/dpkg/info/.list",
        "var/lib/dpkg/info/:amd64.list",
        "var/lib/dpkg/status.d/a.postinst",
        "var/lib/dpkg/status.d/folder/a",
        "opt/var/lib/dpkg/status",
        "var/lib/dpkg/x/status",
    ],
)
def test_what_is_not_wanted(path: str) -> None:
    assert collect({path: b"\xff"}) == ((), ())
