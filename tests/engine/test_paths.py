from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.engine.paths import engine_paths, engines_folder, known_names, package_cache
from layerbench.errors import UsageError

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", fullmatch=True)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path))
    monkeypatch.delenv("LAYERBENCH_PACKAGE_CACHE", raising=False)
    return tmp_path


@given(names)
def test_what_the_kernel_limits_stays_within_its_limits(name):
    paths = engine_paths(name)
    assert len(paths.bridge) <= 15  # IFNAMSIZ less the zero
    assert len(str(paths.socket).encode()) <= 107  # sun_path less the zero
    assert len(f"{paths.containerd_socket}.ttrpc".encode()) <= 107
    assert len(paths.label.encode()) <= 255  # xt_comment, and a folder's name


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-x", ".x", "a b", "a" * 33, "x\n", "ü"])
def test_names_that_cannot_be_used(name):
    with pytest.raises(UsageError, match="cannot be used"):
        engine_paths(name)


def test_two_homes_may_have_an_engine_of_one_name(tmp_path, monkeypatch):
    first = engine_paths("default")
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / "other"))
    second = engine_paths("default")
    assert {first.bridge, first.run, first.label}.isdisjoint({second.bridge, second.run, second.label})


def test_a_home_behind_a_symbolic_link_is_the_same_home(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / "real"))
    first = engine_paths("default")
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / "link"))
    assert engine_paths("default") == first


def test_known_names_are_the_homes(home):
    assert known_names() == []
    for name in ("b", "a"):
        (home / "engines" / name).mkdir(parents=True)
    (home / "engines" / ".a.lock").touch()
    assert known_names() == ["a", "b"]


def test_folders_by_the_environment(home, monkeypatch):
    assert engines_folder() == home / "engines"
    assert package_cache() == home / "cache" / "engine"
    monkeypatch.setenv("LAYERBENCH_PACKAGE_CACHE", "/packages")
    assert package_cache() == Path("/packages")


def test_folders_by_the_base_directory_specification(home, monkeypatch):
    monkeypatch.delenv("LAYERBENCH_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/to/be/ignored")
    monkeypatch.setenv("HOME", "/home/ada")
    assert engines_folder() == Path("/data/layerbench/engines")
    assert package_cache() == Path("/home/ada/.cache/layerbench/engine")
