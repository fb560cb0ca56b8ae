"""Unified diffs by `git apply`."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench.config.models import Append, Patch
from layerbench.errors import LayerbenchError, UsageError
from layerbench.workspace import Workspace, check_edits

from .trees import fingerprint

APP = """\
diff --git a/app.py b/app.py
--- a/app.py
+++ b/app.py
@@ -1,3 +1,3 @@
 import os
-print('one')
+print('{nonce}')
 print('two')
"""


@pytest.fixture
def workspace(source: Path, root: Path) -> Iterator[Workspace]:
    before = fingerprint(source)
    with Workspace.create(source, root, independent=False) as workspace:
        yield workspace
        assert fingerprint(source) == before
        workspace.restore()
        assert fingerprint(workspace.context) == before


def test_a_patch_changes_a_file_and_nothing_else(workspace: Workspace, source: Path) -> None:
    before = fingerprint(source)
    workspace.apply([Patch(APP)], "n0")
    after = fingerprint(workspace.context)
    assert after["app.py"].content == b"import os\nprint('n0')\nprint('two')\n"
    assert after["app.py"].mtime_ns != before["app.py"].mtime_ns
    assert {path for path in after if path and after[path] != before[path]} == {"app.py"}


def test_a_diff_without_git_headers_or_final_newline(workspace: Workspace) -> None:
    workspace.apply([Patch("\n".join(APP.splitlines()[1:]))], "n0")
    assert b"n0" in (workspace.context / "app.py").read_bytes()


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755, 0o4711])
def test_permission_bits_stay(source: Path, root: Path, mode: int) -> None:
    (source / "app.py").chmod(mode)
    with Workspace.create(source, root, independent=False) as workspace:
        workspace.apply([Patch(APP)], "n")
        assert stat.S_IMODE((workspace.context / "app.py").stat().st_mode) == mode
    assert stat.S_IMODE((source / "app.py").stat().st_mode) == mode


def test_a_diff_can_change_executability_only(workspace: Workspace) -> None:
    workspace.apply([Patch("diff --git a/app.py b/app.py\nold mode 100644\nnew mode 100755\n")], "n")
    assert stat.S_IMODE((workspace.context / "app.py").stat().st_mode) == 0o755
    workspace.apply([Patch("diff --git a/app.py b/app.py\nold mode 100755\nnew mode 100644\n")], "n")
    assert stat.S_IMODE((workspace.context / "app.py").stat().st_mode) == 0o644


def test_new_deleted_renamed_copied_and_linked_files(workspace: Workspace) -> None:
    diff = """\
diff --git a/new/file.txt b/new/file.txt
new file mode 100755
--- /dev/null
+++ b/new/file.txt
@@ -0,0 +1 @@
+new {nonce}
diff --git a/docs/index.md b/docs/index.md
deleted file mode 100644
--- a/docs/index.md
+++ /dev/null
@@ -1 +0,0 @@
-# docs
diff --git a/src/main.py b/src/renamed.py
similarity index 50%
rename from src/main.py
rename to src/renamed.py
--- a/src/main.py
+++ b/src/renamed.py
@@ -1 +1 @@
-y = 2
+y = 3
diff --git a/src/pkg/core.py b/src/pkg/copy.py
similarity index 100%
copy from src/pkg/core.py
copy to src/pkg/copy.py
diff --git a/link b/link
new file mode 120000
--- /dev/null
+++ b/link
@@ -0,0 +1 @@
+app.py
\\ No newline at end of file
"""
    workspace.apply([Patch(diff)], "n0")
    context = workspace.context
    assert (context / "new/file.txt").read_bytes() == b"new n0\n"
    assert stat.S_IMODE((context / "new/file.txt").stat().st_mode) == 0o755
    assert not (context / "docs").exists(), "git removes a folder that becomes empty"
    assert not (context / "src/main.py").exists()
    assert (context / "src/renamed.py").read_bytes() == b"y = 3\n"
    assert (context / "src/pkg/copy.py").read_bytes() == (context / "src/pkg/core.py").read_bytes() == b"x = 1\n"
    assert (context / "link").readlink() == Path("app.py")


def test_a_file_where_a_folder_was(workspace: Workspace) -> None:
    diff = """\
