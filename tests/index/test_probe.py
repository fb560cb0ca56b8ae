from __future__ import annotations

import socket

import pytest

from layerbench.errors import BuildError
from layerbench.index import pip
from layerbench.index.probe import allows_caching, probe_caching
from layerbench.index.server import serve
from tests.index.packages import make_wheel, use_index


@pytest.mark.parametrize(
    ("headers", "stored"),
    [
        ({}, False),
        ({"Date": "d", "Last-Modified": "m"}, False),
        ({"Date": "d", "Cache-Control": "max-age=600, public"}, True),
        ({"Date": "d", "Cache-Control": "public,max-age=365000000, immutable"}, True),
        ({"Date": "d", "Cache-Control": "max-age=0"}, False),
        ({"Date": "d", "Cache-Control": "s-maxage=600"}, False),
        ({"Cache-Control": "max-age=600"}, False),
        ({"ETag": '"x"'}, True),
        ({"etag": '"x"', "cache-control": "No-Store"}, False),
        ({"Date": "d", "Expires": "Thu, 01 Dec 2094 16:00:00 GMT"}, True),
    ],
)
def test_headers_that_let_pip_store(headers, stored):
    assert allows_caching(headers) is stored


def test_an_index_with_caching_headers(tmp_path, monkeypatch):
    make_wheel(tmp_path, "pip")
    with serve(tmp_path, "127.0.0.1") as url:
        use_index(monkeypatch, url)
        assert probe_caching() is True


def test_an_index_without_them(plain_server, monkeypatch):
    url, folder = plain_server
    (folder / "simple/pip").mkdir(parents=True)
    wheel = make_wheel(folder, "pip")
    (folder / "simple/pip/index.html").write_text(f'<a href="/{wheel.name}">pip</a>')
    use_index(monkeypatch, f"{url}/simple")
    assert probe_caching() is False


def test_an_index_that_has_no_such_project(plain_server, monkeypatch):
    use_index(monkeypatch, f"{plain_server[0]}/simple/")
    assert probe_caching() is None


def test_an_index_that_does_not_answer(monkeypatch):
    with socket.socket() as listener:  # accepts, and never says a word
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        use_index(monkeypatch, f"http://127.0.0.1:{listener.getsockname()[1]}/simple/")
        assert probe_caching(timeout_seconds=0.2) is None


def test_the_index_is_the_one_that_pip_is_set_to(tmp_path, monkeypatch):
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://global/simple/\nextra-index-url = https://b/simple\n    https://c/simple/\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    assert pip.index_urls(pip.settings()) == ("https://global/simple", "https://b/simple", "https://c/simple")
    config.write_text(config.read_text() + "[download]\nindex-url = https://download/it's/simple\n")
    assert pip.index_urls(pip.settings())[0] == "https://download/it's/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable/simple/")
    assert pip.index_urls(pip.settings())[0] == "https://variable/simple"


def test_without_settings_it_is_pips_own(monkeypatch):
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    url = pip.index_urls(pip.settings())[0]
    assert url.startswith("https://")
    assert url.endswith("/simple")


def test_broken_settings_are_one_sentence(tmp_path, monkeypatch):
    config = tmp_path / "pip.conf"
    config.write_text("no section\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    with pytest.raises(BuildError, match=r"^pip ended with \d+ while filling the package index: .*$"):
        probe_caching()
