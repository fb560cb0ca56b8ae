"""The index and the stand-in base in real builds, on both image stores."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench import index
from layerbench.buildx.docker import DockerClient
from layerbench.config.models import IndexSettings
from tests.busybox import CHECKOUT

pytestmark = pytest.mark.e2e

MAKE_BASE = CHECKOUT / "tools/make-base"
CACHE = CHECKOUT / ".layerbench" / "test-index"
PYTHON = "layerbench-test/python:3.12-slim"
DERIVED = "layerbench-test/python-with-index:1"
REQUIREMENTS = CHECKOUT / "sample_app/web/requirements.txt"


@pytest.fixture(scope="module")
def python_base(docker: DockerClient) -> Iterator[str]:
    """The stand-in for python:3.12-slim in the engine of the test; made where it is not up to date."""
    made = subprocess.run(
        [MAKE_BASE, "--load", PYTHON], env=docker.environ(), capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert Path(made.stdout.splitlines()[-1]) == CHECKOUT / ".layerbench/bases/python-3.12-slim"
    yield PYTHON
    docker.run("image", "rm", "--force", PYTHON)


@pytest.fixture(scope="module")
def hosts(docker: DockerClient, python_base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """An index is served, and the base `DERIVED` knows it; the options that builds need to reach it."""
    packages = index.fill(IndexSettings(requirements=(REQUIREMENTS,)), print, CACHE)
    gateway = docker.ask("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").strip()
    with index.serve(packages, gateway) as address:
        url, names = index.by_name(address)
        dockerfile = index.derived_base_dockerfile(python_base, url)
        build(docker, dockerfile, tmp_path_factory.mktemp("derived"), "--load", f"--tag={DERIVED}")
        yield [f"--add-host={name}:{address}" for name, address in names.items()]
        docker.run("image", "rm", "--force", DERIVED)


def build(docker: DockerClient, dockerfile: str, folder: Path, *options: str) -> str:
    """What a build printed."""
    context = folder / secrets.token_hex(8)
    context.mkdir()
    (context / "Dockerfile").write_text(dockerfile)
    (context / "requirements.txt").write_text(REQUIREMENTS.read_text() + f"# {secrets.token_hex(8)}\n")
    command = [*docker.command, "buildx", "build", "--progress=plain", "--provenance=false", *options, str(context)]
    done = subprocess.run(command, env=docker.environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_pip_keeps_what_such_an_index_sends(docker: DockerClient, hosts: list[str], tmp_path: Path) -> None:
    mount = "RUN --mount=type=cache,target=/root/.cache/pip pip download -r requirements.txt"
    dockerfile = f"""\
FROM {DERIVED}
WORKDIR /app
COPY requirements.txt .
{mount} -d /tmp/1 && echo first: $(du -sk /root/.cache/pip)
{mount} -d /tmp/2 && echo second: $(ls /tmp/2 | wc -l)
"""
    namespace = f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={secrets.token_hex(8)}"
    said = build(docker, dockerfile, tmp_path, *hosts, namespace, "--output=type=cacheonly")
    kept = re.search(r" first: (\d+)", said)
    count = re.search(r" second: (\d+)", said)
    assert kept
    assert count
    assert int(kept[1]) > 2000  # KiB; pydantic-core alone is 2.3 MB
    assert said[: kept.start()].count("Downloading http://layerbench-index.invalid") == int(count[1])
    assert said[kept.start() :].count("Using cached http://layerbench-index.invalid") == int(count[1])


def test_nothing_else_is_offered(docker: DockerClient, hosts: list[str], tmp_path: Path) -> None:
    dockerfile = f"FROM {DERIVED}\nRUN ! pip download --no-cache-dir {secrets.token_hex(4)} six 2>&1\n"
    said = build(docker, dockerfile, tmp_path, *hosts, "--output=type=cacheonly")
    assert "No matching distribution found" in said


def test_the_stand_in_is_a_whole_python(docker: DockerClient, python_base: str) -> None:
    code = """
import compileall, json, ssl, sqlite3, subprocess, sys, sysconfig, pathlib
subprocess.run([sys.executable, "-m", "venv", "/tmp/venv"], check=True)
print(json.dumps({
    "prefix": sys.prefix, "version": "%d.%d" % sys.version_info[:2],
    "pips": [subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[0] for words in (
        ["pip", "--version"], ["pip3.12", "--version"], ["python3", "-m", "pip", "--version"],
        ["/tmp/venv/bin/pip", "--version"])],
    "header": (pathlib.Path(sysconfig.get_path("include")) / "Python.h").is_file(),
    "foreign": sorted(k for k, v in sysconfig.get_config_vars().items() if "/versions/" in str(v)),
    "trusted": len(ssl.create_default_context().get_ca_certs()) > 100,
    "config": subprocess.run(["python3-config", "--includes"], capture_output=True, text=True).stdout.split()[0],
    "compiled": [str(path) for path in pathlib.Path("/usr/local").rglob("*.pyc") if "venv" not in str(path)][:3],
}))
"""
    command = [*docker.command, "run", "--rm", "-e", "PYTHONDONTWRITEBYTECODE=1", "-i", python_base, "python", "-"]
    done = subprocess.run(command, input=code, env=docker.environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "prefix": "/usr/local",
        "version": "3.12",
        "pips": ["pip"] * 4,
        "header": True,
        "foreign": [],
        "trusted": True,
        "config": "-I/usr/local/include/python3.12",
        "compiled": [],
    }


def test_a_stand_in_that_is_up_to_date_is_left_alone(python_base: str) -> None:
    layout = CHECKOUT / ".layerbench/bases/python-3.12-slim"
    before = (layout / "index.json").stat()
    again = subprocess.run([MAKE_BASE], capture_output=True, text=True, check=True)
    assert again.stderr == "make-base: up to date\n"
    assert (layout / "index.json").stat() == before
