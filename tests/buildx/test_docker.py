"""The docker client where there is no engine, no buildx or no docker; with engines: tests/e2e/test_buildx.py."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from layerbench.buildx.docker import (
    DockerClient,
    builder_facts,
    engine_facts,
    last_line,
)
from layerbench.errors import EngineError

_MISSING = DockerClient(("no-such-docker",))


def _script(folder: Path, body: str) -> DockerClient:
    """A program in place of docker."""
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return DockerClient((str(path),), {"PATH": os.defpath})


def test_no_docker_is_said_with_its_mend() -> None:
    assert not _MISSING.is_installed()
    assert not _MISSING.answers()
    for ask in (engine_facts, lambda docker: builder_facts(docker, None), lambda docker: docker.ask("info")):
        with pytest.raises(EngineError, match=r"^no-such-docker is not installed; .*engine up --fetch"):
            ask(_MISSING)


def test_client_that_hangs_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="docker info gave no answer within 0 s"):
        _script(tmp_path, "exec sleep 60").run("info", timeout_seconds=0.2)


def test_clients_that_exit_with_0_without_an_engine(tmp_path: Path) -> None:
    """Up to Docker 27 `docker info --format` does."""
    docker = _script(tmp_path, """echo '{"ServerErrors":["Cannot connect to the Docker daemon."]}'""")
    with pytest.raises(EngineError, match="no Docker Engine answers: Cannot connect to the Docker daemon; start it"):
        engine_facts(docker)


def test_engine_that_may_not_be_used_is_no_missing_engine(tmp_path: Path) -> None:
    docker = _script(tmp_path, "echo 'permission denied while trying to connect to the socket' >&2; exit 1")
    with pytest.raises(EngineError, match=r"may not be used: permission denied .* join the group docker"):
        engine_facts(docker)


def test_answer_that_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="docker printed no JSON"):
        engine_facts(_script(tmp_path, "echo hello"))


def test_bytes_that_are_no_utf_8_are_survived(tmp_path: Path) -> None:
    assert _script(tmp_path, r"printf '\377\376'").ask("info") == "\ufffd\ufffd"


def test_failed_question_carries_dockers_words(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="docker image ls failed: so it is"):
        _script(tmp_path, "echo 'ERROR: so it is' >&2; exit 3").ask("image", "ls")


def test_client_without_buildx(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="has no buildx; install the docker-buildx package"):
        builder_facts(_script(tmp_path, "exit 125"), None)


_INSPECTED = """\
Name:          cross
Driver:        docker-container
Last Activity: 2026-01-02 03:04:05 +0000 UTC

Nodes:
Name:                  cross0
Endpoint:              unix:///var/run/docker.sock
Status:                running
BuildKit daemon flags: --allow-insecure-entitlement=network.host
BuildKit version:      v0.17.2
Platforms:             linux/amd64*, linux/amd64/v2, linux/arm64
Labels:
 org.mobyproject.buildkit.worker.executor:         oci

Name:     cross1
Endpoint: ssh://other
Status:   inactive
"""


def _inspecting(folder: Path, printed: str) -> DockerClient:
    (folder / "printed").write_text(printed)
    return _script(
        folder,
        f'if [ "$2" = version ]; then echo "github.com/docker/buildx v0.20.1 abc"; else cat {folder}/printed; fi',
    )


def test_builder_of_several_nodes(tmp_path: Path) -> None:
    facts = builder_facts(_inspecting(tmp_path, _INSPECTED), "cross")
    assert (facts.name, facts.driver) == ("cross", "docker-container")
    assert (facts.buildx_version, facts.buildkit_version) == ("0.20.1", "v0.17.2")
    assert facts.platforms == ("linux/amd64", "linux/amd64/v2", "linux/arm64")


def test_older_spelling_of_the_version(tmp_path: Path) -> None:
    facts = builder_facts(_inspecting(tmp_path, "Name: old\nDriver: docker\nNodes:\nBuildkit: v0.11.6\n"), None)
    assert facts.buildkit_version == "v0.11.6"


def test_version_that_was_compiled_out_is_unknown(tmp_path: Path) -> None:
    printed = "Name: x\nDriver: docker\nNodes:\nBuildKit version: v0.0.0+unknown\n"
    assert builder_facts(_inspecting(tmp_path, printed), None).buildkit_version is None


def test_builder_whose_node_is_broken(tmp_path: Path) -> None:
    printed = "Name: x\nDriver: remote\n\nNodes:\nName: x0\nError: connection refused\n"
    with pytest.raises(EngineError, match="builder x does not run: connection refused"):
        builder_facts(_inspecting(tmp_path, printed), "x")


def test_last_line() -> None:
    assert last_line("one\nERROR:  two \n\n") == "two"
    assert last_line(" \n") == "it said nothing"
