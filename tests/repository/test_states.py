"""States of a repository laid out, while its checkout, index, stash and work trees stay as they are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from layerbench.errors import UsageError
from layerbench.repository import (
    find_commit,
    find_repository,
    make_neutral,
    place_commit,
    place_working_tree,
)
from tests.repository.scratch import Scratch, everything, tree_of

LATIN = b"latin-\xe9.txt"


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return everything(tmp_path / "project")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "states" / "tree"
    folder.mkdir(parents=True)
    return folder


def laid_out(scratch: Scratch, tree: Path, name: str) -> tuple[str, ...]:
    """A commit in the tree; the repository is as before."""
    before = scratch.state()
    repository = find_repository(scratch.top)
    notes = place_commit(repository, find_commit(repository, name).id, tree)
    assert scratch.state() == before
    assert list(tree.parent.iterdir()) == [tree]
    return notes


def working_tree(scratch: Scratch, tree: Path, *leave_out: Path) -> tuple[str, ...]:
    before = scratch.state()
    notes = place_working_tree(find_repository(scratch.top), tree, leave_out)
    assert scratch.state() == before
    assert list(tree.parent.iterdir()) == [tree]
    return notes


def test_a_commit_is_laid_out_whole_with_its_submodules(scratch: Scratch, tree: Path) -> None:
    scratch.write("app.py", "uncommitted")
    scratch.write("untracked.txt", "new")
    assert laid_out(scratch, tree, "HEAD") == ()
    found = tree_of(tree)
    assert found[b"app.py"] == ("-rw-r--r--", b"print(1)\n")
    assert found[b"run.sh"] == ("-rwxr-xr-x", b"#!/bin/sh\n")
    assert found[b"link"] == ("lrwxrwxrwx", b"folder/with space")
    assert found["folder/with space/ünï.txt".encode()][1] == b"text"
    assert found[LATIN][1] == b"not UTF-8"
    assert found[b"two\nlines"][1] == b"a line break"
    assert found[b"libs/library/lib.py"][1] == b"lib = 1\n"
    assert found[b"libs/library/nested/deep.txt"][1] == b"deep"
    assert b"untracked.txt" not in found
    assert not list(tree.rglob(".git"))


def test_an_earlier_commit_has_what_was_deleted_since_and_its_own_submodule(scratch: Scratch, tree: Path) -> None:
    (scratch.top / "gone.txt").unlink()
    submodule = Scratch(scratch.top / "libs/library")
    submodule.write("lib.py", "lib = 2\n")
    submodule.commit()
    scratch.commit("second")
    laid_out(scratch, tree, "HEAD~1")
    assert (tree / "gone.txt").read_text() == "will be deleted"
    assert (tree / "libs/library/lib.py").read_text() == "lib = 1\n"
    other = tree.with_name("other")
    shutil.move(tree, other.parent.parent / "old")
    tree.mkdir()
    laid_out(scratch, tree, "main")
    assert (tree / "libs/library/lib.py").read_text() == "lib = 2\n"
    assert not (tree / "gone.txt").exists()


def test_a_submodule_whose_commit_is_not_here_stays_empty_and_is_told(tmp_path: Path, tree: Path) -> None:
    origin = everything(tmp_path / "origin")
    origin.git("clone", "--quiet", str(origin.top), str(tmp_path / "clone"))
    clone = Scratch(tmp_path / "clone")
    [note] = laid_out(clone, tree, "main")
    assert note.startswith("the submodule libs/library stays empty: its commit ")
    assert "`git submodule update --init --recursive -- libs/library`" in note
    assert list((tree / "libs/library").iterdir()) == []
    target = tree.parent.parent / "second" / "tree"
    target.mkdir(parents=True)
    assert working_tree(clone, target) == ()
    assert tree_of(target) == tree_of(tree)


def test_a_clean_working_tree_is_its_last_commit(scratch: Scratch, tree: Path) -> None:
    scratch.write("ignored.txt", "never built")
    # Another umask than ours, and times of its own.
    for path in (scratch.top / "app.py", scratch.top / "folder"):
        path.chmod(path.stat().st_mode & 0o700)
    assert working_tree(scratch, tree) == ()
    other = tree.parent.parent / "others" / "tree"
    other.mkdir(parents=True)
    laid_out(scratch, other, "HEAD")
    for folder in (tree, other):
        make_neutral(folder, 1_700_000_000)
    assert tree_of(tree) == tree_of(other)
    assert b"ignored.txt" not in tree_of(tree)
    times = {path.lstat().st_mtime for folder in (tree, other) for path in (folder, *folder.rglob("*"))}
    assert times == {1_700_000_000}


def test_the_working_tree_has_every_uncommitted_change(scratch: Scratch, tree: Path) -> None:
    scratch.write("app.py", "staged")
    scratch.git("add", "app.py")
    scratch.write("app.py", "and changed again")
    scratch.write("run.sh", "#!/bin/sh\n", 0o644)
    (scratch.top / "gone.txt").unlink()
    (scratch.top / "link").unlink()
    (scratch.top / "link").symlink_to("app.py")
    scratch.write("new/untracked ü.sh", "new", 0o700)
    scratch.write("new/token.secret", "ignored")
    (scratch.top / os.fsdecode(b"new/\xff")).write_text("bytes")
    shutil.rmtree(scratch.top / "folder/with space")
    (scratch.top / "folder/with space").symlink_to("../new")
    scratch.write("libs/library/lib.py", "lib = 3\n")
    scratch.git("stash", "list")
    [note] = working_tree(scratch, tree)
    assert note == "the submodule libs/library has uncommitted changes: it is built as it is checked out"
    found = tree_of(tree)
    assert found[b"app.py"][1] == b"and changed again"
    assert found[b"run.sh"][0] == "-rw-r--r--"
    assert found[b"link"] == ("lrwxrwxrwx", b"app.py")
    assert found["new/untracked ü.sh".encode()] == ("-rwxr-xr-x", b"new")
    assert found[b"new/\xff"][1] == b"bytes"
    assert found[b"folder/with space"] == ("lrwxrwxrwx", b"../new")
    assert found[b"libs/library/lib.py"][1] == b"lib = 3\n"
    assert not {b"gone.txt", b"new/token.secret"} & found.keys()


def test_a_submodule_at_another_commit_or_with_untracked_files_is_told(scratch: Scratch, tree: Path) -> None:
    submodule = Scratch(scratch.top / "libs/library")
    submodule.write("lib.py", "lib = 2\n")
    submodule.commit()
    submodule.write("more.py", "")
    [note] = working_tree(scratch, tree)
    assert "has another commit than the recorded one and untracked files" in note
    assert (tree / "libs/library/lib.py").read_text() == "lib = 2\n"
    assert (tree / "libs/library/more.py").exists()


def test_results_of_the_run_before_and_other_repositories_are_left_out(scratch: Scratch, tree: Path) -> None:
    scratch.write("out/base.json", "{}")
    Scratch.new(scratch.top / "vendored").write("x", "x")
    [note] = working_tree(scratch, tree, scratch.top / "out")
    assert note == "vendored/ is a repository of its own and no submodule: it is left out"
    assert not (tree / "out").exists()
    assert not (tree / "vendored").exists()


def test_a_merge_that_is_not_finished_is_taken_as_its_files_are(scratch: Scratch, tree: Path) -> None:
    scratch.git("checkout", "--quiet", "-b", "other")
    scratch.write("app.py", "theirs\n")
    scratch.commit()
    scratch.git("checkout", "--quiet", "main")
    scratch.write("app.py", "ours\n")
    scratch.commit()
    with pytest.raises(AssertionError):
        scratch.git("merge", "other")
    working_tree(scratch, tree)
    assert b"<<<<<<<" in (tree / "app.py").read_bytes()


def test_a_sparse_checkout_leaves_nothing_out(scratch: Scratch, tree: Path) -> None:
    scratch.git("sparse-checkout", "set", "--no-cone", "/app.py")
    assert not (scratch.top / "run.sh").exists()
    scratch.write("app.py", "changed")
    working_tree(scratch, tree)
    assert (tree / "run.sh").stat().st_mode & 0o111
    assert (tree / "app.py").read_text() == "changed"


def test_filters_and_hooks(scratch: Scratch, tree: Path) -> None:
    # A filter as LFS has one: what is committed is a pointer, what is checked out is not.
    scratch.write(".gitattributes", "*.big filter=fake\n")
    scratch.git("config", "filter.fake.clean", "sed s/content/pointer/")
    scratch.git("config", "filter.fake.smudge", "sed s/pointer/content/")
    scratch.write("model.big", "content")
    scratch.commit()
    assert scratch.git("show", "HEAD:model.big") == b"pointer"
    for hook in ("post-checkout", "post-index-change"):
        scratch.write(f".git/hooks/{hook}", f"#!/bin/sh\ntouch {scratch.top}/hooked\n", 0o755)
    laid_out(scratch, tree, "HEAD")
    assert (tree / "model.big").read_text() == "content"
    assert not (scratch.top / "hooked").exists()


def test_variables_of_a_hook_lead_nowhere_else(scratch: Scratch, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tree.parent.parent / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tree.parent.parent / "no-index"))
    repository = find_repository(scratch.top)
    place_commit(repository, find_commit(repository, "HEAD").id, tree)
    assert (tree / "app.py").exists()
    assert not (tree.parent.parent / "no-index").exists()


def test_a_linked_work_tree_is_a_checkout_too(scratch: Scratch, tree: Path) -> None:
    scratch.git("worktree", "add", "--quiet", "-b", "side", str(scratch.top.with_name("linked")))
    linked = Scratch(scratch.top.with_name("linked"))
    linked.write("app.py", "linked")
    repository = find_repository(linked.top / "folder")
    assert repository.top == linked.top
    before = scratch.state()
    assert place_commit(repository, find_commit(repository, "side").id, tree) == ()
    assert (tree / "libs/library/lib.py").exists()
    assert scratch.state() == before


def test_no_repository_and_no_such_commit(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="is in no git repository"):
        find_repository(tmp_path / "plain")
    with pytest.raises(UsageError, match="a repository with a checkout is needed"):
        find_repository(scratch.top / ".git")
    repository = find_repository(scratch.top)
    scratch.git("branch", "feature/sizes")
    scratch.git("update-ref", "refs/remotes/origin/develop", "HEAD")
    with pytest.raises(UsageError, match='no commit is named "feature/size"; did you mean "feature/sizes"'):
        find_commit(repository, "feature/size")
    with pytest.raises(UsageError, match='no commit is named "develop"; did you mean "origin/develop"'):
        find_commit(repository, "develop")
    for name in ("--help", "", "HEAD~99", "app.py", "HEAD:app.py"):
        with pytest.raises(UsageError, match="no commit is named"):
            find_commit(repository, name)
    assert find_commit(repository, "main").label.startswith("main (")
    assert find_commit(repository, "main").seconds == 1_714_979_289


def test_a_shallow_clone_says_how_to_get_more(scratch: Scratch, tmp_path: Path) -> None:
    scratch.git("clone", "--quiet", "--depth=1", scratch.top.as_uri(), str(tmp_path / "shallow"))
    with pytest.raises(UsageError, match="this clone is shallow: `git fetch origin xyz"):
        find_commit(find_repository(tmp_path / "shallow"), "xyz")


def test_git_is_not_there(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="git is not there"):
        find_repository(scratch.top)
