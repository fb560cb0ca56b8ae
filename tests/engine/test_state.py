from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.engine.paths import engine_paths
from layerbench.engine.state import EngineState, format_state, parse_state, read_state, write_state
from layerbench.errors import EngineError

states = st.builds(
    EngineState,
    image_store=st.sampled_from(["containerd", "classic"]),
    source=st.sampled_from(["installed", "forky", "trixie"]),
    package_folder=st.none() | st.just(Path("/cache/ü/forky")),
    pool=st.integers(0, 4095).map(lambda number: IPv4Network((0x0A000000 + number * 4096, 20))),
)


@given(states)
def test_a_state_is_read_as_it_was_written(state):
    assert parse_state(format_state(state)) == state


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path))
    found = engine_paths("default")
    found.home.mkdir(parents=True)
    return found


def test_no_file_is_no_state(paths):
    assert read_state(paths) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"schema_version": 2}',
        '{"schema_version":1,"image_store":"vfs","source":"a","package_folder":null,"pool":"10.0.0.0/20"}',
        '{"schema_version":1,"image_store":"classic","source":"a","package_folder":null,"pool":"10.0.0.1/20"}',
        '{"schema_version":1,"image_store":"classic","source":"a","package_folder":7,"pool":"10.0.0.0/20"}',
    ],
)
def test_a_damaged_state_names_the_file_and_the_mend(paths, text):
    paths.state.write_text(text)
    with pytest.raises(EngineError, match=r"engine\.json is damaged .* --name default --purge`$"):
        read_state(paths)


def test_a_state_that_cannot_be_written_leaves_the_old_one(paths, monkeypatch):
    old = EngineState("classic", "installed", None, IPv4Network("10.0.0.0/20"))
    write_state(paths, old)

    def no_space(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises(OSError, match="No space"):
        write_state(paths, EngineState("containerd", "forky", None, IPv4Network("10.0.0.0/20")))
    assert read_state(paths) == old
    assert [entry.name for entry in paths.home.iterdir()] == ["engine.json"]
