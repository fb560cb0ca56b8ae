import shutil
import subprocess

import pytest

from layerbench.engine.apt import PrivateApt, configuration, first_error, parse_sizes, unpack
from layerbench.engine.aptsources import Mirror
from layerbench.errors import EngineError

needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="there is no apt here")


@needs_apt
def test_our_configuration_wins_over_the_machines(tmp_path, monkeypatch):
    machine = tmp_path / "machine.conf"
    machine.write_text(
        'APT::Update::Post-Invoke { "rm -f /nothing"; };\n'
        'APT::Get::AllowUnauthenticated "true";\n'
        'Dir::Cache::pkgcache "";\n'
        'Acquire::http::Proxy "http://proxy.example:3128";\n'
    )
    own = tmp_path / "own.conf"
    own.write_text(configuration(tmp_path / "private"))
    monkeypatch.setenv("APT_CONFIG", str(machine))
    dump = subprocess.run(("apt-config", "-c", own, "dump"), check=True, capture_output=True, text=True).stdout
    assert "rm -f /nothing" not in dump
    assert 'APT::Get::AllowUnauthenticated "false";' in dump
    assert 'Acquire::http::Proxy "http://proxy.example:3128";' in dump
    for kind in ("State", "Cache", "Log"):
        assert f'Dir::{kind} "{tmp_path}/private/{kind.lower()}";' in dump
    places = ("apt-config", "-c", own, "shell", "LISTS", "Dir::State::lists/d", "STATUS", "Dir::State::status/f")
    answer = subprocess.run(places, check=True, capture_output=True, text=True).stdout
    assert answer == f"LISTS='{tmp_path}/private/state/lists/'\nSTATUS='{tmp_path}/private/state/status'\n"


@pytest.fixture
def archive(tmp_path):
    """A small unsigned archive of one package in a folder, as `file:` mirror."""
    package = tmp_path / "build" / "hello"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "usr" / "bin").mkdir(parents=True)
    (package / "usr" / "bin" / "hello").write_text("#!/bin/sh\necho hello\n")
    (package / "DEBIAN" / "control").write_text(
        "Package: hello\nVersion: 1.0\nArchitecture: all\nMaintainer: Ada <ada@example.com>\nDescription: test\n"
    )
    suite = tmp_path / "archive" / "dists" / "forky" / "main" / "binary-amd64"
    suite.mkdir(parents=True)
    file = tmp_path / "archive" / "hello_1.0_all.deb"
    subprocess.run(("dpkg-deb", "--build", package, file), check=True, capture_output=True)
    return tmp_path / "archive"


@needs_apt
def test_an_archive_without_a_signature_is_refused(archive, tmp_path):
    (archive / "dists" / "forky" / "Release").write_text("Origin: Debian\nSuite: forky\nCodename: forky\n")
    mirror = Mirror(f"file:{archive}", ("main",), None)
    with pytest.raises(EngineError, match=r"apt-get update failed for forky: .*not signed"):
        PrivateApt.create(tmp_path / "private", mirror, "forky")


@needs_apt
def test_a_suite_that_the_mirror_lacks_is_named(tmp_path):
    with pytest.raises(EngineError, match="nonesuch"):
        PrivateApt.create(tmp_path / "private", Mirror(f"file:{tmp_path}", ("main",), None), "nonesuch")


@needs_apt
def test_a_package_is_unpacked_and_not_installed(archive, tmp_path):
    unpack([archive / "hello_1.0_all.deb"], tmp_path / "root")
    assert (tmp_path / "root" / "usr" / "bin" / "hello").is_file()
    assert subprocess.run(("dpkg", "-s", "hello"), check=False, capture_output=True).returncode


def test_download_sizes():
    text = (
        "'http://m.example/a_1%2b1_amd64.deb' a_1+1_amd64.deb 14329652 SHA256:61\n"
        "'file:/x/b.deb' b.deb 42 \nNotice: nothing\n"
    )
    assert parse_sizes(text) == [14329652, 42]


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        ("W: first\nE: what failed\nE: second\n", "what failed"),
        ("\n  only this\n", "only this"),
        ("", "no message was given"),
    ],
)
def test_the_first_error_of_apt_is_what_is_told(stderr, said):
    assert first_error(stderr) == said
