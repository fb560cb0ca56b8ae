"""What commits changed, by the names of the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layerbench.errors import UsageError
from layerbench.repository import find_commit, find_repository
from layerbench.repository.changes import changed_paths, last_commits
from tests.repository.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch.new(tmp_path / "project")
    made.write("app/a.py", "1")
    made.write("app/b.py", "1")
    made.write("other.txt", "1")
    made.commit("first")
    return made


def test_the_last_commits_with_all_that_they_changed(scratch: Scratch) -> None:
    scratch.write("app/a.py", "2")
    scratch.write("other.txt", "2")
    second = scratch.commit("second")
    scratch.git("mv", "app/b.py", "app/näme with\n line.py")
    third = scratch.commit("third")
    scratch.git("checkout", "--quiet", "-b", "side", "HEAD~1")
    scratch.write("app/side.py", "1")
    scratch.commit("side")
    scratch.git("checkout", "--quiet", "main")
    scratch.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    # A setting of the person's changes nothing.
    scratch.git("config", "diff.relative", "true")
    scratch.git("config", "log.showRoot", "false")
    history = last_commits(scratch.top / "app", 10)
    assert history.top == scratch.top
    found = {commit.id: set(commit.paths) for commit in history.commits}
    assert (found[second], found[third]) == ({"app/a.py", "other.txt"}, {"app/b.py", "app/näme with\n line.py"})
    assert set(history.commits[-1].paths) == {"app/a.py", "app/b.py", "other.txt"}
    assert len(history.commits) == 4  # the merge is left out
    assert len(last_commits(scratch.top, 1).commits) == 1


def test_names_with_every_byte(scratch: Scratch) -> None:
    names = {os.fsdecode(b"app/caf\xe9.txt"), "\x01", ":100644 x", " a ", "\n:b"}
    for name in names:
        scratch.write(name, "1")
    scratch.commit("odd names")
    [commit] = last_commits(scratch.top, 1).commits
    assert set(commit.paths) == names


def test_submodules_are_told_apart_from_files(tmp_path: Path) -> None:
    library = Scratch.new(tmp_path / "library")
    library.write("lib.py", "1")
    library.commit()
    scratch = Scratch.new(tmp_path / "whole")
    scratch.write("a.py", "1")
    scratch.git("submodule", "--quiet", "add", str(library.top), "libs/one")
    scratch.git("config", "diff.ignoreSubmodules", "all")
    scratch.commit()
    scratch.git("rm", "--quiet", "-f", "libs/one")
    scratch.commit()
    removed, added = last_commits(scratch.top, 2).commits
    assert (removed.submodules, added.submodules) == (("libs/one",), ("libs/one",))
    assert set(added.paths) == {".gitmodules", "a.py"}


def test_an_empty_commit_counts(scratch: Scratch) -> None:
    scratch.commit("nothing")
    scratch.commit("nothing again")
    assert [commit.paths for commit in last_commits(scratch.top, 2).commits] == [(), ()]


def test_no_history_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git has no history of"):
        last_commits(tmp_path, 3)
    with pytest.raises(UsageError, match="git has no history of"):
        last_commits(Scratch.new(tmp_path / "new").top, 3)


def test_the_working_tree_against_a_commit(scratch: Scratch) -> None:
    scratch.write("app/a.py", "changed")
    (scratch.top / "other.txt").unlink()
    scratch.write("app/staged.py", "1")
    scratch.git("add", "app/staged.py")
    scratch.write("untracked.txt", "1")
    scratch.write(".gitignore", "ignored\n")
    scratch.write("ignored", "1")
    repository = find_repository(scratch.top)
    found = changed_paths(repository, find_commit(repository, "HEAD").id)
    assert set(found.before) == {"app/a.py", "other.txt"}
    assert set(found.all) == {"app/a.py", "other.txt", "app/staged.py", "untracked.txt", ".gitignore"}
