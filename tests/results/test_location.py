"""Where a result file lies, and whether one can be written there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from layerbench.errors import UsageError
from layerbench.results.file import write_result
from layerbench.results.location import check_place, default_result_path
from tests.results import factory


def test_the_default_place_is_made_and_is_one_a_bench_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = default_result_path("web app/ü", tmp_path)
    assert path.parent == tmp_path / "state" / "layerbench" / "results"
    assert path.name.startswith("web-app-")
    assert path != default_result_path("web app/ü", tmp_path / "other")
    assert len(default_result_path("x" * 400, tmp_path).name) < 255
    check_place(path)
    assert path.parent.is_dir()
    assert list(path.parent.iterdir()) == []


def test_a_result_file_is_replaced_and_anything_else_is_not(tmp_path: Path) -> None:
    result_file, other, empty = tmp_path / "r.json", tmp_path / "Dockerfile", tmp_path / "empty"
    write_result(factory.result(rounds=1), result_file)
    content = result_file.read_bytes()
    other.write_text("FROM x\n")
    empty.touch()
    check_place(result_file)
    check_place(empty)
    assert result_file.read_bytes() == content
    with pytest.raises(UsageError, match="Dockerfile is there and is no result file; give another place with -o"):
        check_place(other)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Dockerfile", "empty", "r.json"]


def test_places_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path, said in (
        (tmp_path, "is a folder: give the name of a file in it"),
        (tmp_path / "gone" / "r.json", "the folder .*/gone is not there: make it"),
        (tmp_path / "loop", "loop"),
        (tmp_path / ("x" * 300), "cannot be written: File name too long"),
    ):
        with pytest.raises(UsageError, match=said):
            check_place(path)


def test_devices_take_what_they_are_given() -> None:
    check_place(Path("/dev/null"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_without_the_right_to_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    script = (
        "import os, sys; from pathlib import Path; import layerbench.results.location as l\n"
        "os.setuid(65534)\n"
        "try: l.check_place(Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    # Below a folder that everyone can walk into, unlike pytest's own.
    folder = Path("/tmp") / f"layerbench-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        done = subprocess.run([sys.executable, "-c", script, folder / "r.json"], capture_output=True, text=True)
    finally:
        folder.rmdir()
    assert "UsageError" in done.stdout, done.stderr
    assert "cannot be written: Permission denied; give another place with -o" in done.stdout
