from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from layerbench.image.store import Absence, StoredImage, ask_for_image, engine_host
from layerbench.image.unix_http import get_json
from tests.image.engines import answering, containerd_image, http, manifest_digest

REFERENCE = "localhost:5000/some/app:1"
PATH = f"/images/{REFERENCE}/json"
CLASSIC = {"Id": "sha256:" + "cd" * 32, "Os": "linux", "Architecture": "arm64", "RootFS": {"Layers": ["a", "b"]}}


def ask(folder: Path, answer: bytes | None, platform: str | None = None) -> StoredImage | Absence:
    with answering(folder, {} if answer is None else {PATH: answer}) as socket_path:
        return ask_for_image(["false"], {"DOCKER_HOST": f"unix://{socket_path}"}, REFERENCE, platform)


def test_an_image_of_the_containerd_store(tmp_path: Path) -> None:
    answer = http(200, containerd_image(amd64=1000, arm64=900))
    found = ask(tmp_path, answer)
    assert isinstance(found, StoredImage)
    assert found.manifest_digest == found.content_digest == manifest_digest("amd64")
    assert (found.is_classic_store, found.content_bytes, found.layer_count) == (False, 1000, 1)
    assert found.platforms == ("linux/amd64", "linux/arm64")


@pytest.mark.parametrize(("platform", "digest"), [("linux/arm64", manifest_digest("arm64")), ("linux/s390x", None)])
def test_a_platform_is_chosen(platform: str, digest: str | None, tmp_path: Path) -> None:
    found = ask(tmp_path, http(200, containerd_image(amd64=1000, arm64=900)), platform)
    assert isinstance(found, StoredImage)
    assert found.manifest_digest == found.content_digest == digest


def test_an_image_of_the_classic_store(tmp_path: Path) -> None:
    assert ask(tmp_path, http(200, CLASSIC)) == StoredImage(CLASSIC["Id"], None, True, None, 2, ("linux/arm64",))


def test_an_image_that_is_not_there(tmp_path: Path) -> None:
    assert ask(tmp_path, None) == "no image"


def test_a_name_that_is_none(tmp_path: Path) -> None:
    assert ask(tmp_path, http(400, {"message": "invalid reference format"})) == "no image"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n{",
        b"HTTP/1.0 soon\r\n\r\n{}",
        b"SSH-2.0-OpenSSH\r\n\r\n{}",
        http(500, {"message": "broken"}),
        http(200, []),
        http(200, {"Id": 3}),
    ],
)
def test_an_answer_that_makes_no_sense(answer: bytes, tmp_path: Path) -> None:
    assert ask(tmp_path, answer) == "no engine"


def test_no_engine(tmp_path: Path) -> None:
    host = {"DOCKER_HOST": f"unix://{tmp_path}/absent.sock"}
    assert ask_for_image(["false"], host, REFERENCE, None) == "no engine"


def test_the_engine_is_the_one_of_the_client(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    environment = {"DOCKER_HOST": "", "DOCKER_CONTEXT": "", "DOCKER_CONFIG": str(tmp_path)}
    asked = ["sh", "-c", "echo unix:///asked/docker"]
    default = "unix:///var/run/docker.sock"
    assert engine_host(asked, environment) == default
    for content, host in {
        "{}": default,
        '{"currentContext": "default"}': default,
        '{"currentContext": "remote"}': "unix:///asked/docker",
        "[]": "unix:///asked/docker",
        "{": "unix:///asked/docker",
    }.items():
        config.write_text(content)
        assert engine_host(asked, environment) == host
    config.unlink()
    assert engine_host(asked, {**environment, "DOCKER_CONTEXT": "remote"}) == "unix:///asked/docker"
    assert engine_host(asked, {**environment, "DOCKER_HOST": "ssh://x"}) == "ssh://x"


def test_a_long_answer_comes_whole(tmp_path: Path) -> None:
    document = {"x": "y" * 3_000_000}
    with answering(tmp_path, {"/a b": http(200, document)}) as socket_path:
        assert get_json(socket_path, "/a%20b", z="1 2") == (200, document)


def test_asking_imports_no_docker_package() -> None:
    code = (
        "import json, sys\nfrom layerbench.image.store import ask_for_image\n"
        "ask_for_image(['false'], {'DOCKER_HOST': 'unix:///nowhere'}, 'x', None)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    modules: list[Any] = json.loads(
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    )
    assert not {"docker", "requests", "http.client"} & set(modules)
