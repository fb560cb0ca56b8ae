"""The walk of a context; rows on what is left out are facts of github.com/tonistiigi/fsutil or of a real engine."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import time
from pathlib import Path

import pytest

from layerbench.context import reading
from layerbench.context.fingerprint import EMPTY_DIGEST, take_fingerprint
from layerbench.context.ignore import IgnoreRules
from layerbench.context.memory import FingerprintMemory
from layerbench.context.models import Entry, Problem
from layerbench.errors import UsageError
from tests.context.trees import fingerprint, fingerprint_of, write_tree

FILES = {"bar": "1", "foo/bar2": "2", "foo/deep/x": "3", "foo2": "4", "empty": None}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("ignore", "expected"),
    [
        ("", ["bar", "empty", "foo", "foo/bar2", "foo/deep", "foo/deep/x", "foo2"]),
        ("foo*\n!foo/bar2", ["bar", "empty", "foo", "foo/bar2"]),
        ("foo\n!foo/none", ["bar", "empty", "foo2"]),
        ("*\n!foo/deep", ["foo", "foo/deep", "foo/deep/x"]),
        ("*\n!**/x", ["foo", "foo/deep", "foo/deep/x"]),
        ("**/deep/*", ["bar", "empty", "foo", "foo/bar2", "foo/deep", "foo2"]),
        ("foo/**", ["bar", "empty", "foo", "foo2"]),
        ("foo\n!foo/deep\nfoo/deep/x\n!foo/bar2", ["bar", "empty", "foo", "foo/bar2", "foo/deep", "foo2"]),
        ("*", []),
    ],
)
def test_a_folder_is_sent_with_what_is_kept_in_it(tmp_path: Path, ignore: str, expected: list[str]) -> None:
    found = fingerprint_of(write_tree(tmp_path, FILES), ignore)
    assert list(found.entries) == expected
    assert found.problems == ()


def test_files_folders_and_links_are_told_apart(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.sh": "echo", "d/b": "", "l": "-> a.sh", "d/up": "-> /d/b"})
    (tmp_path / "a.sh").chmod(0o4755)
    (tmp_path / "d").chmod(0o1777)
    found = fingerprint_of(tmp_path)
    assert found.entries == {
        "a.sh": Entry("file", 0o4755, 4, sha256("echo")),
        "d": Entry("folder", 0o1777),
        "d/b": Entry("file", 0o644, 0, EMPTY_DIGEST),
        "d/up": Entry("link", 0o777, target="/d/b"),
        "l": Entry("link", 0o777, target="a.sh"),
    }
    assert found.problems == ()


def test_large_files_and_many_files_are_read_whole(tmp_path: Path) -> None:
    sizes = [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20]
    for size in sizes:
        (tmp_path / f"big{size}").write_bytes(os.urandom(64) * (size // 64) + b"x" * (size % 64))
    for number in range(300):
        (tmp_path / f"f{number}").write_text(f"content {number}")
    found = fingerprint_of(tmp_path)
    for path, entry in found.entries.items():
        assert entry.digest == hashlib.sha256((tmp_path / path).read_bytes()).hexdigest(), path


def test_order_is_that_of_the_walk(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/x": "", "a.b": "", "a-b": "", "ab/y": "", "é": "", "a/x.y/z": ""})
    assert list(fingerprint_of(tmp_path).entries) == ["a", "a/x", "a/x.y", "a/x.y/z", "a-b", "a.b", "ab", "ab/y", "é"]


def test_unchanged_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = write_tree(tmp_path / "c", {"a": "one", "d/b": "two"})
    make_old(monkeypatch)
    memory = FingerprintMemory()
    first = take_fingerprint(context, IgnoreRules(), memory)
    (context / "d/b").rename(context / "d/c")  # which changes its last time: it is read again
    (context / "a").write_text("ONE")
    read: list[str] = []
    real = reading.hash_file
    monkeypatch.setattr(reading, "hash_file", lambda top, path, *rest: (read.append(path), real(top, path, *rest))[1])
    again = FingerprintMemory.from_bytes(memory.to_bytes())
    second = take_fingerprint(context, IgnoreRules(), again)
    assert first.entries["a"].digest == sha256("one")
    assert second.entries["a"].digest == sha256("ONE")
    assert second.entries["d/c"] == first.entries["d/b"]
    assert sorted(read) == ["a", "d/c"]
    read.clear()
    assert take_fingerprint(context, IgnoreRules(), again) == second
    assert read == []
    assert len(again) == 2


def test_a_file_changed_this_moment_is_not_trusted(tmp_path: Path) -> None:
    context = write_tree(tmp_path / "c", {"a": "one"})
    memory = FingerprintMemory()
    take_fingerprint(context, IgnoreRules(), memory)
    assert len(memory) == 0


def make_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files that were just written count as old, since no time is as coarse as that here."""
    monkeypatch.setattr("layerbench.context.hashworker._CLOCK_STEP_NANOSECONDS", -(10**18))


