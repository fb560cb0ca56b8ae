"""The run's temporary folder, and those that killed runs left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from layerbench.errors import LayerbenchError
from layerbench.runner.temporary import remove_abandoned, temporary_folder

HOLDER = """
import sys, time
from pathlib import Path
from layerbench.runner.temporary import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def hold(where: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(where)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("stays")
    outside.chmod(0o640)
    where = tmp_path / "where"
    where.mkdir()
    with temporary_folder(where) as folder:
        (folder / "closed" / "deep").mkdir(parents=True)
        (folder / "closed" / "deep" / "file").write_text("x")
        (folder / "link").symlink_to(outside)
        (folder / "hard").hardlink_to(outside)
        (folder / os.fsdecode(b"no-utf8-\xff")).touch()
        (folder / "closed").chmod(0)
    assert list(where.iterdir()) == []
    assert outside.read_text() == "stays"
    assert outside.stat().st_mode & 0o777 == 0o640


def test_it_goes_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), temporary_folder(tmp_path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_killed_runs_folder_goes_with_the_next_run(tmp_path: Path) -> None:
    process, folder = hold(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert (folder / "file").exists()
    with temporary_folder(tmp_path) as own:
        assert not folder.exists()
        assert own.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_living_runs_folder_stays(tmp_path: Path) -> None:
    process, folder = hold(tmp_path)
    remove_abandoned(tmp_path)
    assert (folder / "file").read_text() == "x"
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_made_this_moment_stays_and_an_old_one_without_a_lock_goes(tmp_path: Path) -> None:
    young, old, other = (tmp_path / name for name in ("layerbench-run-young", "layerbench-run-old", "something-else"))
    for folder in (young, old, other):
        folder.mkdir()
    hour_ago = time.time() - 3600
    os.utime(old, (hour_ago, hour_ago))
    os.utime(other, (hour_ago, hour_ago))
    (tmp_path / "layerbench-run-file").touch()
    remove_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "layerbench-run-file",
        "layerbench-run-young",
        "something-else",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make other users' folders")
def test_other_users_folders_stay(tmp_path: Path) -> None:
    foreign = tmp_path / "layerbench-run-foreign"
    foreign.mkdir()
    os.utime(foreign, (0, 0))
    os.chown(foreign, 65534, 65534)
    remove_abandoned(tmp_path)
    assert foreign.is_dir()


def test_a_place_where_none_can_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(LayerbenchError, match=r"no temporary folder can be made in .*/gone: .*; set TMPDIR"):  # noqa: SIM117
        with temporary_folder(tmp_path / "gone"):
            pass
