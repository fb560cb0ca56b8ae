import json
import socket
import sys
import threading
import tomllib
from ipaddress import IPv4Network

import pytest

from layerbench.engine import daemon
from layerbench.engine.paths import engine_paths
from layerbench.engine.processes import is_alive, terminate
from layerbench.engine.programs import Programs
from layerbench.errors import EngineError

POOL = IPv4Network("10.14.0.0/20")


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path))
    monkeypatch.setattr("layerbench.engine.paths.RUN_ROOT", tmp_path / "r")
    found = engine_paths("d")
    for folder in (found.home, found.run, found.temporary):
        folder.mkdir(parents=True)
    return found


@pytest.fixture
def programs(tmp_path):
    """Programs that are shell scripts: `write` says what a program does."""
    folder = tmp_path / "packages" / "bin"
    folder.mkdir(parents=True)
    made = Programs(
        "forky", folder.parent, *(folder / name for name in ("dockerd", "containerd", "docker", "buildx", "ip")), ()
    )

    def write(name, text):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
        return made

    return write


def test_nothing_of_the_configuration_is_anybody_elses(paths):
    settings = daemon.daemon_settings(paths, "containerd", POOL, 1400)
    for key in ("data-root", "exec-root", "containerd"):
        assert settings[key].startswith((str(paths.home), str(paths.run)))
    assert settings["hosts"] == [f"unix://{paths.socket}"]
    assert settings["bridge"] == paths.bridge
    assert settings["iptables"] is settings["ip6tables"] is settings["ip-forward"] is False
    assert settings["features"] == {"containerd-snapshotter": True}
    assert IPv4Network(settings["default-address-pools"][0]["base"]).subnet_of(POOL)
    assert daemon.daemon_settings(paths, "classic", POOL, 1500)["features"] == {"containerd-snapshotter": False}


def test_containerds_configuration_is_toml_with_our_folders(paths):
    settings = tomllib.loads(daemon.containerd_settings(paths))
    places = [settings["root"], settings["state"], settings["grpc"]["address"]]
    places += [plugin["path"] for plugin in settings["plugins"].values()]
    assert len(places) == 4
    assert all(place.startswith((str(paths.home), str(paths.run))) for place in places)


def test_a_daemon_that_ends_at_once_is_told_with_the_end_of_its_log(paths, programs):
    made = programs("dockerd", "for i in $(seq 20); do echo line $i; done; echo 'no such device' >&2; exit 1")
    with pytest.raises(EngineError) as caught:
        daemon.start_dockerd(paths, made)
    message = str(caught.value)
    assert message.startswith("dockerd ended while it started")
    assert message.endswith("line 20\nno such device")
    assert "line 1\n" not in message


def test_a_missing_program_is_told(paths, programs):
    made = programs("other", "")
    with pytest.raises(EngineError, match=r"containerd.*No such file"):
        daemon.start_containerd(paths, made)


def test_a_daemon_that_never_answers_is_given_up(paths, programs, monkeypatch):
    monkeypatch.setattr(daemon, "_START_PATIENCE_SECONDS", 0.3)
    made = programs("dockerd", f"echo $$ > {paths.home}/pid; echo waiting; exec sleep 60")
    with pytest.raises(EngineError, match=r"did not answer within 0 s.*\nwaiting$"):
        daemon.start_dockerd(paths, made)
    terminate([int((paths.home / "pid").read_text())], 0)


def test_how_a_daemon_is_started(paths, programs, monkeypatch):
    """In a session of its own, with no descriptor, folder or secret of ours."""
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    script = paths.home / "listener.py"
    script.write_text(
        f"""
import json, os, socket, sys, time
facts = {{"session": os.getsid(0), "pid": os.getpid(), "cwd": os.getcwd(), "environment": dict(os.environ),
         "descriptors": sorted(os.listdir("/proc/self/fd")), "arguments": sys.argv[1:]}}
open({str(paths.home / "facts")!r}, "w").write(json.dumps(facts))
server = socket.socket(socket.AF_UNIX)
server.bind({str(paths.containerd_socket)!r})
server.listen()
time.sleep(60)
"""
    )
    with (paths.home / "open").open("w") as held:
        import os

        os.set_inheritable(held.fileno(), True)
        pid = daemon.start_containerd(paths, programs("containerd", f'exec {sys.executable} {script} "$@"'))
    try:
        facts = json.loads((paths.home / "facts").read_text())
        assert facts["pid"] == facts["session"] == pid
        assert facts["cwd"] == "/"
        assert facts["arguments"] == ["--config", str(paths.containerd_config)]
        assert facts["descriptors"] == ["0", "1", "2", "3"]  # 3 is the listing itself
        assert "SECRET_TOKEN" not in facts["environment"]
        assert facts["environment"]["HTTPS_PROXY"] == "http://proxy.example:3128"
        assert facts["environment"]["TMPDIR"] == str(paths.temporary)
        assert facts["environment"]["PATH"].startswith(f"{paths.home.parent.parent}/packages/bin:")
    finally:
        terminate([pid], 0)
    assert not is_alive(pid)


def test_the_log_of_the_time_before_is_kept(paths, programs):
    paths.daemon_log.write_text("before\n")
    with pytest.raises(EngineError):
        daemon.start_dockerd(paths, programs("dockerd", "echo now"))
    assert paths.daemon_log.read_text() == "now\n"
    assert paths.daemon_log.with_suffix(".previous.log").read_text() == "before\n"


def answer_once(path, answer: bytes) -> threading.Thread:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        with server, server.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"Version":"28.5.2"}', "28.5.2"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", None),
        (b"this is no HTTP", None),
        (b"", None),
    ],
)
def test_whether_an_engine_answers(paths, answer, version):
    thread = answer_once(paths.socket, answer)
    assert daemon.server_version(paths.socket) == version
    thread.join()


def test_no_socket_is_no_answer(paths):
    assert daemon.server_version(paths.socket) is None