diff --git a/docs/index.md b/docs/index.md
deleted file mode 100644
--- a/docs/index.md
+++ /dev/null
@@ -1 +0,0 @@
-# docs
diff --git a/docs b/docs
new file mode 100644
--- /dev/null
+++ b/docs
@@ -0,0 +1 @@
+a file now
"""
    workspace.apply([Patch(diff)], "n")
    assert (workspace.context / "docs").read_bytes() == b"a file now\n"


def test_a_folder_with_other_files_does_not_make_way(workspace: Workspace) -> None:
    diff = "diff --git a/src b/src\nnew file mode 100644\n--- /dev/null\n+++ b/src\n@@ -0,0 +1 @@\n+a file now\n"
    with pytest.raises(UsageError, match='patch: the diff does not apply: "src" is a folder that is not empty'):
        workspace.apply([Patch(diff)], "n")


def test_unusual_names(source: Path, root: Path) -> None:
    (source / 'ä "x"\ty').write_bytes(b"a\n")
    diff = r"""diff --git "a/\303\244 \"x\"\ty" b/plain
similarity index 100%
rename from "\303\244 \"x\"\ty"
rename to plain
"""
    with Workspace.create(source, root, independent=False) as workspace:
        workspace.apply([Patch(diff)], "n")
        assert (workspace.context / "plain").read_bytes() == b"a\n"
        assert not (workspace.context / 'ä "x"\ty').exists()


def test_a_repository_around_it_does_not_matter(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a repository `git apply` skips, without a word, what is not below the current folder."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "copies").mkdir()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    check_edits(source, [Patch(APP)])
    with Workspace.create(source, tmp_path / "copies", independent=False) as workspace:
        workspace.apply([Patch(APP)], "n0")
        assert b"n0" in (workspace.context / "app.py").read_bytes()


def test_settings_of_the_person_do_not_matter(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[apply]\nwhitespace = error-all\n[core]\nautocrlf = true\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    workspace.apply([Patch(APP.replace("+print('{nonce}')", "+print('{nonce}')   "))], "n0")
    assert b"print('n0')   \n" in (workspace.context / "app.py").read_bytes()


REFUSED = [
    ("", "the diff does not apply: "),
    ("just words", "the diff does not apply: "),
    (APP.replace("print('two')", "print('three')"), "the diff does not apply: patch failed: app.py:1; app.py: patch"),
    (APP.replace("app.py", "gone.py"), "the diff does not apply: gone.py: No such file or directory"),
    (APP.replace("app.py", "../app.py"), '"../app.py" leaves the context'),
    (APP.replace("app.py", "link/main.py"), '"link/main.py" goes through the symbolic link "link"'),
    (APP.replace("app.py", "src"), "the diff does not apply: src: No such file or directory"),
    (APP.replace("app.py", ".git/config"), "the diff does not apply: "),
]


@pytest.mark.parametrize(("diff", "message"), REFUSED)
@pytest.mark.parametrize("carry_out", ["check", "apply"])
def test_a_patch_that_cannot_work_is_said(source: Path, root: Path, diff: str, message: str, carry_out: str) -> None:
    (source / "link").symlink_to("src")
    before = fingerprint(source)
    with Workspace.create(source, root, independent=False) as workspace:
        with pytest.raises(UsageError) as caught:
            if carry_out == "check":
                check_edits(source, [Patch(diff)])
            else:
                workspace.apply([Patch(diff)], "n")
        assert str(caught.value).startswith(f"patch: {message}")
        assert fingerprint(workspace.context) == before
    assert fingerprint(source) == before


def test_a_patch_that_changes_nothing_is_said(workspace: Workspace) -> None:
    diff = APP.replace("{nonce}", "one")
    with pytest.raises(UsageError, match="patch: the diff changes nothing"):
        workspace.apply([Patch(diff)], "n")


def test_a_patch_after_another_edit(workspace: Workspace, source: Path) -> None:
    edits = [
        Append("docs/index.md", "more\n"),
        Patch("--- a/docs/index.md\n+++ b/docs/index.md\n@@ -2 +2 @@\n-more\n+less\n"),
    ]
    check_edits(source, edits)
    workspace.apply(edits, "n")
    assert (workspace.context / "docs/index.md").read_bytes() == b"# docs\nless\n"


def test_git_missing_is_said(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LayerbenchError, match="patch: git is needed to apply a diff and was not found; install it"):
        workspace.apply([Patch(APP)], "n")