def test_a_changed_mode_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = write_tree(tmp_path / "c", {"a": "one"})
    make_old(monkeypatch)
    memory = FingerprintMemory()
    take_fingerprint(context, IgnoreRules(), memory)
    (context / "a").chmod(0o755)
    assert take_fingerprint(context, IgnoreRules(), memory).entries["a"].mode == 0o755


def test_a_memory_keeps_what_was_seen_and_refuses_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = write_tree(tmp_path / "c", {"a": "one", "b": "two"})
    make_old(monkeypatch)
    file = tmp_path / "state/memory"
    memory = FingerprintMemory.read(file)
    assert len(memory) == 0
    take_fingerprint(context, IgnoreRules(), memory)
    memory.write(file)
    (context / "b").unlink()
    memory = FingerprintMemory.read(file)
    assert len(memory) == 2
    take_fingerprint(context, IgnoreRules(), memory)
    memory.write(file)
    assert len(FingerprintMemory.read(file)) == 1
    content = file.read_bytes()
    for damaged in (
        content[:-1],
        content + b"x",
        b"",
        content.replace(b"-1", b"-9"),
        content[:30] + b"\0" + content[31:],
    ):
        with pytest.raises(UsageError):
            FingerprintMemory.from_bytes(damaged)
        file.write_bytes(damaged)
        assert len(FingerprintMemory.read(file)) == 0
    assert list(file.parent.iterdir()) == [file]


def test_what_a_build_will_stumble_over_is_a_problem(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {"ok": "1", "broken": "-> nowhere", "loop": "-> loop", "good": "-> /ok", "README": "", "readme": ""}
    )
    (tmp_path / os.fsdecode(b"bad\xff")).write_text("")
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sock"))
        found = fingerprint_of(tmp_path)
    assert {problem.path: problem.text for problem in found.problems} == {
        "bad\udcff": "has a name that is no UTF-8, with which a build fails",
        "readme": "differs from README in case only, and on a case-insensitive file system is the same",
        "fifo": "is a named pipe; BuildKit makes one like it in the build, and it is not compared",
        "sock": "is a socket, which is an empty file in the build",
        "broken": "is a link to nowhere, which the build does not see; to copy the link by its name fails",
        "loop": "is a link to loop, which the build does not see; to copy the link by its name fails",
    }
    assert "fifo" not in found.entries
    assert found.entries["sock"].digest == EMPTY_DIGEST
    assert found.entries["ok"].digest == sha256("1")
    assert fingerprint_of(tmp_path, "*\n!ok\n").problems == ()


