import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.engine.apt import source_stanza
from layerbench.engine.aptsources import (
    AptSource,
    Mirror,
    debian_mirrors,
    machine_sources,
    parse_deb822,
    parse_one_line,
)

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

ONE_LINE = f"""
# deb http://old.example/debian squeeze main
deb http://mirror.example/debian bookworm main contrib # the usual
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64,arm64 signed-by={KEYRING}] https://mirror.example/debian trixie main
deb [ signed-by=/a.gpg,/b.gpg ] http://third.example/ stable main
deb http://flat.example/ ./
deb cdrom:[Debian]/ bookworm main
nonsense
"""

DEB822 = f"""\
Types: deb deb-src
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
# a comment between fields
Components: main
Signed-By: {KEYRING}

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main


types: deb
uris: http://third.example/
suites: stable
components: main
enabled: no

Types: deb
URIs: http://fourth.example
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_one_line_sources():
    assert list(parse_one_line(ONE_LINE)) == [
        AptSource("http://mirror.example/debian", "bookworm", ("main", "contrib"), None),
        AptSource("https://mirror.example/debian", "trixie", ("main",), KEYRING),
        AptSource("http://third.example/", "stable", ("main",), "/a.gpg /b.gpg"),
        AptSource("http://flat.example/", "./", (), None),
        AptSource("cdrom:[Debian]/", "bookworm", ("main",), None),
    ]


def test_deb822_sources():
    found = list(parse_deb822(DEB822))
    assert found[:-1] == [
        AptSource(f"http://{host}.example/debian", suite, ("main",), KEYRING)
        for host in ("mirror", "second")
        for suite in ("bookworm", "bookworm-updates")
    ]
    assert found[-1].uri == "http://fourth.example"
    assert found[-1].signed_by == (
        "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----"
    )


@given(st.text())
def test_no_text_breaks_the_parsers(text):
    list(parse_one_line(text))
    list(parse_deb822(text))


def test_the_stanza_that_we_write_keeps_a_key_over_several_lines():
    mirror = Mirror("http://fourth.example", ("main",), list(parse_deb822(DEB822))[-1].signed_by)
    again = list(parse_deb822(source_stanza(mirror, "forky", "amd64")))
    assert again == [AptSource("http://fourth.example", "forky", ("main",), mirror.signed_by)]


def test_the_archive_of_the_own_release_comes_first():
    third = AptSource("http://third.example/", "bookworm", ("main",), "/third.gpg")
    other_release = AptSource("http://new.example/debian", "trixie", ("main",), KEYRING)
    updates = AptSource("http://security.example/", "bookworm-security", ("main",), KEYRING)
    own = AptSource("http://mirror.example/debian", "bookworm", ("main",), KEYRING)
    assert [mirror.uri for mirror in debian_mirrors([third, updates, other_release, own], "bookworm")] == [
        own.uri,
        other_release.uri,
        updates.uri,
        third.uri,
    ]


def test_no_mirror_twice_and_none_without_the_main_component():
    sources = [*parse_one_line(ONE_LINE), *parse_one_line(ONE_LINE)]
    assert [mirror.uri for mirror in debian_mirrors(sources, "bookworm")] == [
        "https://mirror.example/debian",
        "http://mirror.example/debian",
        "http://third.example/",
    ]


@pytest.mark.skipif(not shutil.which("apt-config"), reason="there is no apt here")
def test_the_machines_sources_are_those_that_apt_itself_would_read(tmp_path, monkeypatch):
    parts = tmp_path / "parts"
    parts.mkdir()
    (tmp_path / "list").write_text("deb http://one.example/debian bookworm main\n")
    (parts / "a.list").write_text("deb http://two.example/debian bookworm main\n")
    (parts / "b.sources").write_text("Types: deb\nURIs: http://three.example\nSuites: bookworm\nComponents: main\n")
    (parts / "c.list.disabled").write_text("deb http://four.example/debian bookworm main\n")
    (tmp_path / "apt.conf").write_text(f'Dir::Etc::sourcelist "{tmp_path}/list";\nDir::Etc::sourceparts "{parts}";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    assert [source.uri for source in machine_sources()] == [
        "http://one.example/debian",
        "http://two.example/debian",
        "http://three.example",
    ]
