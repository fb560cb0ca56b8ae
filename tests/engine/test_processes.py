import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from layerbench.engine import processes
from layerbench.engine.paths import engine_paths

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path))
    found = engine_paths("default")
    found.home.mkdir(parents=True)
    return found


@pytest.fixture
def run(tmp_path):
    """Runs a shell under another name, which is what /proc shows of it."""
    started = []

    def start(name, *arguments, script="sleep 60; :"):
        program = tmp_path / name
        if not program.exists():
            shutil.copy(shutil.which("dash") or "/bin/sh", program)
        started.append(subprocess.Popen((program, "-c", script, *arguments), start_new_session=True))
        shown = Path(f"/proc/{started[-1].pid}")
        # The program is there a moment before its arguments are.
        while (shown / "exe").readlink().name != name or not (shown / "cmdline").read_bytes():
            time.sleep(0.01)
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_daemon_is_found_by_its_program_and_its_configuration(paths, run):
    assert processes.daemon(paths, "dockerd") is None
    run("dockerd", "--config-file", "/etc/docker/daemon.json")  # the machine's own
    run("tail", "-f", str(paths.daemon_config))  # somebody who looks at the file
    assert processes.daemon(paths, "dockerd") is None
    own = run("dockerd", "--config-file", str(paths.daemon_config))
    assert processes.daemon(paths, "dockerd").pid == own.pid
    assert processes.daemon(paths, "containerd") is None


def test_a_daemon_whose_program_was_replaced_is_still_found(paths, run, tmp_path):
    own = run("containerd", "--config", str(paths.containerd_config))
    (tmp_path / "containerd").unlink()
    assert processes.daemon(paths, "containerd").pid == own.pid


def test_foreign_engines_are_told_from_private_ones(paths, run):
    private = run("dockerd", "--pidfile", str(paths.run / "dockerd.pid"))
    foreign = run("dockerd", "--config-file", "/etc/docker/daemon.json")
    # The machine may have others, and so may tests that run at the same time.
    found = {process.pid for process in processes.foreign_daemons()}
    assert foreign.pid in found
    assert private.pid not in found


def test_helpers_are_those_with_our_folders_or_addresses(paths, run):
    shim = run("containerd-shim-runc-v2", "-address", str(paths.containerd_socket))
    proxy = run("docker-proxy", "-container-ip", "10.14.3.2")
    run("docker-proxy", "-container-ip", "172.17.0.2")
    run("containerd-shim-runc-v2", "-address", "/run/containerd/containerd.sock")
    run("editor", str(paths.home / "daemon.json"))
    found = {process.pid for process in processes.helpers(paths, IPv4Network("10.14.0.0/20"))}
    assert found == {shim.pid, proxy.pid}


def test_a_process_that_ignores_the_request_is_killed(run):
    stubborn = run("stubborn", script="trap '' TERM; while :; do sleep 0.05; done")
    time.sleep(0.2)
    said = []
    processes.terminate([stubborn.pid], 0.3, lambda: said.append(True))
    assert not processes.is_alive(stubborn.pid)
    assert said == [True]


def test_a_process_that_obeys_is_not_waited_for(run):
    process = run("obedient", script="sleep 60")
    begin = time.monotonic()
    processes.terminate([process.pid], 30)
    assert time.monotonic() - begin < 10
    assert not processes.is_alive(process.pid)


def test_a_process_that_only_waits_to_be_collected_is_not_alive():
    with subprocess.Popen(("sh", "-c", "true & exec sleep 5"), stdout=subprocess.DEVNULL) as parent:
        children = f"/proc/{parent.pid}/task/{parent.pid}/children"
        deadline = time.monotonic() + 5
        zombie = None
        while zombie is None and time.monotonic() < deadline:
            for pid in open(children).read().split():  # noqa: PTH123, SIM115
                state = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]  # noqa: PTH123, SIM115
                zombie = int(pid) if state == "Z" else None
        assert zombie
        assert not processes.is_alive(zombie)
        parent.kill()
