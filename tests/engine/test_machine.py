import pytest

from layerbench.engine import machine
from layerbench.errors import EngineError


@pytest.fixture
def forwarding(tmp_path, monkeypatch):
    """A machine of our own: its switch for IP forwarding, and its folder of running engines."""
    root = tmp_path / "run"
    root.mkdir()
    switch = tmp_path / "ip_forward"
    switch.write_text("0\n")
    for name, value in (
        ("RUN_ROOT", root),
        ("_FORWARDING", switch),
        ("_RECORD", root / "machine.json"),
        ("_LOCK", root / ".lock"),
        ("_SHARED_FOLDERS", (str(tmp_path / "shared"), str(tmp_path / "shared" / "s"))),
    ):
        monkeypatch.setattr(machine, name, value)
    monkeypatch.setattr("layerbench.engine.processes.foreign_daemons", list)
    return switch


def take_up(name):
    machine.prepare(machine.RUN_ROOT / name)


def take_down(name, said=print):
    (machine.RUN_ROOT / name).rmdir()
    machine.release(said)


def test_the_last_engine_puts_forwarding_back(forwarding):
    take_up("first")
    take_up("second")
    assert forwarding.read_text() == "1\n"
    take_down("first")
    assert forwarding.read_text() == "1\n"
    take_down("second")
    assert forwarding.read_text() == "0\n"
    assert not machine.RUN_ROOT.exists()


def test_forwarding_that_was_on_stays_on(forwarding):
    forwarding.write_text("1\n")
    take_up("first")
    take_down("first")
    assert forwarding.read_text() == "1\n"


def test_forwarding_stays_on_while_an_engine_of_somebody_else_runs(forwarding, monkeypatch):
    take_up("first")
    monkeypatch.setattr("layerbench.engine.processes.foreign_daemons", lambda: ["dockerd"])
    said = []
    take_down("first", said.append)
    assert forwarding.read_text() == "1\n"
    assert said == ["IP forwarding stays on: another Docker Engine is running"]


def test_only_folders_that_were_not_there_and_are_empty_go(forwarding, tmp_path):
    take_up("first")
    (tmp_path / "shared" / "s").mkdir(parents=True)
    take_down("first")
    assert not (tmp_path / "shared").exists()

    (tmp_path / "shared").mkdir()
    machine.RUN_ROOT.mkdir()
    take_up("first")
    (tmp_path / "shared" / "s").mkdir()
    (tmp_path / "shared" / "s" / "socket").touch()
    take_down("first")
    assert (tmp_path / "shared" / "s" / "socket").exists()


def test_a_machine_that_forbids_forwarding_is_told(forwarding, monkeypatch, tmp_path):
    class ReadOnly(type(tmp_path)):
        def write_text(self, text):
            raise OSError(30, "Read-only file system")

    monkeypatch.setattr(machine, "_FORWARDING", ReadOnly(forwarding))
    with pytest.raises(EngineError, match=r"cannot be switched on \(Read-only file system\)"):
        take_up("first")


def test_a_lost_record_changes_nothing(forwarding):
    take_up("first")
    (machine.RUN_ROOT / "machine.json").write_text("{")
    take_down("first")
    assert forwarding.read_text() == "1\n"
    assert not machine.RUN_ROOT.exists()
