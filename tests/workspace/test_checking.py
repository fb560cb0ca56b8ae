"""Edits are tried before anything is built."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from layerbench.config.models import Append, Chmod, Delete, Edit, Patch, Rename, Replace, Run, Touch, Write
from layerbench.errors import UsageError
from layerbench.workspace import check_edits

from .trees import fingerprint

FOLDER_TO_FILE = """\
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
MAIN_GONE = "--- a/src/main.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-y = 2\n"

CHAINS: list[list[Edit]] = [
    [],
    [Patch(FOLDER_TO_FILE), Append("docs", "x"), Chmod("docs", 0o600)],
    [Patch(MAIN_GONE), Append("src/pkg/core.py", "x"), Write("src/main.py", "y = 2\n")],
    [Write("new.txt", "one"), Append("new.txt", "two"), Replace("new.txt", "two", "2"), Delete("new.txt")],
    [Rename("src", "lib"), Append("lib/pkg/core.py", "x"), Replace("lib/main.py", "y", "z")],
    [Delete("src"), Write("src/main.py", "new"), Append("src/main.py", "x")],
    [Delete("app.py"), Rename("src/main.py", "app.py")],
    [Rename("app.py", "tmp"), Rename("src/main.py", "app.py"), Rename("tmp", "src/main.py")],
    [Append("src/main.py", "x"), Rename("src", "lib"), Replace("lib/main.py", "x$", "w")],
    [Chmod("app.py", 0o600), Chmod("app.py", 0o644)],
    [Touch("app.py"), Touch("app.py")],
    [Write("{nonce}.txt", "x"), Delete("{nonce}.txt")],
    [Append("app.py", "{nonce}"), Replace("app.py", "[0-9a-f]+$", "x")],
    [
        Patch("--- a/docs/index.md\n+++ b/docs/index.md\n@@ -1 +1 @@\n-# docs\n+# {nonce}\n"),
        Append("docs/index.md", "x"),
    ],
    [Run("touch anything"), Append("anything", "made by the command")],
    [Delete("src"), Rename("docs", "src"), Append("src/index.md", "x")],
]


@pytest.mark.parametrize("edits", CHAINS)
def test_later_edits_see_earlier_ones(source: Path, edits: list[Edit]) -> None:
    before = fingerprint(source)
    check_edits(source, edits)
    assert fingerprint(source) == before


WRONG_CHAINS: list[tuple[list[Edit], str]] = [
    ([Delete("app.py"), Append("app.py", "x")], 'append: no such file "app.py" in the context'),
    ([Delete("src"), Append("src/main.py", "x")], 'append: no such file "src/main.py" in the context'),
    ([Rename("src", "lib"), Append("src/main.py", "x")], 'append: no such file "src/main.py" in the context'),
    ([Rename("src", "lib"), Write("lib/main.py", "y = 2\n")], 'write: "lib/main.py" has this content already'),
    ([Delete("src"), Write("src/a", "x"), Append("src/main.py", "x")], 'append: no such file "src/main.py"'),
    ([Delete("src"), Rename("docs", "src"), Append("src/main.py", "x")], 'append: no such file "src/main.py"'),
    ([Write("new", "x"), Write("new", "x")], 'write: "new" has this content already'),
    ([Chmod("app.py", 0o600), Chmod("app.py", 0o600)], 'chmod: "app.py" has mode 0o600 already'),
    ([Append("app.py", "zzz"), Replace("app.py", "yyy", "x")], 'replace: "yyy" matches nothing in "app.py"'),
    ([Run("true"), Write("../x", "x")], 'write: "../x" leaves the context'),
    ([Run("true"), Replace("app.py", "(", "x")], 'replace: "(" is not a regular expression'),
]


@pytest.mark.parametrize(("edits", "message"), WRONG_CHAINS)
def test_later_edits_see_what_earlier_ones_took_away(source: Path, edits: list[Edit], message: str) -> None:
    before = fingerprint(source)
    with pytest.raises(UsageError) as caught:
        check_edits(source, edits)
    assert str(caught.value).startswith(message)
    assert fingerprint(source) == before


def test_nothing_is_left_behind(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    check_edits(source, [Chmod("src", 0), Delete("docs")])
    with pytest.raises(UsageError):
        check_edits(source, [Append("nothing", "x")])
    assert list(folder.iterdir()) == []


def test_what_is_not_named_is_not_read(source: Path) -> None:
    """A context can be large: only what edits name is copied."""
    (source / "huge.bin").touch()
    with (source / "huge.bin").open("r+b") as file:
        file.truncate(1 << 40)
    check_edits(source, [Append("app.py", "x"), Delete("docs"), Rename("src", "lib"), Write("new", "x")])


def test_a_link_into_the_persons_tree_forbids_commands(source: Path) -> None:
    (source / "src/absolute").symlink_to(source / "app.py")
    check_edits(source, [Append("app.py", "x")])
    with pytest.raises(UsageError, match='run: the symbolic link "src/absolute" points into your own tree'):
        check_edits(source, [Run("true")])


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        check_edits(tmp_path / "nothing", [])
