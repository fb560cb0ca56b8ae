from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from layerbench.errors import EngineError, UsageError
from layerbench.index.server import PREFERRED_PORT, free_port, serve
from tests.index.packages import make_wheel


def is_listening(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as client:
        return client.connect_ex((parts.hostname, parts.port)) == 0


def until_closed(url: str, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while is_listening(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_listening(url)


def test_packages_come_with_caching_headers_and_end_with_the_context(tmp_path):
    wheel = make_wheel(tmp_path, "app")
    with serve(tmp_path, "127.0.0.1") as url:
        with urllib.request.urlopen(f"{url}app/") as page:
            assert wheel.name in page.read().decode()
        with urllib.request.urlopen(url.replace("/simple/", f"/packages/{wheel.name}")) as answer:
            assert answer.read() == wheel.read_bytes()
            assert answer.headers["Cache-Control"] == "public, max-age=31536000"
    assert until_closed(url)


def test_only_what_is_in_the_folder_is_offered(tmp_path):
    with serve(tmp_path, "127.0.0.1") as url, pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{url}pip/")


def test_nobody_can_put_a_package_into_it(tmp_path):
    body = b'--b\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with serve(tmp_path, "127.0.0.1") as url:
        request = urllib.request.Request(url.replace("/simple/", "/"), data=body, headers=headers)
        with pytest.raises(urllib.error.HTTPError, match=r"40[13]"):
            urllib.request.urlopen(request)


def test_two_at_once_have_ports_of_their_own(tmp_path):
    with serve(tmp_path, "127.0.0.1") as one, serve(tmp_path, "127.0.0.1") as other:
        assert one != other
        assert is_listening(one)
        assert is_listening(other)


def test_a_port_in_use_is_left_alone():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) not in (0, port)
    assert free_port("127.0.0.1", port) == port


def test_an_error_in_the_context_ends_it_too(tmp_path):
    with pytest.raises(KeyboardInterrupt), serve(tmp_path, "127.0.0.1") as url:
        raise KeyboardInterrupt
    assert until_closed(url)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at the parent's end")
def test_it_ends_when_the_process_that_wanted_it_is_killed(tmp_path):
    code = "import sys, time; from pathlib import Path; from layerbench.index.server import serve\n"
    code += "with serve(Path(sys.argv[1]), '127.0.0.1') as url: print(url, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert is_listening(url)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert until_closed(url)


def test_an_address_of_another_machine_is_refused(tmp_path):
    with pytest.raises(
        EngineError, match=r"^the package index cannot be served on 192\.0\.2\.1: .*index\.serve to never$"
    ):
        serve(tmp_path, "192.0.2.1").__enter__()


def test_its_last_words_are_handed_on():
    with pytest.raises(EngineError, match=r"^the package index could not be served on 127\.0\.0\.1: .*no-such-folder"):
        serve(Path("/no-such-folder"), "127.0.0.1").__enter__()


def test_without_pypiserver_a_person_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pypiserver", None)  # as where the extra is not installed
    with pytest.raises(UsageError, match=r"pip install 'layerbench\[index\]'"):
        serve(tmp_path, "127.0.0.1").__enter__()


def test_the_preferred_port_is_none_that_the_kernel_hands_out():
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not first <= PREFERRED_PORT <= last
