"""Copies of a context: what they hold, what they share, on which filesystem."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerbench.config.models import Append, Chmod, Write
from layerbench.errors import LayerbenchError, UsageError
from layerbench.workspace import Workspace

from .trees import as_other_user, fingerprint, make_tree, set_ages


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail instead of hanging, as on opening a fifo."""

    def too_long(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def odd(source: Path) -> Path:
    """A context with all that a file system can hold."""
    (source / "to-file").symlink_to("app.py")
    (source / "to-folder").symlink_to("src")
    (source / "dangling").symlink_to("/nowhere/at/all")
    (source / "loop").symlink_to("loop")
    os.mkfifo(source / "fifo", 0o620)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(source / "socket"))
    server.close()
    if os.geteuid() == 0:
        os.mknod(source / "device", 0o660 | stat.S_IFCHR, os.makedev(1, 3))
        os.chown(source / "app.py", 1234, 2345)
    os.link(source / "src/main.py", source / "hollow/second-name.py")
    Path(os.fsdecode(os.fsencode(source) + b"/not-utf8-\xff\xfe")).write_bytes(b"odd name")
    Path(os.fsdecode(os.fsencode(source) + b"/folder-\xff")).mkdir()
    (source / 'new\nline "quote"').write_bytes(b"odd name")
    (source / "hollow").chmod(0o2751)
    (source / "src/main.py").chmod(0o4755)
    (source / ".git").mkdir()
    (source / ".git/HEAD").write_bytes(b"ref: refs/heads/main\n")
    set_ages(source, 1_500_000_000)
    os.utime(source / "app.py", ns=(1_234_567_890_123_456_789, 1_234_567_890_123_456_789))
    os.utime(source / "docs", ns=(1_111_111_111_111_111_111, 1_111_111_111_111_111_111))
    return source


@pytest.mark.parametrize("independent", [False, True])
def test_a_copy_is_the_same_in_all_that_can_be_seen(odd: Path, root: Path, independent: bool) -> None:
    before = fingerprint(odd)
    with at_most(20), Workspace.create(odd, root, independent=independent) as workspace:
        assert fingerprint(workspace.context) == before
    assert fingerprint(odd) == before
    assert list(root.iterdir()) == []


def test_a_copy_on_another_filesystem_is_the_same(odd: Path, other_filesystem: Path) -> None:
    with at_most(20), Workspace.create(odd, other_filesystem, independent=False) as workspace:
        assert fingerprint(workspace.context) == fingerprint(odd)
        assert (workspace.context / "app.py").stat().st_nlink == 1


def test_a_cheap_copy_shares_files_and_an_independent_one_does_not(source: Path, root: Path) -> None:
    shared = Workspace.create(source, root, independent=False)
    real = Workspace.create(source, root, independent=True)
    assert (shared.context / "app.py").samefile(source / "app.py")
    assert not (real.context / "app.py").samefile(source / "app.py")
    assert (real.context / "app.py").stat().st_nlink == 1


@pytest.mark.parametrize("independent", [False, True])
def test_hard_links_within_the_context_stay(odd: Path, root: Path, independent: bool) -> None:
    with Workspace.create(odd, root, independent=independent) as workspace:
        first, second = workspace.context / "src/main.py", workspace.context / "hollow/second-name.py"
        assert first.samefile(second)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes on this platform")
@pytest.mark.parametrize("independent", [False, True])
def test_extended_attributes_stay(source: Path, root: Path, independent: bool) -> None:
    try:
        os.setxattr(source / "app.py", "user.layerbench", b"1")
        os.setxattr(source / "src", "user.layerbench", b"2")
    except OSError:
        pytest.skip("no extended attributes on this filesystem")
    with Workspace.create(source, root, independent=independent) as workspace:
        workspace.apply([Append("app.py", "x")], "n")
        assert os.getxattr(workspace.context / "app.py", "user.layerbench") == b"1"
        assert os.getxattr(workspace.context / "src", "user.layerbench") == b"2"


def test_the_context_may_be_given_as_a_link(source: Path, root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source)
    with Workspace.create(tmp_path / "link", root, independent=False) as workspace:
        assert fingerprint(workspace.context) == fingerprint(source)


