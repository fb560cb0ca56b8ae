"""Private engines, for real: two at once, crashes, interruptions, and what is left of them."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerbench.engine import PrivateEngine, find
from layerbench.engine.aptsources import debian_mirrors, machine_sources
from layerbench.engine.packages import fetched
from layerbench.engine.paths import EnginePaths, engine_paths, package_cache
from layerbench.engine.processes import daemon, remove_control_groups
from tests.busybox import CACHE, archive, busybox

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="a private engine needs root"),
    pytest.mark.skipif(not shutil.which("apt-get"), reason="Debian's packages need apt"),
]

BASE = "layerbench-test/busybox:1"


@pytest.fixture(scope="module")
def packages() -> Path:
    """Cache of the packages of both suites; the person's own, so that they are downloaded once."""
    before = os.environ.get("LAYERBENCH_PACKAGE_CACHE")
    os.environ["LAYERBENCH_PACKAGE_CACHE"] = str(package_cache())
    try:
        for suite in ("forky", "trixie"):
            fetched(suite, print)
        return package_cache()
    finally:
        if before is None:
            del os.environ["LAYERBENCH_PACKAGE_CACHE"]


@pytest.fixture
def home(tmp_path, packages, monkeypatch) -> Iterator[Path]:
    monkeypatch.setenv("LAYERBENCH_PACKAGE_CACHE", str(packages))
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    layerbench("down", "--all", "--purge")


def layerbench(*arguments: str, check: bool = True, **more: object) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "layerbench", "engine", *arguments)
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, **more)
    assert not check or done.returncode == 0, done.stderr
    return done


def docker(engine: PrivateEngine, *arguments: str, check: bool = True, content: bytes | None = None) -> str:
    environment = {**os.environ, **engine.environment}
    command = (*engine.docker_command, *arguments)
    done = subprocess.run(command, check=False, capture_output=True, input=content, env=environment, timeout=120)
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def up(name: str, *arguments: str) -> PrivateEngine:
    layerbench("up", "--name", name, *arguments)
    engine = find(name)
    assert engine
    return engine


def load_base(engine: PrivateEngine) -> None:
    docker(engine, "load", "--quiet", content=archive(busybox(CACHE), BASE, ""))