def test_a_file_that_arrives_empty_is_a_problem(tmp_path: Path) -> None:
    found = fingerprint_of(write_tree(tmp_path, {"d/x/f": "content", "d/y": "y"}), "d\n!d/x\nd\n")
    assert list(found.entries) == ["d", "d/x", "d/x/f"]
    assert found.entries["d/x/f"] == Entry("file", 0o644, 7, EMPTY_DIGEST)
    [problem] = found.problems
    assert problem == Problem(
        "d/x/f", "is empty in the build, since the ignore file's lines contradict each other there"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_problem(tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret": "x", "locked/a": "y", "ignored/b": "z", "ok": "1"})
    (tmp_path / "secret").chmod(0)
    (tmp_path / "locked").chmod(0)
    (tmp_path / "ignored").chmod(0)
    found = fingerprint_of(tmp_path, "ignored\n!ignored/b\n")
    assert found.entries["ok"].digest == sha256("1")
    assert found.entries["secret"].digest is None
    assert {problem.path: problem.text for problem in found.problems} == {
        "secret": "cannot be read (Permission denied), and is empty in the build",
        "locked": "cannot be listed (Permission denied), with which a build fails",
    }


def refuse(function: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let opening paths with such an end fail, as it does for whoever has no permission; root has."""
    real = getattr(os, function)

    def opened(path: str, *arguments: int) -> int:
        if str(path).endswith(name):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments)  # type: ignore[no-any-return]

    monkeypatch.setattr(os, function, opened)


def test_a_file_without_permission_is_empty_in_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path, {"secret": "x", "ok": "1"})
    refuse("open", "/secret", monkeypatch)
    found = fingerprint_of(tmp_path)
    assert found.entries["secret"] == Entry("file", 0o644, 1, None)
    assert found.entries["ok"].digest == sha256("1")
    assert found.problems == (Problem("secret", "cannot be read (Permission denied), and is empty in the build"),)


@pytest.mark.parametrize(("ignore", "is_problem"), [("", True), ("d\n!d/x\n", False), ("d", False)])
def test_a_folder_without_permission_fails_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignore: str, is_problem: bool
) -> None:
    write_tree(tmp_path, {"d/x": "x", "ok": "1"})
    refuse("open", "/d", monkeypatch)
    found = fingerprint_of(tmp_path, ignore)
    assert "ok" in found.entries
    text = "cannot be listed (Permission denied), with which a build fails"
    assert found.problems == ((Problem("d", text),) if is_problem else ())


def test_a_file_that_changes_while_it_is_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path, {"log": "x", "ok": "1"})
    real = os.readv

    def read(descriptor: int, buffers: tuple[memoryview, ...]) -> int:
        with (tmp_path / "log").open("a") as log:
            log.write("more")
        return real(descriptor, buffers)

    monkeypatch.setattr(os, "readv", read)
    found = fingerprint_of(tmp_path)
    assert found.problems == (Problem("log", "changed while it was read; what a build makes of it can differ"),)
    assert found.entries["log"].digest is not None


def test_a_context_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the context"):
        fingerprint_of(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is no folder"):
        fingerprint_of(tmp_path / "file")


def test_a_context_that_is_a_link_is_followed(tmp_path: Path) -> None:
    write_tree(tmp_path, {"real/a": "1", "link": "-> real"})
    assert list(fingerprint_of(tmp_path / "link").entries) == ["a"]


def test_the_tests_own_fingerprints_are_like_real_ones(tmp_path: Path) -> None:
    files = {"a": "1", "d/e/f": "2", "l": "-> a", "n": None}
    assert fingerprint(files).entries == fingerprint_of(write_tree(tmp_path, files)).entries
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o755


@pytest.mark.parametrize("executable", [None, "/bin/false", "/nonexistent/python"])
def test_workers_read_many_files_or_are_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executable: str | None
) -> None:
    for number in range(300):
        (tmp_path / f"f{number}").write_text(str(number) * number)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / os.fsdecode(b"\xff")).write_bytes(b"x" * 700_000)
    monkeypatch.setattr(reading, "_BATCH", 16)
    if executable is not None:
        monkeypatch.setattr("sys.executable", executable)
    make_old(monkeypatch)
    for path in tmp_path.rglob("f*"):
        os.utime(path, ns=(1_700_000_000 * 10**9, 1_700_000_000 * 10**9))
    time.sleep(0.06)  # so that the worker takes no file for one that is just being written
    memory = FingerprintMemory()
    found = take_fingerprint(tmp_path, IgnoreRules(), memory)
    assert len(memory) == 301
    for path, entry in found.entries.items():
        if entry.kind == "file":
            assert entry.digest == hashlib.sha256((tmp_path / path).read_bytes()).hexdigest(), path
    assert take_fingerprint(tmp_path, IgnoreRules(), memory) == found