def test_a_root_inside_the_context_is_left_out(source: Path) -> None:
    before = fingerprint(source)
    root = source / "hollow/copies"
    root.mkdir()
    with Workspace.create(source, root, independent=False), Workspace.create(source, root, independent=True) as second:
        copied = fingerprint(second.context)
        assert "hollow" in copied
        assert "hollow/copies" not in copied
        assert copied.keys() == before.keys()


def test_the_context_cannot_be_the_root(source: Path) -> None:
    with pytest.raises(ValueError, match="cannot be the context itself"):
        Workspace.create(source, source, independent=False)


@pytest.mark.parametrize("name", ["no-such-folder", "app.py"])
def test_what_is_no_folder_is_said(source: Path, root: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f'the context ".*{name}" is not a folder'):
        Workspace.create(source / name, root, independent=False)
    assert list(root.iterdir()) == []


def test_base_names_are_never_used_twice(source: Path, root: Path) -> None:
    names = set()
    for _ in range(3):
        with Workspace.create(source, root, independent=False) as workspace:
            for _ in range(3):
                names.add(workspace.context.name)
                before = fingerprint(workspace.context)
                workspace.renew()
                assert fingerprint(workspace.context) == before
            names.add(workspace.context.name)
    assert len(names) == 12


def test_renew_keeps_edits_and_the_way_back(source: Path, root: Path) -> None:
    with Workspace.create(source, root, independent=False) as workspace:
        workspace.apply([Append("app.py", "# more\n"), Write("new/file", "x")], "n")
        workspace.renew()
        assert (workspace.context / "app.py").read_bytes().endswith(b"# more\n")
        workspace.restore()
        assert fingerprint(workspace.context) == fingerprint(source)


def test_a_file_with_too_many_links_is_copied(source: Path, root: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    target = str(source / "app.py")
    for number in range(70_000):
        try:
            os.link(target, f"{many}/{number}")
        except OSError as error:
            assert error.errno == errno.EMLINK
            break
    else:
        pytest.skip("this filesystem has no such limit")
    with Workspace.create(source, root, independent=False) as workspace:
        assert fingerprint(workspace.context) == fingerprint(source)
        assert not (workspace.context / "app.py").samefile(source / "app.py")
        assert (workspace.context / "src/main.py").samefile(source / "src/main.py")
    shutil.rmtree(many)


def test_a_folder_of_another_device_in_the_context_is_copied(
    source: Path, root: Path, mounted: Callable[..., Path]
) -> None:
    folder = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    make_tree(folder, {"deep/file": b"on another device"})
    subprocess.run(["mount", "--bind", str(folder), str(source / "hollow")], check=True)
    try:
        with Workspace.create(source, root, independent=False) as workspace:
            assert (workspace.context / "hollow/deep/file").read_bytes() == b"on another device"
            assert (workspace.context / "app.py").samefile(source / "app.py")
    finally:
        subprocess.run(["umount", str(source / "hollow")], check=True)


def test_a_full_disk_is_said_and_leaves_nothing(source: Path, mounted: Callable[..., Path]) -> None:
    (source / "big.bin").write_bytes(os.urandom(2_000_000))
    small = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    with pytest.raises(LayerbenchError, match=r"no space left .* free some"):
        Workspace.create(source, small, independent=True)
    assert list(small.iterdir()) == []


def test_a_disk_that_fills_up_during_an_edit_is_said(source: Path, mounted: Callable[..., Path]) -> None:
    small = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    with Workspace.create(source, small, independent=False) as workspace:
        with pytest.raises(LayerbenchError, match=r"append: cannot change .* no space left"):
            workspace.apply([Append("app.py", "x" * 2_000_000)], "n")
        workspace.restore()
        assert fingerprint(workspace.context) == fingerprint(source)


def free_bytes(folder: Path) -> int:
    os.sync()
    facts = os.statvfs(folder)
    return facts.f_bfree * facts.f_frsize


@pytest.mark.parametrize("kind", ["btrfs", "xfs"])
def test_an_independent_copy_is_a_reflink_where_the_filesystem_can(
    kind: str, tmp_path: Path, mounted: Callable[..., Path]
) -> None:
    if not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"mkfs.{kind} is not on this machine")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(400_000_000)
    subprocess.run([f"mkfs.{kind}", str(image)], check=True, capture_output=True)
    disk = mounted("-o", "loop", str(image))
    source = make_tree(disk / "project", {"big.bin": os.urandom(30_000_000), "small": b"x"})
    (disk / "copies").mkdir()
    before = free_bytes(disk)
    with Workspace.create(source, disk / "copies", independent=True) as workspace:
        assert before - free_bytes(disk) < 10_000_000
        assert fingerprint(workspace.context) == fingerprint(source)
        workspace.apply([Append("big.bin", "more")], "n")
        assert before - free_bytes(disk) < 10_000_000
        assert (source / "big.bin").stat().st_size == 30_000_000