def build(engine: PrivateEngine, folder: Path, run: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nRUN {run}\n")
    docker(engine, "buildx", "build", "--no-cache", "--tag", "built", "--progress=plain", str(folder))


def outside() -> str:
    """Some address of the outside world that every machine of these tests reaches: its Debian mirror."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    codename = release["VERSION_CODENAME"]
    uri = debian_mirrors(machine_sources(), codename)[0].uri.rstrip("/").replace("https://", "http://")
    return f"{uri}/dists/{codename}/Release"


@contextmanager
def page_on(address: str) -> Iterator[str]:
    """A page that the machine serves on an engine's bridge, as the package index is served."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello from the machine")

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((address, 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{address}:{server.server_port}/"
        server.shutdown()


def assert_network(engine: PrivateEngine, folder: Path) -> None:
    """Builds reach the outside by name, and the machine; the machine reaches published ports."""
    with page_on(engine.bridge_address) as page:
        build(engine, folder, f"wget -q -O /dev/null {outside()} && wget -q -O - {page} | grep 'from the machine'")
    serve = "mkdir /page && echo from the container > /page/index.html && httpd -f -h /page -p 80"
    container = docker(engine, "run", "--detach", "--publish", "127.0.0.1::80", BASE, "sh", "-c", serve)
    port = docker(engine, "port", container, "80")
    assert get(f"http://{port}/") == b"from the container\n"
    docker(engine, "rm", "--force", container)


def get(url: str) -> bytes:
    deadline = time.monotonic() + 10
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_two_engines_run_at_once_and_one_that_stops_leaves_the_other_its_network(home, tmp_path):
    starts = [
        subprocess.Popen((sys.executable, "-m", "layerbench", "engine", "up", "--name", name, *more))
        for name, more in (
            ("new", ["--suite", "forky"]),
            ("old", ["--suite", "trixie", "--image-store", "classic"]),
        )
    ]
    assert [start.wait(120) for start in starts] == [0, 0]
    new, old = find("new"), find("old")
    assert (new.image_store, old.image_store) == ("containerd", "classic")
    assert docker(new, "info", "--format", "{{.Driver}}") == "overlayfs"
    assert docker(old, "info", "--format", "{{.Driver}}") == "overlay2"
    assert docker(old, "buildx", "version").split()[1].startswith("0.13.1")
    for engine in (new, old):
        load_base(engine)
        assert_network(engine, tmp_path / engine.name)

    layerbench("down", "--name", "old")
    assert find("old") is None
    assert_network(new, tmp_path / "new")
    images = docker(new, "images", "--quiet")

    again = up("old")  # as it was: suite and store are remembered
    assert (again.source, again.image_store) == ("trixie", "classic")
    assert BASE in docker(again, "images", "--format", "{{.Repository}}:{{.Tag}}")
    assert_network(again, tmp_path / "old")
    assert docker(new, "images", "--quiet") == images

    states = {entry["name"]: entry["state"] for entry in json.loads(layerbench("status", "--json").stdout)}
    assert states == {"new": "up", "old": "up"}


def test_containers_on_a_network_of_ones_own_have_names_and_the_outside(home):
    engine = up("net", "--suite", "forky")
    load_base(engine)
    docker(engine, "network", "create", "mine")
    serve = "mkdir /page && echo by name > /page/index.html && httpd -f -h /page -p 80"
    docker(engine, "run", "--detach", "--network", "mine", "--name", "server", BASE, "sh", "-c", serve)
    fetch = f"wget -q -O /dev/null {outside()}; until wget -q -O - http://server/; do sleep 0.1; done"
    assert docker(engine, "run", "--network", "mine", BASE, "timeout", "10", "sh", "-c", fetch) == "by name"


def test_up_is_idempotent_and_two_at_once_make_one_engine(home):
    command = (sys.executable, "-m", "layerbench", "engine", "up", "--suite", "forky")
    starts = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [start.communicate(timeout=120)[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], said
    assert sum("is already up" in text for text in said) == 2
    pid = daemon(engine_paths("default"), "dockerd").pid

    begin = time.monotonic()
    assert "is already up" in layerbench("up").stderr
    assert time.monotonic() - begin < 5
    assert daemon(engine_paths("default"), "dockerd").pid == pid


def test_env_is_for_a_shell(home):
    engine = up("shell", "--suite", "forky")
    script = 'eval "$("$0" -m layerbench engine env --name shell)" && docker version --format "{{.Server.Version}}"'
    done = subprocess.run(("sh", "-c", script, sys.executable), check=True, capture_output=True, text=True)
    assert done.stdout.strip() == docker(engine, "version", "--format", "{{.Server.Version}}")
    assert json.loads(layerbench("env", "--name", "shell", "--json").stdout) == engine.environment


@pytest.mark.parametrize("victim", ["dockerd", "containerd"])
def test_an_engine_that_was_killed_is_repaired(home, tmp_path, victim):
    engine = up("hurt", "--suite", "forky")
    paths = engine_paths("hurt")
    load_base(engine)
    docker(engine, "run", "--detach", "--publish", "127.0.0.1::80", "--name", "left", BASE, "sleep", "1000")
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo it runs && sleep 1000\n")
    command = (*engine.docker_command, "buildx", "build", "--progress=plain", str(tmp_path))
    environment = {**os.environ, **engine.environment}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as building:
        assert any("it runs" in line and "RUN" not in line for line in building.stderr)
        os.kill(daemon(paths, victim).pid, signal.SIGKILL)
        time.sleep(0.2)
        assert json.loads(layerbench("status", "--name", "hurt", "--json").stdout)[0]["state"] == "broken"
        assert f"{victim} has ended" in layerbench("env", "--name", "hurt", check=False).stderr

        assert "is broken: stopping what is left" in layerbench("up", "--name", "hurt").stderr
        assert building.wait(10) != 0
    assert docker(engine, "inspect", "left", "--format", "{{.State.Running}}") == "false"
    assert_network(engine, tmp_path / "after")


def test_a_process_id_that_now_is_somebody_elses_is_left_alone(home):
    paths = engine_paths("reused")
    up("reused", "--suite", "forky")
    dockerd = daemon(paths, "dockerd").pid
    with subprocess.Popen(("sleep", "1000")) as bystander:
        os.kill(dockerd, signal.SIGKILL)
        (paths.run / "dockerd.pid").write_text(str(bystander.pid))
        up("reused")
        layerbench("down", "--name", "reused")
        assert bystander.poll() is None
        bystander.kill()


def fake_dockerd(tmp_path: Path, packages: Path, text: str) -> dict[str, str]:
    """Environment of a machine whose installed dockerd is a script, while all else is real."""
    folder = tmp_path / "installed"
    folder.mkdir()
    for program in (packages / "forky" / "bin").iterdir():
        (folder / program.name).symlink_to(program)
    (folder / "dockerd").unlink()
    (folder / "dockerd").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "dockerd").chmod(0o755)
    plugins = tmp_path / "own" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-buildx").symlink_to(packages / "forky" / "bin" / "docker-buildx")
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "DOCKER_CONFIG": str(tmp_path / "own")}


def assert_nothing_is_left(name: str, packages: Path) -> None:
    paths = engine_paths(name)
    assert not paths.home.exists()
    assert not paths.lock.exists()
    assert not paths.run.exists()
    assert paths.bridge not in [name for _, name in socket.if_nameindex()]
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{paths.label}"))
    assert str(paths.home) not in Path("/proc/self/mountinfo").read_text()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        assert not any(word.startswith((bytes(paths.home), bytes(paths.run))) for word in command), command
    for table in ("nat", "filter"):
        iptables = shutil.which("iptables") or packages / "forky" / "bin" / "iptables-nft"
        listing = subprocess.run((iptables, "-t", table, "-S"), check=True, capture_output=True, text=True).stdout
        assert paths.label not in listing


def test_a_start_that_fails_tells_the_log_and_leaves_nothing(home, tmp_path, packages):
    environment = fake_dockerd(tmp_path, packages, "echo 'failed to start daemon: no such luck' >&2; exit 1")
    done = layerbench("up", "--name", "failing", env=environment, check=False)
    assert done.returncode == 3
    assert "failed to start daemon: no such luck" in done.stderr
    assert "Traceback" not in done.stderr
    assert_nothing_is_left("failing", packages)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_nothing(home, tmp_path, packages, number):
    started = tmp_path / "started"
    environment = fake_dockerd(tmp_path, packages, f"touch {started}; exec sleep 1000")
    command = (sys.executable, "-m", "layerbench", "engine", "up", "--name", "interrupted")
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as starting:
        deadline = time.monotonic() + 30
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(starting.pid, number)
        messages = starting.communicate(timeout=30)[1]
    assert starting.returncode == 130, messages
    assert "Traceback" not in messages
    assert_nothing_is_left("interrupted", packages)


def test_an_installed_dockerd_is_used_and_nothing_is_downloaded(home, tmp_path, packages, monkeypatch):
    environment = fake_dockerd(tmp_path, packages, f'exec "{packages}/forky/bin/dockerd" "$@"')
    for name in ("PATH", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.delenv("LAYERBENCH_PACKAGE_CACHE")
    engine = up("installed", "--fetch")
    assert (engine.source, engine.docker_command) == ("installed", ("docker",))
    load_base(engine)
    build(engine, tmp_path / "context", "echo hello")
    assert not (home / "cache").exists()


# In namespaces of its own nothing else changes links, rules, mounts and processes, so all of them can be compared;
# IP forwarding is off there, as on a machine that never had an engine.
SANDBOX = """
set -eu
# the copies of other engines' mounts, which would keep those alive
awk '$5 != "/" && / - (overlay|nsfs) / {print $5}' /proc/self/mountinfo | tac | xargs --no-run-if-empty umount --lazy
mount -t tmpfs none /run
ip link set lo up
echo 0 > /proc/sys/net/ipv4/ip_forward  # a new namespace has what the machine has
view() {
    echo "forwarding $(cat /proc/sys/net/ipv4/ip_forward)"
    ip -o link | grep -v '^[0-9]*: lo:' || true
    "$IPTABLES" -S
    "$IPTABLES" -t nat -S
    cut -d' ' -f3- /proc/self/mountinfo
    ps -e -o args= | grep -v -e '^ps ' -e '^grep ' -e '^sh ' -e '^cut ' -e layerbench-sandbox || true
    find /run "$LAYERBENCH_HOME" "$LAYERBENCH_PACKAGE_CACHE" -maxdepth 3 | sort
    find /sys/fs/cgroup -maxdepth 2 -name "$LABEL"
}
layerbench() { "$PYTHON" -m layerbench engine "$@"; }
mkdir -p "$LAYERBENCH_HOME"
view > "$OUT/before"
layerbench up --suite forky --name lonely
cat /proc/sys/net/ipv4/ip_forward > "$OUT/forwarding-while-up"
eval "$(layerbench env --name lonely)"
docker load --quiet --input "$OUT/base.tar"
docker run --detach --restart always --stop-timeout 1 BASE sleep 1000
docker network create mine
docker run --detach --network mine --stop-timeout 1 --publish 127.0.0.1::80 BASE sleep 1000
printf 'FROM BASE\\nRUN echo hello\\n' | docker buildx build --progress=plain --tag built -
layerbench down --name lonely
view > "$OUT/after-down"
layerbench up --name lonely
docker image inspect built > "$OUT/kept"
DAMAGE
layerbench down --name lonely --purge
view > "$OUT/after-purge"
""".replace("BASE", BASE)

DAMAGES = {
    "none": "",
    "dockerd-killed": 'kill -9 "$(cat /run/layerbench/lonely-*/dockerd.pid)"',
    "all-killed": 'docker run --detach BASE sleep 1000; kill -9 $(pgrep -f "^[^ ]*(dockerd|containerd)[^ ]* ")'.replace(
        "BASE", BASE
    ),
    "state-lost": 'rm "$LAYERBENCH_HOME/engines/lonely/engine.json"',
}


@pytest.fixture
def lonely(tmp_path, monkeypatch) -> Iterator[EnginePaths]:
    """An engine's paths; all of it goes with the sandbox, but control groups."""
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / "home"))
    paths = engine_paths("lonely")
    yield paths
    remove_control_groups(paths)


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_is_left_after_a_purge(lonely, tmp_path, packages, damage):
    base = archive(busybox(CACHE), BASE, "")
    (tmp_path / "base.tar").write_bytes(base)
    environment = {
        **os.environ,
        "OUT": str(tmp_path),
        "PYTHON": sys.executable,
        "LABEL": lonely.label,
        "LAYERBENCH_PACKAGE_CACHE": str(packages),
        "IPTABLES": shutil.which("iptables") or str(packages / "forky" / "bin" / "iptables-nft"),
    }
    namespaces = ("--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "--propagation", "private")
    command = ("unshare", *namespaces, "sh", "-c", SANDBOX.replace("DAMAGE", DAMAGES[damage]), "layerbench-sandbox")
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    before, after_down, after_purge = (
        (tmp_path / name).read_text().splitlines() for name in ("before", "after-down", "after-purge")
    )
    assert before[0] == after_down[0] == after_purge[0] == "forwarding 0"
    assert (tmp_path / "forwarding-while-up").read_text() == "1\n"
    # Only what is new counts: mounts of other engines can vanish from the sandbox, with the folders they are on.
    assert not Counter(after_purge) - Counter(before)
    kept = Counter(after_down) - Counter(before)
    assert kept
    assert all(line.startswith(f"{tmp_path}/home/engines") for line in kept), kept
