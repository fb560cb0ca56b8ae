"""`layerbench inspect` and `diff` on images that real builds made, with bytes and counts that are known beforehand."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layerbench.buildx.docker import DockerClient
from tests.cli.process import COMMAND
from tests.e2e.test_index import python_base

__all__ = ["python_base"]

pytestmark = pytest.mark.e2e

IMAGE = "layerbench-test/anatomy:1"
SLIMMER = "layerbench-test/anatomy:2"
HEAD = """\
FROM {base}
ENV PYTHONDONTWRITEBYTECODE=
RUN apt-get update
RUN apt-get install -y --no-install-recommends make libacl1-dev
RUN python -m venv /venv
RUN PIP_NO_CACHE_DIR=1 /venv/bin/pip install iniconfig==2.1.0
COPY big.bin /opt/big.bin
"""
TAIL = """\
RUN chmod 600 /opt/big.bin
COPY gone.bin /opt/gone.bin
RUN rm /opt/gone.bin
COPY twice /opt/twice
COPY home /root
COPY project /srv
RUN python -m compileall -q /srv/app.py
RUN python -m compileall -q -f /srv/app.py
"""
BIG_BYTES, GONE_BYTES, TWICE_BYTES, CACHE_BYTES = 5_000_000, 3_000_000, 100_000, 70_000
FILES = {
    "big.bin": b"b" * BIG_BYTES,
    "gone.bin": b"g" * GONE_BYTES,
    "twice/one.bin": b"t" * TWICE_BYTES,
    "twice/other.bin": b"t" * TWICE_BYTES,
    "home/.cache/pip/http-v2/a": b"1" * CACHE_BYTES,
    "home/.cache/uv/archive-v0/a": b"2" * CACHE_BYTES,
    "home/.cache/pypoetry/cache/a": b"3" * CACHE_BYTES,
    "home/.npm/_cacache/a": b"4" * CACHE_BYTES,
    "project/.git/objects/pack/a.pack": b"5" * CACHE_BYTES,
    "project/app.py": b"print('hello')\n",
    "project/node_modules/left/package.json": b'{"name": "left", "version": "1.2.3"}',
    "project/node_modules/left/index.js": b"6" * CACHE_BYTES,
    "project/node_modules/@scope/right/package.json": b'{"name": "@scope/right", "version": "4.5.6"}',
}


def share(content_bytes: int) -> int:
    """A file's share of a tar: one header, and the content in whole blocks."""
    return 512 + -(-content_bytes // 512) * 512


@pytest.fixture(scope="module")
def images(
    docker: DockerClient, python_base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """An image with every kind of waste, and one without what its last lines do."""
    context = tmp_path_factory.mktemp("context")
    for name, content in FILES.items():
        path = context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for tag, lines in ((IMAGE, HEAD + TAIL), (SLIMMER, HEAD)):
        command = [*docker.command, "buildx", "build", "--load", "--provenance=false", f"--tag={tag}", "--file=-"]
        built = subprocess.run(
            [*command, str(context)],
            input=lines.format(base=python_base).encode(),
            env=docker.environ(),
            capture_output=True,
            check=False,
        )
        assert built.returncode == 0, built.stderr.decode()
    yield IMAGE, SLIMMER
    docker.run("image", "rm", "--force", IMAGE, SLIMMER)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder of these tests' own."""
    return tmp_path_factory.mktemp("cache")


def call(docker: DockerClient, cache: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**docker.environ(), "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def anatomy(docker: DockerClient, images: tuple[str, str], cache: Path) -> Any:
    return json.loads(call(docker, cache, "inspect", "--json", images[0]))


def waste(anatomy: Any, kind: str) -> list[Any]:
    return [row for row in anatomy["waste"] if row["kind"] == kind]


@pytest.mark.parametrize(
    ("kind", "instruction", "content_bytes", "path"),
    [
        ("overwritten", "COPY big.bin /opt/big.bin", BIG_BYTES, "opt/big.bin"),
        ("deleted", "COPY gone.bin /opt/gone.bin", GONE_BYTES, "opt/gone.bin"),
        ("duplicate", "COPY twice /opt/twice", TWICE_BYTES, "opt/twice"),
        ("pip-cache", "COPY home /root", CACHE_BYTES, "root/.cache/pip"),
        ("uv-cache", "COPY home /root", CACHE_BYTES, "root/.cache/uv"),
        ("poetry-cache", "COPY home /root", CACHE_BYTES, "root/.cache/pypoetry"),
        ("npm-cache", "COPY home /root", CACHE_BYTES, "root/.npm/_cacache"),
        ("git", "COPY project /srv", CACHE_BYTES, "srv/.git"),
    ],
)
def test_waste_has_its_bytes_its_layer_and_its_line(
    anatomy: Any, kind: str, instruction: str, content_bytes: int, path: str
) -> None:
    [row] = [row for row in waste(anatomy, kind) if row["instruction"].startswith(instruction)]
    # Folders that hold nothing else can be counted with it.
    assert share(content_bytes) <= row["uncompressed_bytes"] <= share(content_bytes) + 5 * 512
    assert any(found.startswith(path) for found in row["paths"])
    assert anatomy["layers"][row["layer"]]["instruction"] == row["instruction"]
    assert row["mend"]
    assert "\n" not in row["mend"]


def test_the_line_that_made_bytes_useless_is_named(anatomy: Any) -> None:
    overwritten = next(row for row in waste(anatomy, "overwritten") if row["instruction"].startswith("COPY big.bin"))
    assert overwritten["later_instruction"] == "RUN chmod 600 /opt/big.bin"
    [deleted] = [row for row in waste(anatomy, "deleted") if row["instruction"].startswith("COPY gone.bin")]
    assert deleted["later_instruction"] == "RUN rm /opt/gone.bin"


def test_what_package_managers_leave_behind(anatomy: Any) -> None:
    assert "RUN apt-get update" in {row["instruction"] for row in waste(anatomy, "apt-lists")}
    [tools] = [row for row in waste(anatomy, "build-tools") if "install -y" in row["instruction"]]
    assert tools["uncompressed_bytes"] > 200_000
    [headers] = [row for row in waste(anatomy, "headers") if "install -y" in row["instruction"]]
    assert headers["files"] >= 3
    [installer] = [row for row in waste(anatomy, "venv-installer") if row["instruction"] == "RUN python -m venv /venv"]
    assert installer["uncompressed_bytes"] > 5_000_000
    [twice] = waste(anatomy, "pycache-twice")
    assert twice["instruction"] == "RUN python -m compileall -q /srv/app.py"


def test_packages_of_every_kind(anatomy: Any) -> None:
    layers = anatomy["layers"]
    found = {(row["ecosystem"], row["name"]): row for row in anatomy["packages"]}
    make = found["debian", "make"]
    assert layers[make["layer"]]["instruction"].startswith("RUN apt-get install")
    assert make["uncompressed_bytes"] > 200_000
    assert make["files"] >= 5
    iniconfig = found["python", "iniconfig"]
    assert (iniconfig["version"], iniconfig["environment"]) == ("2.1.0", "venv")
    assert found["debian", "dpkg"]["layer"] == 0
    assert found["node", "left"]["uncompressed_bytes"] >= share(CACHE_BYTES) + share(36)
    assert (found["node", "left"]["version"], found["node", "@scope/right"]["version"]) == ("1.2.3", "4.5.6")
    # All that dpkg says is installed has been found.
    assert {name for ecosystem, name in found if ecosystem == "debian"} >= {"bash", "coreutils", "libc6", "libacl1-dev"}


def test_the_layers_are_those_of_the_engine(docker: DockerClient, images: tuple[str, str], anatomy: Any) -> None:
    diff_ids = json.loads(docker.ask("image", "inspect", "--format", "{{json .RootFS.Layers}}", images[0]))
    assert [layer["diff_id"] for layer in anatomy["layers"]] == diff_ids
    assert sum(layer["uncompressed_bytes"] for layer in anatomy["layers"]) == anatomy["uncompressed_bytes"]
    assert sum(layer["compressed_bytes"] for layer in anatomy["layers"]) == anatomy["compressed_bytes"]
    whole = sum(row["uncompressed_bytes"] for row in anatomy["folders"]) + anatomy["end_bytes"]
    assert whole == anatomy["uncompressed_bytes"]
    [gone] = [layer for layer in anatomy["layers"] if layer["instruction"] == "RUN rm /opt/gone.bin"]
    assert (gone["files_added"], gone["files_changed"], gone["files_removed"]) == (0, 0, 1)
    [changed] = [layer for layer in anatomy["layers"] if layer["instruction"] == "RUN chmod 600 /opt/big.bin"]
    assert (changed["files_added"], changed["files_changed"], changed["files_removed"]) == (0, 1, 0)


def test_files_of_the_engines_own_container_are_those_of_the_image(
    docker: DockerClient, images: tuple[str, str], cache: Path
) -> None:
    """The merged view, against what a container really sees."""
    command = [*docker.command, "run", "--rm", "--network=none", images[0], "find", "/usr", "-xdev", "!", "-type", "d"]
    seen = subprocess.run(command, env=docker.environ(), capture_output=True, text=True, check=True).stdout.split("\n")
    anatomy = json.loads(call(docker, cache, "inspect", "--json", "--tree", "1", images[0]))
    [usr] = [row for row in anatomy["tree"] if row["path"] == "usr"]
    assert usr["files"] == len([path for path in seen if path])


def test_a_saved_archive_is_the_same_image(
    docker: DockerClient, images: tuple[str, str], anatomy: Any, cache: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "an image.tar"
    docker.ask("image", "save", "--output", str(archive), images[0])
    saved = json.loads(call(docker, cache, "inspect", "--json", str(archive)))
    for key in ("uncompressed_bytes", "packages", "waste", "files", "dive"):
        assert saved[key] == anatomy[key], key


def test_a_difference_adds_up_and_names_what_made_it(
    docker: DockerClient, images: tuple[str, str], anatomy: Any, cache: Path
) -> None:
    whole, slimmer = images
    diff = json.loads(call(docker, cache, "diff", "--json", slimmer, whole))
    small = json.loads(call(docker, cache, "inspect", "--json", slimmer))
    assert diff["unattributed_bytes"] == 0
    assert diff["uncompressed_bytes_delta"] == anatomy["uncompressed_bytes"] - small["uncompressed_bytes"]
    assert diff["compressed_bytes_delta"] == anatomy["compressed_bytes"] - small["compressed_bytes"]
    assert sum(row["uncompressed_bytes_delta"] for row in diff["layers"]) == diff["uncompressed_bytes_delta"]
    parts = sum(row["uncompressed_bytes_delta"] for row in (*diff["packages"], *diff["unowned"]))
    assert parts + diff["end_bytes_delta"] == diff["uncompressed_bytes_delta"]
    assert {row["name"] for row in diff["packages"]} == {"left", "@scope/right"}
    assert diff["files"][0]["path"] == "opt/big.bin"
    assert diff["files"][0]["uncompressed_bytes_delta"] == share(BIG_BYTES)
    assert diff["unchanged_layers"] == len(small["layers"])
    text = call(docker, cache, "diff", slimmer, whole)
    assert text.splitlines()[-1].strip() == "unattributed: 0 B"
