"""Reading real images out of engines with the containerd and with the classic image store."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient, engine_facts
from layerbench.errors import EngineError
from layerbench.image import BlobInfoCache, SavedImage, attribute_layers, open_saved_image, read_image
from layerbench.instructions import parse_dockerfile
from tests.image.builds import bases, build, build_case, save
from tests.image.cases import BASE, CASES, IMAGE

pytestmark = pytest.mark.e2e

LARGE = "layerbench-test/history-large:1"
# More than `docker save` could be the quicker way for.
LARGE_LAYER_BYTES = 40_000_000


@pytest.fixture(scope="module", params=["containerd", "classic"])
def docker(request: pytest.FixtureRequest) -> Iterator[DockerClient]:
    client: DockerClient = request.getfixturevalue(f"{request.param}_docker")
    with bases(client):
        yield client
        client.run("image", "rm", "--force", LARGE)


@pytest.fixture(scope="module")
def is_classic(docker: DockerClient) -> bool:
    return engine_facts(docker).image_store == "classic"


def read(docker: DockerClient, known: BlobInfoCache | None = None, reference: str = IMAGE) -> SavedImage:
    return read_image(docker.command, docker.environ(), reference, known or BlobInfoCache())


def image_id(docker: DockerClient, reference: str = IMAGE) -> str:
    return docker.ask("image", "inspect", "--format", "{{.Id}}", reference).strip()


@pytest.mark.parametrize("name", sorted(CASES))
def test_layers_belong_to_the_lines_that_made_them(docker: DockerClient, name: str) -> None:
    case = CASES[name]
    build_case(docker, case)
    image = read(docker)
    stages = parse_dockerfile(case.dockerfile).chain(case.target)
    chain = [instruction for stage in stages for instruction in stage.instructions]
    positions = attribute_layers(image.history, len(image.layers), chain)
    assert tuple(None if at is None else chain[at].line_start for at in positions) == case.lines


# The classic store takes no attestations.
@pytest.mark.parametrize(
    ("docker", "provenance"),
    [("containerd", "false"), ("containerd", "true"), ("classic", "false")],
    indirect=["docker"],
)
def test_bytes_and_digests_are_those_of_the_blobs(docker: DockerClient, is_classic: bool, provenance: str) -> None:
    build_case(docker, CASES["many_stages"], f"--provenance={provenance}")
    image = read(docker)
    with tarfile.open(fileobj=io.BytesIO(save(docker, IMAGE))) as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}  # type: ignore[union-attr]
    [manifest] = json.loads(members["manifest.json"])
    assert image.config_digest.removeprefix("sha256:") in manifest["Config"]
    assert len(image.layers) == len(manifest["Layers"])
    for layer, path in zip(image.layers, manifest["Layers"], strict=True):
        # The base came by `docker load`, which keeps a tar as it is, on the containerd store too.
        tar = gzip.decompress(members[path]) if members[path].startswith(b"\x1f\x8b") else members[path]
        assert layer.uncompressed_bytes == len(tar)
        assert layer.diff_id == f"sha256:{hashlib.sha256(tar).hexdigest()}"
        if is_classic:
            assert layer.digest is None
            assert layer.compressed_bytes == pytest.approx(len(gzip.compress(tar, 6)), rel=0.001)
        else:
            assert layer.digest == f"sha256:{hashlib.sha256(members[path]).hexdigest()}"
            assert layer.compressed_bytes == len(members[path])
    assert image.compressed_bytes_source == ("gzip" if is_classic else "manifest")
    if is_classic:
        assert (image.manifest_digest, image.config_digest) == (None, image_id(docker))
    else:
        assert image.manifest_digest is not None
        found = json.loads(members[image.manifest_digest.replace("sha256:", "blobs/sha256/")])
        assert found["config"]["digest"] == image.config_digest
        assert (image.manifest_digest == image_id(docker)) == (provenance == "false")


def test_known_image_is_not_read_again(docker: DockerClient, is_classic: bool) -> None:
    known = BlobInfoCache()
    options = () if is_classic else ("--provenance=mode=max",)
    build_case(docker, CASES["one_stage"], *options)
    image = read(docker, known)
    first_id = image_id(docker)
    # With attestations, the digest of the whole is another after every build.
    build_case(docker, CASES["one_stage"], *options)
    assert is_classic or image_id(docker) != first_id
    started = time.monotonic()
    assert read_image(["false"], docker.environ(), IMAGE, known) == image
    assert time.monotonic() - started < 10


def large_context(folder: Path) -> None:
    (folder / "large").write_bytes(random.Random(0).randbytes(LARGE_LAYER_BYTES))
    (folder / "source").write_text("1")
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nCOPY large /\nCOPY source /\nRUN echo x > /x\n")


def test_small_change_to_a_large_image_needs_no_save(docker: DockerClient, is_classic: bool, tmp_path: Path) -> None:
    known = BlobInfoCache()
    large_context(tmp_path)
    command = ("buildx", "build", "--quiet", "--tag", LARGE, str(tmp_path))
    docker.ask(*command, timeout_seconds=300)
    first = read(docker, known, LARGE)
    assert first.layers[1].uncompressed_bytes > LARGE_LAYER_BYTES
    (tmp_path / "source").write_text("changed")
    docker.run("image", "rm", "--force", LARGE)
    docker.ask(*command, timeout_seconds=300)
    # A client that cannot save.
    client = tmp_path / "docker"
    client.write_text('#!/bin/sh\nif [ "$1" = save ]; then echo save was called >&2; exit 1; fi\nexec docker "$@"\n')
    client.chmod(0o755)
    if is_classic:
        with pytest.raises(EngineError, match="save was called"):
            read_image([str(client)], docker.environ(), LARGE, known)
        changed = read(docker, known, LARGE)
    else:
        changed = read_image([str(client)], docker.environ(), LARGE, known)
    assert changed == read(docker, reference=LARGE)
    assert changed.layers[:2] == first.layers[:2]
    assert changed.layers[2] != first.layers[2]


def test_engine_of_the_docker_context_is_asked(docker: DockerClient, tmp_path: Path) -> None:
    host = docker.environ().get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    environment = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": ""}
    client = DockerClient(docker.command, {**docker.environment, **environment})
    client.ask("context", "create", "elsewhere", "--docker", f"host={host}")
    client.ask("context", "use", "elsewhere")
    build_case(docker, CASES["scratch_with_files"])
    known = BlobInfoCache()
    image = read(client, known)
    assert image == read(docker)
    # The engine was asked, so the image is known by its digest: `false` would fail otherwise.
    assert known.image(image.manifest_digest or image.config_digest) == image


# The classic store keeps no compressed layers.
@pytest.mark.parametrize("docker", ["containerd"], indirect=True)
@pytest.mark.parametrize("compression", ["zstd", "uncompressed", "gzip"])
def test_compressions(docker: DockerClient, compression: str) -> None:
    output = f"type=image,compression={compression},force-compression=true"
    build_case(docker, CASES["scratch_with_files"], f"--output={output}", "--no-cache")
    image = read(docker)
    assert image.compressed_bytes_source == "manifest"
    for layer in image.layers:
        assert (layer.digest == layer.diff_id) == (compression == "uncompressed")
        assert (layer.compressed_bytes == layer.uncompressed_bytes) == (compression == "uncompressed")


# The classic store keeps one platform.
@pytest.mark.parametrize("docker", ["containerd"], indirect=True)
def test_platforms(docker: DockerClient) -> None:
    build_case(docker, CASES["scratch_with_files"], "--platform=linux/amd64,linux/arm64,linux/s390x")
    images = {
        platform: read_image(docker.command, docker.environ(), IMAGE, BlobInfoCache(), platform=platform)
        for platform in ("linux/amd64", "linux/arm64", "linux/s390x")
    }
    assert len({image.manifest_digest for image in images.values()}) == 3
    assert len({image.config_digest for image in images.values()}) == 3
    assert read(docker) in images.values()


def test_one_foreign_platform_needs_no_name(docker: DockerClient) -> None:
    foreign = "linux/s390x"
    build_case(docker, CASES["scratch_with_files"], f"--platform={foreign}")
    assert len(read(docker).layers) == 2


def test_image_that_is_not_there(docker: DockerClient) -> None:
    with pytest.raises(
        EngineError, match=r"docker save layerbench-test/absent:1 failed: .*(No such image|not exist|not found)"
    ):
        read(docker, reference="layerbench-test/absent:1")


def test_engine_that_is_not_there(docker: DockerClient, tmp_path: Path) -> None:
    environment = {**docker.environ(), "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    with pytest.raises(EngineError, match=r"docker save .* failed: .*[Cc]annot connect"):
        read_image(docker.command, environment, IMAGE, BlobInfoCache())


def test_leaving_early_leaves_no_process(docker: DockerClient) -> None:
    build(docker, f"FROM {BASE}\nRUN dd if=/dev/urandom of=/x bs=1M count=20\n", LARGE)
    with open_saved_image(docker.command, docker.environ(), LARGE) as stream:
        assert len(stream.read(1000)) == 1000
    children = subprocess.run(["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, check=True)
    assert b"save" not in children.stdout
    assert read(docker, reference=LARGE).layers[1].uncompressed_bytes > 20_000_000
