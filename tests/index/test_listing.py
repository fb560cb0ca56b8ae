from __future__ import annotations

import base64
import hashlib
import http.server
import threading

import pytest

from layerbench.index.listing import Client, parse_page
from layerbench.index.server import serve
from tests.index.packages import make_wheel

PAGE = """<!DOCTYPE html><html><body>
<a href="../../files/a-1.tar.gz#sha256=AB12&amp;egg=a" data-requires-python="&gt;=3">a-1.tar.gz</a>
<a href="https://other/a%2B-2-py3-none-any.whl" data-yanked="">a-2</a>
<a>no address</a><a href="a-3.zip#md5=ff">a-3.zip</a></body></html>"""


def test_links_of_a_page():
    files = parse_page(PAGE, "https://host/simple/a/")
    assert [(file.name, file.url) for file in files] == [
        ("a-1.tar.gz", "https://host/files/a-1.tar.gz"),
        ("a+-2-py3-none-any.whl", "https://other/a%2B-2-py3-none-any.whl"),
        ("a-3.zip", "https://host/simple/a/a-3.zip"),
    ]
    assert [(file.hash_algorithm, file.hash_hex, file.is_yanked) for file in files] == [
        ("sha256", "ab12", False),
        (None, None, True),
        ("md5", "ff", False),
    ]


def test_a_base_address_in_the_page_counts():
    html = '<base href="https://files/b/"><a href="a-1.zip">a</a>'
    assert parse_page(html, "https://host/simple/a/")[0].url == "https://files/b/a-1.zip"


def test_a_real_index(tmp_path):
    wheel = make_wheel(tmp_path, "Some.Thing")
    with serve(tmp_path, "127.0.0.1") as url:
        client = Client({}, 10)
        (file,) = client.files(url.rstrip("/"), "some_thing")
        with client.open(file.url) as answer:
            content = answer.read()
    assert content == wheel.read_bytes()
    assert (file.hash_algorithm, file.hash_hex) == ("sha256", hashlib.sha256(content).hexdigest())


def test_an_unknown_project_is_an_os_error(tmp_path):
    with serve(tmp_path, "127.0.0.1") as url, pytest.raises(OSError, match="404"):
        Client({}, 10).files(url.rstrip("/"), "nothing")


def test_no_other_schemes(tmp_path):
    with pytest.raises(OSError, match="file is no HTTP address"):
        Client({}, 10).open(tmp_path.as_uri())


def test_name_and_password_in_the_address_are_sent_as_a_header():
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers["Authorization"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        assert Client({}, 10).files(f"http://me:p%40ss@127.0.0.1:{server.server_port}/simple", "a") == []
        server.shutdown()
        thread.join()
    assert seen == [("/simple/a/", "Basic " + base64.b64encode(b"me:p@ss").decode())]
