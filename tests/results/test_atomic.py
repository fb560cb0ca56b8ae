from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from layerbench.errors import LayerbenchError, UsageError
from layerbench.results.atomic import write_atomically

OLD, NEW = b"old\n", b"new\n" * 1000


def test_a_new_file_gets_the_mode_that_the_umask_asks_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "file", NEW)
    finally:
        os.umask(before)
    assert (tmp_path / "file").read_bytes() == NEW
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_an_existing_file_keeps_its_mode_and_owner(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    path.chmod(0o604)
    if os.geteuid() == 0:
        os.chown(path, 1234, 2345)
    owner = (path.stat().st_uid, path.stat().st_gid)
    write_atomically(path, NEW)
    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert (path.stat().st_uid, path.stat().st_gid) == owner


def test_a_symbolic_link_stays_one_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "file"
    target.write_bytes(OLD)
    link = tmp_path / "link"
    link.symlink_to(Path("there/file"))
    write_atomically(link, NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert list((tmp_path / "there").iterdir()) == [target]


def test_a_link_to_a_file_that_is_not_there_makes_it(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("later")
    write_atomically(link, NEW)
    assert link.is_symlink()
    assert (tmp_path / "later").read_bytes() == NEW


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, NEW)
    reader.join(10)
    assert read == [NEW]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the folder .*missing is not there: make it"):
        write_atomically(tmp_path / "missing" / "file", NEW)
    with pytest.raises(UsageError, match="is a folder"):
        write_atomically(tmp_path, NEW)


def test_a_name_that_is_too_long_is_said(tmp_path: Path) -> None:
    with pytest.raises(LayerbenchError, match="choose a shorter name"):
        write_atomically(tmp_path / ("x" * 300), NEW)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_refuses_is_said() -> None:
    with pytest.raises(LayerbenchError, match="cannot write /proc/layerbench"):
        write_atomically(Path("/proc/layerbench"), NEW)


def test_when_it_cannot_be_written_in_full_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(LayerbenchError, match="File too large"):
            write_atomically(path, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        path = disk / "file"
        path.write_bytes(OLD)
        with pytest.raises(LayerbenchError, match="No space left on device; free some space"):
            write_atomically(path, NEW * 100)
        assert path.read_bytes() == OLD
        assert list(disk.iterdir()) == [path]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([letter]) * 300_000 for letter in b"ab"]
    write_atomically(path, contents[0])
    writer = (
        "import sys; from pathlib import Path; from layerbench.results.atomic import write_atomically\n"
        "for at in range(60): write_atomically(Path(sys.argv[1]), b'ab'[at % 2 :][:1] * 300_000)"
    )
    with subprocess.Popen([sys.executable, "-c", writer, path]) as process:
        seen = set()
        while process.poll() is None:
            content = path.read_bytes()
            assert content in contents
            seen.add(content[:1])
        assert process.returncode == 0
    assert seen
