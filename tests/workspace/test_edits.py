"""Declared edits: what they do, and that the person's tree never notices."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerbench.config.models import Append, Chmod, Delete, Edit, Rename, Replace, Run, Touch, Write
from layerbench.errors import LayerbenchError, UsageError
from layerbench.workspace import Workspace, check_edits

from .trees import fingerprint, make_tree, set_ages


@pytest.fixture
def workspace(source: Path, root: Path) -> Iterator[Workspace]:
    """A copy of hard links; at the end the source must be untouched."""
    before = fingerprint(source)
    with Workspace.create(source, root, independent=False) as workspace:
        yield workspace
        assert fingerprint(source) == before
        workspace.restore()
        assert fingerprint(workspace.context) == before
    assert fingerprint(source) == before


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_append(workspace: Workspace) -> None:
    workspace.apply([Append("app.py", "# {nonce}\n"), Append("./src//main.py", "é")], "n0")
    assert (workspace.context / "app.py").read_bytes() == b"import os\nprint('one')\nprint('two')\n# n0\n"
    assert (workspace.context / "src/main.py").read_bytes() == "y = 2\né".encode()


def test_append_to_bytes_that_are_no_text(workspace: Workspace) -> None:
    workspace.apply([Append("src/pkg/data.bin", "x")], "n")
    assert (workspace.context / "src/pkg/data.bin").read_bytes() == bytes(range(256)) + b"x"


def test_replace_is_multiline_and_knows_groups(workspace: Workspace) -> None:
    workspace.apply([Replace("app.py", r"^print\('(\w+)'\)$", r"log('\1', '{nonce}')")], "n0")
    expected = b"import os\nlog('one', 'n0')\nlog('two', 'n0')\n"
    assert (workspace.context / "app.py").read_bytes() == expected


def test_a_backslash_in_the_nonce_is_just_a_backslash(workspace: Workspace) -> None:
    workspace.apply([Replace("app.py", "one", "{nonce}")], r"\1\g<x>")
    assert rb"print('\1\g<x>')" in (workspace.context / "app.py").read_bytes()


def test_replace_keeps_bytes_that_are_no_text(workspace: Workspace) -> None:
    workspace.apply([Replace("src/pkg/data.bin", "ABC", "abc")], "n")
    assert (workspace.context / "src/pkg/data.bin").read_bytes() == bytes(range(256)).replace(b"ABC", b"abc")


def test_write_makes_folders_whatever_the_umask_is(workspace: Workspace) -> None:
    before = os.umask(0o077)
    try:
        workspace.apply([Write("new/folder/{nonce}.txt", "text {nonce}")], "n0")
    finally:
        os.umask(before)
    path = workspace.context / "new/folder/n0.txt"
    assert path.read_bytes() == b"text n0"
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o644, 0o755, 0o755)


def test_write_over_a_file_keeps_its_mode(source: Path, root: Path) -> None:
    (source / "app.py").chmod(0o751)
    with Workspace.create(source, root, independent=False) as workspace:
        workspace.apply([Write("app.py", "new")], "n")
        assert (workspace.context / "app.py").read_bytes() == b"new"
        assert mode(workspace.context / "app.py") == 0o751
    assert mode(source / "app.py") == 0o751


@pytest.mark.parametrize("path", ["app.py", "src", "hollow"])
def test_delete(workspace: Workspace, path: str) -> None:
    workspace.apply([Delete(path)], "n")
    assert not (workspace.context / path).exists()


def test_delete_takes_a_link_and_not_what_it_points_to(source: Path, root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_bytes(b"stays")
    (source / "link").symlink_to(tmp_path / "outside")
    with Workspace.create(source, root, independent=False) as workspace:
        workspace.apply([Delete("link")], "n")
        assert not (workspace.context / "link").is_symlink()
        workspace.restore()
        assert (workspace.context / "link").readlink() == tmp_path / "outside"
    assert (tmp_path / "outside/file").read_bytes() == b"stays"


def test_rename_a_file_and_a_folder(workspace: Workspace) -> None:
    workspace.apply([Rename("app.py", "new/place/main.py"), Rename("src", "lib")], "n")
    assert (workspace.context / "new/place/main.py").read_bytes().startswith(b"import os")
    assert (workspace.context / "lib/pkg/core.py").read_bytes() == b"x = 1\n"
    assert not (workspace.context / "app.py").exists()
    assert not (workspace.context / "src").exists()


def test_rename_a_link(source: Path, root: Path) -> None:
    (source / "link").symlink_to("app.py")
    with Workspace.create(source, root, independent=False) as workspace:
        workspace.apply([Rename("link", "other-link")], "n")
        assert (workspace.context / "other-link").readlink() == Path("app.py")
        assert not (workspace.context / "link").is_symlink()
    assert (source / "link").is_symlink()


def test_chmod_keeps_content_and_time(workspace: Workspace) -> None:
    time_before = (workspace.context / "app.py").stat().st_mtime_ns
    workspace.apply([Chmod("app.py", 0o4755), Chmod("src", 0o700)], "n")
    assert mode(workspace.context / "app.py") == 0o4755
    assert mode(workspace.context / "src") == 0o700
    assert (workspace.context / "app.py").stat().st_mtime_ns == time_before


def test_touch_changes_only_the_time(workspace: Workspace) -> None:
    before = fingerprint(workspace.context)
    started_ns = time.time_ns()
    workspace.apply([Touch("app.py"), Touch("src")], "n")
    after = fingerprint(workspace.context)
    for path in ("app.py", "src"):
        assert after[path].mtime_ns >= started_ns
        assert (after[path].mode, after[path].content) == (before[path].mode, before[path].content)


def test_edits_build_on_each_other(workspace: Workspace) -> None:
    workspace.apply(
        [
            Write("{nonce}/a.txt", "one"),
            Append("{nonce}/a.txt", " two"),
            Rename("{nonce}", "dir"),
            Replace("dir/a.txt", "two", "three"),
            Delete("src"),
            Write("src/pkg/core.py", "x = 2\n"),
            Chmod("src/pkg", 0o711),
            Rename("docs", "src/docs"),
            Touch("src/docs/index.md"),
        ],
        "n0",
    )
    assert (workspace.context / "dir/a.txt").read_bytes() == b"one three"
    assert sorted(path.name for path in (workspace.context / "src").iterdir()) == ["docs", "pkg"]


def test_restore_is_immediate_and_repeatable(workspace: Workspace, source: Path) -> None:
    inode = (source / "app.py").stat().st_ino
    for number in range(3):
        workspace.apply([Append("app.py", "{nonce}"), Delete("src"), Touch("docs")], f"n{number}")
        workspace.restore()
        workspace.restore()
        assert fingerprint(workspace.context) == fingerprint(source)
        assert (workspace.context / "app.py").stat().st_ino == inode


def test_edits_may_come_in_several_calls(workspace: Workspace, source: Path) -> None:
    workspace.apply([Append("app.py", "a")], "n")
    workspace.apply([Append("app.py", "b"), Rename("app.py", "b.py")], "n")
    assert (workspace.context / "b.py").read_bytes().endswith(b"ab")
    workspace.restore()
    assert fingerprint(workspace.context) == fingerprint(source)


def test_two_workspaces_of_one_source_are_strangers(source: Path, root: Path) -> None:
    before = fingerprint(source)
    with (
        Workspace.create(source, root, independent=False) as first,
        Workspace.create(source, root, independent=False) as second,
    ):
        edits = [Append("app.py", "first"), Chmod("src/main.py", 0o600), Touch("docs/index.md"), Delete("src/pkg")]
        first.apply(edits, "n")
        assert fingerprint(second.context) == before
        second.apply([Write("app.py", "second")], "n")
        assert (first.context / "app.py").read_bytes().endswith(b"first")
        first.restore()
        assert (second.context / "app.py").read_bytes() == b"second"
        assert fingerprint(first.context) == before


def test_what_is_written_has_a_time_that_no_earlier_version_had(source: Path, root: Path) -> None:
    set_ages(source, int(time.time()))
    (source / "b.py").write_bytes((source / "app.py").read_bytes()[::-1])
    os.utime(source / "b.py", ns=((source / "app.py").stat().st_mtime_ns,) * 2)
    times: dict[str, list[int]] = {"app.py": [], "b.py": [], "src/main.py": [], "moved/main.py": []}
    with Workspace.create(source, root, independent=False) as workspace:

        def note() -> None:
            for path, seen in times.items():
                if (workspace.context / path).exists():
                    seen.append((workspace.context / path).stat().st_mtime_ns)

        note()
        for number in range(50):
            workspace.apply([Replace("app.py", "one", f"{number:03}"), Touch("src/main.py"), Delete("b.py")], "n")
            workspace.apply([Rename("app.py", "b.py"), Rename("src", "moved")], "n")
            note()
            workspace.restore()
    # The time at the start stands once; after that every version has its own.
    for seen in times.values():
        assert len(set(seen)) == len(seen) >= 1


def test_times_rise_also_where_whole_seconds_are_kept(tmp_path: Path, mounted: Callable[..., Path]) -> None:
    if not shutil.which("mkfs.ext4"):
        pytest.skip("mkfs.ext4 is not on this machine")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(20_000_000)
    # Inodes of 128 bytes have no room for nanoseconds.
    subprocess.run(["mkfs.ext4", "-q", "-I", "128", str(image)], check=True, capture_output=True)
    disk = mounted("-o", "loop", str(image))
    source = make_tree(disk / "project", {"app.py": b"000"}, mtime_seconds=int(time.time()))
    (disk / "copies").mkdir()
    seen = [(source / "app.py").stat().st_mtime_ns]
    with Workspace.create(source, disk / "copies", independent=False) as workspace:
        for number in range(5):
            workspace.apply([Write("app.py", f"{number + 1:03}")], "n")
            seen.append((workspace.context / "app.py").stat().st_mtime_ns)
            workspace.restore()
    assert len(set(seen)) == 6
    assert all(mtime_ns % 1_000_000_000 == 0 for mtime_ns in seen)


REFUSED: list[tuple[Edit, str]] = [
    (Append("app.yp", "x"), 'append: no such file "app.yp" in the context (did you mean "app.py"?)'),
    (Append("core.py", "x"), 'append: no such file "core.py" in the context (did you mean "src/pkg/core.py"?)'),
    (Append("completely-else", "x"), 'append: no such file "completely-else" in the context'),
    (Append("app.py", ""), 'append: the text for "app.py" is empty, so it changes nothing'),
    (Append("src", "x"), 'append: "src" is a folder; name a file'),
    (Append("app.py/x", "x"), 'append: "app.py/x" cannot be, as "app.py" is not a folder'),
    (Append("fifo", "x"), 'append: "fifo" is not a regular file'),
    (
        Append("link", "x"),
        'append: "link" is a symbolic link; name the file it points to ("app.py")',
    ),
    (
        Append("folder-link/main.py", "x"),
        'append: "folder-link/main.py" goes through the symbolic link "folder-link"; name the folder it points to',
    ),
    (
        Write("out/main.py", "x"),
        'write: "out/main.py" goes through the symbolic link "out"; name the folder it points to',
    ),
    (Write("/etc/passwd", "x"), 'write: "/etc/passwd" is an absolute path; write it relative to the context'),
    (Write("../x", "x"), 'write: "../x" leaves the context; write a path without ".."'),
    (Write("src/../x", "x"), 'write: "src/../x" leaves the context; write a path without ".."'),
    (Write("", "x"), 'write: "" names no file or folder in the context'),
    (Write("a\0b", "x"), r'write: "a\x00b" names no file or folder in the context'),
    (Write("empty.txt", ""), 'write: "empty.txt" has this content already, so it changes nothing'),
    (Write("src", "x"), 'write: "src" is a folder; name a file'),
    (Delete("."), 'delete: "." names no file or folder in the context'),
    (Delete("nothing"), 'delete: no such file "nothing" in the context'),
    (Replace("app.py", "absent", "x"), 'replace: "absent" matches nothing in "app.py"'),
    (
        Replace("app.py", "one", "one"),
        'replace: "one" is replaced by what stood there, so "app.py" does not change',
    ),
    (
        Replace("app.py", "(", "x"),
        'replace: "(" is not a regular expression: missing ), unterminated subpattern at position 0',
    ),
    (
        Replace("app.py", "one", r"\1"),
        r'replace: "\1" is not a replacement for this expression: invalid group reference 1 at position 1',
    ),
    (
        Replace("app.py", "one", r"\g<x>"),
        "replace: \"\\g<x>\" is not a replacement for this expression: unknown group name 'x'",
    ),
    (Rename("app.py", "src"), 'rename: "src" is there already; delete it first, or name another path'),
    (Rename("nothing", "x"), 'rename: no such file "nothing" in the context'),
    (Rename("src", "src/sub"), 'rename: "src" cannot be renamed to "src/sub"; name a path outside it'),
    (Rename("src", "src"), 'rename: "src" cannot be renamed to "src"; name a path outside it'),
    (Rename("app.py", "../app.py"), 'rename: "../app.py" leaves the context; write a path without ".."'),
    (Chmod("app.py", 0o644), 'chmod: "app.py" has mode 0o644 already, so it changes nothing'),
    (Chmod("app.py", 0o10000), "chmod: 4096 is not a file mode; write one from 0o000 to 0o7777"),
    (Chmod("link", 0o600), 'chmod: "link" is a symbolic link; name the file it points to ("app.py")'),
    (
        Touch("requirements.tx"),
        'touch: no such file "requirements.tx" in the context (did you mean "requirements.txt"?)',
    ),
]


@pytest.mark.parametrize(("edit", "message"), REFUSED)
@pytest.mark.parametrize("carry_out", ["check", "apply"])
def test_an_edit_that_cannot_work_is_said(
    source: Path, root: Path, tmp_path: Path, edit: Edit, message: str, carry_out: str
) -> None:
    (source / "link").symlink_to("app.py")
    (source / "folder-link").symlink_to("src")
    (tmp_path / "outside").mkdir()
    (source / "out").symlink_to(tmp_path / "outside")
    os.mkfifo(source / "fifo")
    before = fingerprint(source)
    with Workspace.create(source, root, independent=False) as workspace, pytest.raises(UsageError) as caught:
        if carry_out == "check":
            check_edits(source, [edit])
        else:
            workspace.apply([edit], "n")
    assert str(caught.value) == message
    assert fingerprint(source) == before
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_failing_edit_can_be_taken_back_with_those_before_it(workspace: Workspace) -> None:
    with pytest.raises(UsageError):
        workspace.apply([Append("app.py", "x"), Append("nothing", "x")], "n")
    assert (workspace.context / "app.py").read_bytes().endswith(b"x")


def test_a_name_too_long_is_a_sentence(workspace: Workspace) -> None:
    with pytest.raises(LayerbenchError, match=r"write: cannot change the copy of the context .*: file name too long"):
        workspace.apply([Write("x" * 300, "x")], "n")


def test_a_command_needs_an_independent_workspace(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="needs an independent workspace"):
        workspace.apply([Run("true")], "n")
