import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.engine.client import client_environment, docker_command, shell_exports, write_client_folders
from layerbench.engine.models import PrivateEngine
from layerbench.engine.paths import engine_paths
from layerbench.engine.programs import Programs


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / 'it\'s a "home" $(id)'))
    return engine_paths("default")


@pytest.fixture
def engine(paths):
    return PrivateEngine(
        name="default",
        home=paths.home,
        socket=paths.socket,
        bridge=paths.bridge,
        bridge_address="10.14.0.1",
        image_store="containerd",
        source="forky",
        docker_command=docker_command(paths.home / "packages"),
        client_folder=paths.home / "packages" / "client",
        environment=client_environment(paths, {}),
    )


def in_a_shell(text: str) -> dict[str, str]:
    done = subprocess.run(
        ("sh", "-c", text + "env -0"), check=True, capture_output=True, text=True, env={"PATH": "/bin"}
    )
    return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)


def test_a_shell_gets_exactly_these_values(engine):
    found = in_a_shell(shell_exports(engine))
    assert {name: found[name] for name in engine.environment} == engine.environment
    assert set(engine.environment) == {"DOCKER_HOST", "DOCKER_CONFIG", "BUILDX_CONFIG"}
    assert found["PATH"] == f"{engine.client_folder}:/bin"


def test_with_installed_programs_the_path_stays(engine):
    assert in_a_shell(shell_exports(replace(engine, client_folder=None)))["PATH"] == "/bin"


def test_variables_that_lead_to_another_engine_are_emptied(paths):
    current = {"BUILDX_BUILDER": "other", "DOCKER_TLS_VERIFY": "1", "DOCKER_API_VERSION": "", "DOCKER_HOST": "tcp://x"}
    found = client_environment(paths, current)
    assert found["BUILDX_BUILDER"] == found["DOCKER_TLS_VERIFY"] == ""
    assert "DOCKER_API_VERSION" not in found
    assert found["DOCKER_HOST"] == f"unix://{paths.socket}"


@pytest.fixture
def programs(tmp_path):
    nothing = tmp_path / "nothing"
    buildx = tmp_path / "packages" / "bin" / "docker-buildx"
    return Programs("forky", tmp_path / "packages", nothing, nothing, nothing, buildx, nothing, ())


def test_the_persons_logins_are_used_where_they_are(paths, programs, tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    (own / "config.json").write_text("{}")
    monkeypatch.setenv("DOCKER_CONFIG", str(own))
    for _ in range(2):  # also the second time
        write_client_folders(paths, programs)
    assert (paths.docker_config / "config.json").readlink() == own / "config.json"
    assert (paths.docker_config / "cli-plugins" / "docker-buildx").readlink() == programs.buildx
    assert [entry.name for entry in own.iterdir()] == ["config.json"]


def test_in_a_shell_that_uses_the_engine_its_folder_is_not_linked_to_itself(paths, programs, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(paths.docker_config))
    write_client_folders(paths, programs)
    (paths.docker_config / "config.json").write_text("{}")
    write_client_folders(paths, programs)
    assert not (paths.docker_config / "config.json").is_symlink()


def test_the_installed_client_is_called_by_name():
    assert docker_command(None) == ("docker",)
    assert docker_command(Path("/packages")) == ("/packages/client/docker",)
