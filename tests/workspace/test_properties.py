"""Random trees and random edits: nothing that is done to a copy ever reaches the tree, and all of it comes back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layerbench.config.models import Append, Chmod, Delete, Edit, Patch, Rename, Replace, Run, Touch, Write
from layerbench.errors import BuildError, UsageError
from layerbench.workspace import Workspace, check_edits

from .trees import Seen, fingerprint, set_ages

# Few names, so that edits often meet what is there, and what other edits made.
NAMES = st.sampled_from(["a", "b", "c.txt", "d"])
PATHS = st.lists(NAMES, min_size=1, max_size=2).map("/".join)
CONTENTS = st.sampled_from([b"", b"one\n", b"two\n", b"one\ntwo\n", b"\xff\x00\xfe", b"one\r\n"])
MODES = st.sampled_from([0o644, 0o600, 0o755, 0o400, 0o4755, 0o664])
TEXTS = st.sampled_from(["", "x", "one\n", "two\n", "{nonce}"])


@st.composite
def trees(draw: st.DrawFn) -> dict[str, tuple[str, bytes, int]]:
    """Paths to kind, content (or a link's target) and mode; what does not fit is left out when it is made."""
    kinds = st.sampled_from(["file"] * 5 + ["folder", "link", "second name", "fifo"])
    return draw(st.dictionaries(PATHS, st.tuples(kinds, CONTENTS, MODES), max_size=10))


def make(top: Path, tree: dict[str, tuple[str, bytes, int]]) -> Path:
    top.mkdir()
    files: list[Path] = []
    for name, (kind, content, mode) in sorted(tree.items()):
        path = top / name
        parents = [parent for parent in path.parents if parent.is_relative_to(top)]
        if os.path.lexists(path) or any(parent.is_symlink() or parent.is_file() for parent in parents):
            continue
        if any(os.path.lexists(parent) and not parent.is_dir() for parent in parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "folder":
            path.mkdir(mode | 0o700)
        elif kind == "link":
            path.symlink_to(["a", "nowhere", "..", "/nowhere"][len(content) % 4])
        elif kind == "fifo":
            os.mkfifo(path)
        elif kind == "second name" and files:
            os.link(files[-1], path)
        else:
            path.write_bytes(content)
            path.chmod(mode)
            files.append(path)
    set_ages(top, 1_600_000_000)
    return top


def diffs(path: str) -> st.SearchStrategy[str]:
    change = f"--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-one\n+new\n"
    new = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+two\n"
    gone = f"--- a/{path}\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n"
    executable = f"diff --git a/{path} b/{path}\nold mode 100644\nnew mode 100755\n"
    return st.sampled_from([change, new, gone, executable])


EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.builds(Append, PATHS, TEXTS),
    st.builds(Replace, PATHS, st.sampled_from(["one", "^t", "$", "absent"]), TEXTS),
    st.builds(Write, PATHS, TEXTS),
    st.builds(Delete, PATHS),
    st.builds(Rename, PATHS, PATHS),
    st.builds(Chmod, PATHS, MODES.map(lambda mode: mode | 0o400)),
    st.builds(Touch, PATHS),
    PATHS.flatmap(diffs).map(Patch),
)
COMMANDS = st.sampled_from(
    [
        "rm -rf a",
        "mv a b",
        "mkdir -p a/b && echo x > a/b/new",
        "chmod -R go-rwx . 2>/dev/null",
        "find . -type f -exec sed -i s/one/three/ {} +",
        "ln -sfn nowhere c.txt",
        "rm -rf d; mkfifo d",
        "find . -exec touch -h -d @1600000000 {} +; echo x > z",
        "find . -type f -links +1 -exec cp --remove-destination {} z \\;; :",
        "exit 1",
    ]
)

LIMITS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def versions(seen: dict[str, Seen], known: dict[tuple[str, int, int], bytes | None]) -> None:
    """What BuildKit compares (path, size, time) must tell all contents apart that were there under one base name."""
    for path, entry in seen.items():
        if entry.content is not None and entry.mode & 0o170000 == 0o100000:
            key = (path, len(entry.content), entry.mtime_ns)
            assert known.setdefault(key, entry.content) == entry.content, f"{path} changed behind its time"


def carry_out(workspace: Workspace, edits: Sequence[Edit], nonce: str) -> str | None:
    """Return what was wrong, without the proposal of another name, which depends on what is there."""
    try:
        workspace.apply(edits, nonce)
    except (UsageError, BuildError) as error:
        return str(error).partition(" (did you mean")[0]
    return None


def check(source: Path, edits: Sequence[Edit]) -> str | None:
    try:
        check_edits(source, edits)
    except UsageError as error:
        return str(error).partition(" (did you mean")[0]
    return None


@LIMITS
@given(tree=trees(), rounds=st.lists(st.lists(EDITS, min_size=1, max_size=4), min_size=1, max_size=3))
def test_declared_edits(tree: dict[str, tuple[str, bytes, int]], rounds: list[list[Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = make(Path(folder, "project"), tree)
        before = fingerprint(source)
        known: dict[tuple[str, int, int], bytes | None] = {}
        with (
            Workspace.create(source, Path(folder), independent=False) as workspace,
            Workspace.create(source, Path(folder), independent=False) as other,
        ):
            assert fingerprint(workspace.context) == before
            versions(before, known)
            for number, edits in enumerate(rounds):
                carry_out(workspace, edits, f"n{number}")
                versions(fingerprint(workspace.context), known)
                assert fingerprint(source) == before
                workspace.restore()
                assert fingerprint(workspace.context) == before
            assert fingerprint(other.context) == before
        assert fingerprint(source) == before
        assert [path.name for path in Path(folder).iterdir()] == ["project"]


@LIMITS
@given(tree=trees(), edits=st.lists(EDITS, min_size=1, max_size=5))
def test_the_check_says_what_carrying_out_would_say(tree: dict[str, tuple[str, bytes, int]], edits: list[Edit]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = make(Path(folder, "project"), tree)
        before = fingerprint(source)
        checked = check(source, edits)
        assert fingerprint(source) == before
        with Workspace.create(source, Path(folder), independent=False) as workspace:
            assert carry_out(workspace, edits, "n") == checked


@LIMITS
@given(tree=trees(), rounds=st.lists(st.lists(EDITS | COMMANDS.map(Run), max_size=3), min_size=1, max_size=3))
def test_commands(tree: dict[str, tuple[str, bytes, int]], rounds: list[list[Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = make(Path(folder, "project"), tree)
        before = fingerprint(source)
        known: dict[tuple[str, int, int], bytes | None] = {}
        with Workspace.create(source, Path(folder), independent=True) as workspace:
            assert fingerprint(workspace.context) == before
            versions(before, known)
            for number, edits in enumerate(rounds):
                carry_out(workspace, edits, f"n{number}")
                versions(fingerprint(workspace.context), known)
                workspace.restore()
                assert fingerprint(workspace.context) == before
        assert fingerprint(source) == before


@pytest.mark.parametrize("independent", [False, True])
@LIMITS
@given(tree=trees())
def test_copies(independent: bool, tree: dict[str, tuple[str, bytes, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = make(Path(folder, "project"), tree)
        before = fingerprint(source)
        with Workspace.create(source, Path(folder), independent=independent) as workspace:
            assert fingerprint(workspace.context) == before
        assert fingerprint(source) == before
