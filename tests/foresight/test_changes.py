"""Inputs as they are, were, or will be."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.config.models import Variant
from layerbench.context.models import Entry
from layerbench.errors import UsageError
from layerbench.foresight.change import Change
from layerbench.foresight.earlier import since_commit
from layerbench.foresight.edits import edit_files, find_files
from layerbench.foresight.patches import apply
from layerbench.foresight.sources import Source, SourceReader, check_is_local, with_entries
from tests.repository.scratch import Scratch

DOCKERFILE = "FROM scratch\nCOPY app.py /\nCOPY . /srv/\n"


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch.new(tmp_path / "project")
    made.write("web/Dockerfile", DOCKERFILE)
    made.write("web/app.py", "print(1)\n")
    made.write("web/src/a.py", "a\n")
    made.write("web/docs/x.md", "x\n")
    made.write("web/.dockerignore", "# what is not needed\ndocs\nDockerfile\n")
    made.commit()
    return made


def source(scratch: Scratch) -> Source:
    told: list[str] = []
    found = SourceReader(told.append).read(Variant("web", scratch.top / "web/Dockerfile", scratch.top / "web"))
    assert told == []
    return found


def changed(change: Change) -> dict[str, tuple[Entry | None, Entry | None]]:
    before, after = change.before.contexts[""].entries, change.after.contexts[""].entries
    return {
        path: (before.get(path), after.get(path)) for path in {*before, *after} if before.get(path) != after.get(path)
    }


def test_an_edit_changes_the_content_of_just_that_file(scratch: Scratch) -> None:
    [change] = edit_files([source(scratch)], [scratch.top / "web/app.py"])
    assert changed(change).keys() == {"app.py"}
    [(before, after)] = changed(change).values()
    assert before is not None
    assert after is not None
    assert (before.mode, before.kind) == (after.mode, after.kind)
    assert before.digest != after.digest


def test_a_folder_stands_for_its_files(scratch: Scratch) -> None:
    [change] = edit_files([source(scratch)], [scratch.top / "web/src"])
    assert changed(change).keys() == {"src/a.py"}
    [whole] = edit_files([source(scratch)], [scratch.top / "web"])
    assert changed(whole).keys() == {"src/a.py", "app.py", ".dockerignore"}


def test_what_is_ignored_says_by_which_line(scratch: Scratch) -> None:
    [change] = edit_files([source(scratch)], [scratch.top / "web/docs/x.md"])
    assert changed(change) == {}
    assert change.notes == ("docs/x.md is left out by line 2 of .dockerignore (docs): no step sees it",)
    [dockerfile] = edit_files([source(scratch)], [scratch.top / "web/Dockerfile"])
    assert "Dockerfile is the Dockerfile itself" in dockerfile.notes[0]


def test_what_no_build_reads_is_refused(scratch: Scratch) -> None:
    scratch.write("elsewhere.txt", "1")
    with pytest.raises(UsageError, match="is not in the context"):
        edit_files([source(scratch)], [scratch.top / "elsewhere.txt"])


def test_files_by_their_names(scratch: Scratch) -> None:
    places = [scratch.top, scratch.top / "web"]
    assert find_files(["app.py", "web/src"], places) == [scratch.top / "web/app.py", scratch.top / "web/src"]
    with pytest.raises(UsageError, match=r"gone\.py is not there"):
        find_files(["gone.py"], places)
    (scratch.top / "link").symlink_to("nowhere")
    assert find_files(["link"], places) == [scratch.top / "link"]


def test_since_a_commit(scratch: Scratch) -> None:
    scratch.write("web/app.py", "print(2)\n")
    scratch.write("web/new/deep.py", "1")
    (scratch.top / "web/src/a.py").unlink()
    scratch.write("web/docs/y.md", "ignored by the build")
    scratch.write("web/Dockerfile", DOCKERFILE + "COPY src /src/\n")
    [change] = since_commit([source(scratch)], "HEAD").each
    found = changed(change)
    assert found.keys() == {"app.py", "new", "new/deep.py", "src/a.py"}
    assert found["new/deep.py"][0] is None
    assert found["src/a.py"][1] is None
    assert change.before.dockerfile == DOCKERFILE
    assert change.after.dockerfile != DOCKERFILE


def test_an_umask_is_no_change(scratch: Scratch) -> None:
    (scratch.top / "web/app.py").chmod(0o664)
    scratch.write("web/src/a.py", "a\n", 0o755)
    [change] = since_commit([source(scratch)], "HEAD").each
    found = changed(change)
    assert found.keys() == {"src/a.py"}
    assert [entry and entry.mode for entry in found["src/a.py"]] == [0o644, 0o755]


@pytest.mark.parametrize("relative", [False, True])
def test_a_patch_leaves_all_files_as_they_are(scratch: Scratch, relative: bool) -> None:
    now = source(scratch)
    scratch.write("web/app.py", "print(2)\n")
    scratch.write("web/Dockerfile", DOCKERFILE + "COPY src /src/\n")
    scratch.write("web/fresh.py", "1\n")
    scratch.git("rm", "--quiet", "web/docs/x.md")
    scratch.git("add", "--all")
    diff = scratch.git("diff", "--cached", *(["--relative=web"] if relative else [])).decode()
    scratch.git("reset", "--quiet", "--hard")
    before = scratch.state()
    [change] = apply([now], diff, [scratch.top, scratch.top / "web"]).each
    assert scratch.state() == before
    assert changed(change).keys() == {"app.py", "fresh.py"}
    assert change.before.dockerfile == DOCKERFILE
    assert change.after.dockerfile == DOCKERFILE + "COPY src /src/\n"


def test_a_patch_of_other_files_says_so(scratch: Scratch) -> None:
    diff = "--- /dev/null\n+++ b/other.txt\n@@ -0,0 +1 @@\n+1\n"
    [change] = apply([source(scratch)], diff, [scratch.top]).each
    assert change.notes == ("the change touches nothing that this variant is built from",)


def test_a_patch_that_does_not_apply_is_refused(scratch: Scratch) -> None:
    diff = "--- a/web/app.py\n+++ b/web/app.py\n@@ -1 +1 @@\n-other\n+1\n"
    with pytest.raises(UsageError, match="does not apply"):
        apply([source(scratch)], diff, [scratch.top])


def test_a_commit_without_the_dockerfile_is_refused(scratch: Scratch) -> None:
    scratch.write("web/new.Dockerfile", DOCKERFILE)
    new = SourceReader(lambda _: None).read(Variant("n", scratch.top / "web/new.Dockerfile", scratch.top / "web"))
    with pytest.raises(UsageError, match=r"web/new\.Dockerfile is not there at HEAD: there is no build of it"):
        since_commit([new], "HEAD")


def test_folders_come_and_go_with_their_files(scratch: Scratch) -> None:
    inputs = source(scratch).inputs
    removed = with_entries(inputs, {"": {"src/a.py": None}})
    assert "src" not in removed.contexts[""].entries
    again = with_entries(removed, {"": {"src/deep/b.py": Entry("file", 0o644)}})
    assert {"src", "src/deep"} <= again.contexts[""].entries.keys()


@pytest.mark.parametrize(
    "context", ["https://example.org/x.git", "http:/example.org/x.git", "git@example.org:x", "ssh://x", "-"]
)
def test_a_remote_context_is_refused(context: str) -> None:
    with pytest.raises(UsageError, match="is a remote context"):
        check_is_local(context)


def test_a_dockerfile_outside_of_the_context(scratch: Scratch, tmp_path: Path) -> None:
    outside = tmp_path / "outside.Dockerfile"
    outside.write_text(DOCKERFILE)
    (tmp_path / "outside.Dockerfile.dockerignore").write_text("*\n!app.py\n")
    found = SourceReader(lambda _: None).read(Variant("o", outside, scratch.top / "web"))
    assert found.inputs.contexts[""].entries.keys() == {"app.py"}
    [change] = edit_files([found], [scratch.top / "web/src"])
    assert "left out by line 1 of outside.Dockerfile.dockerignore (*)" in change.notes[0]


def test_a_named_context_is_looked_at(scratch: Scratch, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "lib.py").write_text("1")
    (shared / ".dockerignore").write_text("*.md\n")
    variant = Variant(
        "s", scratch.top / "web/Dockerfile", scratch.top / "web", build_contexts={"shared": str(shared), "r": "docker-image://x"}
    )  # fmt: skip
    found = SourceReader(lambda _: None).read(variant)
    assert found.inputs.remote_contexts == {"r": "docker-image://x"}
    [change] = edit_files([found], [shared / "lib.py"])
    before, after = (one.contexts["shared"].entries["lib.py"] for one in (change.before, change.after))
    assert before != after


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(scratch: Scratch) -> None:
    (scratch.top / "web/broken").symlink_to("broken")
    told: list[str] = []
    reader = SourceReader(told.append)
    found = reader.read(Variant("web", scratch.top / "web/Dockerfile", scratch.top / "web"))
    assert "app.py" in found.inputs.contexts[""].entries
    assert len(told) == len(found.inputs.contexts[""].problems)