def needs_protected_links() -> None:
    setting = Path("/proc/sys/fs/protected_hardlinks")
    if not setting.is_file() or setting.read_text().strip() != "1":
        pytest.skip("hard links to any file are allowed here")


def test_a_file_of_another_owner_that_may_not_be_linked_is_copied(open_folder: Path) -> None:
    needs_protected_links()
    source = make_tree(open_folder / "project", {"mine": b"1", "theirs": b"2"})
    for path in (source, source / "mine"):
        os.chown(path, 65534, 65534)

    def test() -> None:
        with Workspace.create(source, open_folder, independent=False) as workspace:
            assert (workspace.context / "mine").samefile(source / "mine")
            assert not (workspace.context / "theirs").samefile(source / "theirs")
            assert (workspace.context / "theirs").read_bytes() == b"2"
            assert (workspace.context / "theirs").stat().st_mtime_ns == (source / "theirs").stat().st_mtime_ns

    as_other_user(test)


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize(("name", "kind"), [("locked/secret.key", "file"), ("locked", "folder")])
def test_what_may_not_be_read_is_named(open_folder: Path, name: str, kind: str, independent: bool) -> None:
    needs_protected_links()
    source = make_tree(open_folder / "project", {"app.py": b"1", "locked/secret.key": b"2"})
    (source / name).chmod(0)

    def test() -> None:
        with pytest.raises(
            UsageError, match=f'cannot read the {kind} "{name}" .*: permission denied; make it readable'
        ):
            Workspace.create(source, open_folder, independent=independent)
        assert [path.name for path in open_folder.iterdir()] == ["project"]

    as_other_user(test)


def test_read_only_folders_are_copied_edited_restored_and_removed(open_folder: Path) -> None:
    source = make_tree(open_folder / "project", {"locked/deep/file": b"1", "locked/other": b"2"})
    subprocess.run(["chown", "-R", "65534:65534", str(source)], check=True)
    for folder in (source / "locked/deep", source / "locked", source):
        folder.chmod(0o555)
    before = fingerprint(source)

    def test() -> None:
        with Workspace.create(source, open_folder, independent=False) as workspace:
            assert fingerprint(workspace.context) == before
            workspace.apply(
                [Append("locked/deep/file", "x"), Write("locked/new/file", "y"), Chmod("locked/deep", 0)], "n"
            )
            assert (workspace.context / "locked/new/file").read_bytes() == b"y"
            assert stat.S_IMODE((workspace.context / "locked").stat().st_mode) == 0o555
            workspace.restore()
            assert fingerprint(workspace.context) == before
            workspace.apply([Chmod("locked/deep", 0)], "n")
        assert [path.name for path in open_folder.iterdir()] == ["project"]

    as_other_user(test)
    assert fingerprint(source) == before


def test_removing_does_not_follow_links_and_can_be_repeated(source: Path, root: Path, tmp_path: Path) -> None:
    outside = make_tree(tmp_path / "outside", {"file": b"stays"})
    (source / "out").symlink_to(outside)
    before = fingerprint(outside)
    workspace = Workspace.create(source, root, independent=False)
    (workspace.context / "src/out-too").symlink_to(outside)
    workspace.remove()
    workspace.remove()
    assert fingerprint(outside) == before
    assert list(root.iterdir()) == []


def test_a_deep_tree(root: Path, tmp_path: Path) -> None:
    top = tmp_path / "project"
    deep = top.joinpath(*["d"] * 1200)
    folder = top
    folder.mkdir()
    for _ in range(1200):
        folder = folder / "d"
        folder.mkdir()
    (deep / "file").write_bytes(b"deep")
    with Workspace.create(top, root, independent=True) as workspace:
        assert workspace.context.joinpath(*["d"] * 1200, "file").read_bytes() == b"deep"
    assert list(root.iterdir()) == []
    subprocess.run(["rm", "-r", str(top)], check=True)
