import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from layerbench import engine
from layerbench.cli.engine import engine as command
from layerbench.engine.files import disk_bytes
from layerbench.engine.programs import choose_programs
from layerbench.errors import EngineError, UsageError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LAYERBENCH_PACKAGE_CACHE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def empty_path(tmp_path, monkeypatch):
    """A machine without any program, and with a folder to put some in."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("layerbench.engine.programs._ADMIN_FOLDERS", ())
    monkeypatch.setattr("layerbench.engine.programs._SYSTEM_PLUGIN_FOLDERS", (str(folder / "plugins"),))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "own"))
    return folder


def program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    return folder / name


def test_without_root_nothing_is_touched(monkeypatch, home):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for call in (lambda: engine.start("default", notify=print), lambda: engine.stop("default", notify=print)):
        with pytest.raises(UsageError, match="root's rights"):
            call()
    assert not home.exists()


@needs_root
def test_without_dockerd_and_without_leave_to_fetch_the_mend_is_named(home, empty_path):
    with pytest.raises(UsageError, match=r"no dockerd is installed: .*engine up --fetch"):
        engine.start("default", notify=print)
    assert not home.exists() or not any(home.iterdir())


def test_an_installed_engine_must_be_whole(empty_path):
    program(empty_path, "dockerd")
    for name, package in (("containerd", "containerd"), ("docker", "docker-cli")):
        with pytest.raises(UsageError, match=f"{name} is not: install it .*{package}"):
            choose_programs(None, fetch=False, notify=print)
        program(empty_path, name)
    with pytest.raises(UsageError, match="buildx plugin"):
        choose_programs(None, fetch=False, notify=print)
    buildx = program(empty_path / "plugins", "docker-buildx")
    for name in ("ip", "iptables"):
        with pytest.raises(UsageError, match=f"{name} is not"):
            choose_programs(None, fetch=False, notify=print)
        program(empty_path, name)
    found = choose_programs(None, fetch=False, notify=print)
    assert found.source == "installed"
    assert found.buildx == buildx
    assert found.dockerd == empty_path / "dockerd"


def test_the_persons_own_plugin_comes_first(empty_path, tmp_path):
    for name in ("dockerd", "containerd", "docker", "ip", "iptables"):
        program(empty_path, name)
    program(empty_path / "plugins", "docker-buildx")
    (tmp_path / "own").mkdir()
    own = program(tmp_path / "own" / "cli-plugins", "docker-buildx")
    assert choose_programs(None, fetch=False, notify=print).buildx == own


def test_packages_that_were_unpacked_before_need_no_leave_to_fetch(empty_path, home):
    for suite in ("trixie", "forky"):
        (home / "cache" / "engine" / suite / "bin").mkdir(parents=True)
    found = choose_programs(None, fetch=False, notify=print)
    assert (found.source, found.dockerd) == ("forky", home / "cache/engine/forky/bin/dockerd")
    assert choose_programs("trixie", fetch=False, notify=print).source == "trixie"
    assert found.search_path.startswith(f"{home}/cache/engine/forky/bin:")


def test_a_suite_is_no_path(home):
    with pytest.raises(UsageError, match="no name of a suite"):
        choose_programs("../../etc", fetch=True, notify=print)
    assert not home.exists()


def test_an_engine_that_was_never_made(home):
    found = engine.status("default")
    assert (found.state, found.engine, found.data_bytes) == ("absent", None, None)
    assert engine.find("default") is None
    assert engine.running() == []
    assert not home.exists()


@needs_root
def test_taking_down_what_is_not_there_is_fine(home):
    said: list[str] = []
    engine.stop("default", purge=True, notify=said.append)
    assert said == ["there is no engine called default"]
    assert not home.exists() or not any(home.iterdir())


def state_file(home: Path) -> Path:
    file = home / "engines" / "default" / "engine.json"
    file.parent.mkdir(parents=True)
    file.write_text(
        '{"schema_version":1,"image_store":"classic","source":"trixie","package_folder":null,"pool":"10.14.0.0/20"}'
    )
    return file


def test_an_engine_that_is_down(home):
    state_file(home)
    found = engine.status("default", measure=True)
    assert found.state == "down"
    assert found.engine.bridge_address == "10.14.0.1"
    assert found.data_bytes > 0
    assert engine.running() == []


@needs_root
@pytest.mark.parametrize(("suite", "store"), [("forky", None), (None, "containerd")])
def test_an_engine_keeps_its_suite_and_its_store(home, suite, store):
    state_file(home)
    with pytest.raises(UsageError, match=r"was made with .* take another --name, or remove it first"):
        engine.start("default", suite=suite, image_store=store, notify=print)


@needs_root
def test_a_home_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / "file"))
    with pytest.raises(EngineError, match=r"default cannot be brought up: Not a directory .*mend that"):
        engine.start("default", notify=print)


@needs_root
def test_a_damaged_state_can_be_purged(home):
    state_file(home).write_text("{")
    with pytest.raises(EngineError, match="is damaged"):
        engine.start("default", notify=print)
    assert engine.running() == []
    engine.stop("default", purge=True, notify=print)
    assert not (home / "engines").exists()


def test_the_command_says_what_there_is(home):
    runner = CliRunner()
    assert runner.invoke(command, ["status"]).stderr.startswith("layerbench: there is no private engine")
    state_file(home)
    assert "default: down (bring it up by" in runner.invoke(command, ["status"]).stdout
    assert '"bridge_address": "10.14.0.1"' in runner.invoke(command, ["status", "--json"]).stdout
    assert isinstance(runner.invoke(command, ["env"]).exception, EngineError)


def test_disk_use_counts_hard_links_once(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    alone = disk_bytes(tmp_path)
    os.link(tmp_path / "a", tmp_path / "b")
    assert disk_bytes(tmp_path) == alone >= 100_000
