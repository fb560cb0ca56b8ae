"""What a commit or a patch makes of ignore files, Dockerfiles, bench files, submodules and binary files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layerbench.analysis.predict.models import ForeseenStep
from layerbench.config.file import load_bench_file
from layerbench.config.models import Variant
from layerbench.errors import UsageError
from layerbench.foresight.change import Change, Changes, foreseen_change
from layerbench.foresight.earlier import since_commit
from layerbench.foresight.edits import edit_files
from layerbench.foresight.patches import apply
from layerbench.foresight.sources import Source, SourceReader
from tests.repository.scratch import Scratch

DOCKERFILE = "FROM scratch\nCOPY src /src/\n"
IGNORE = ".dockerignore\nDockerfile\n"


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch.new(tmp_path / "project")
    made.write("Dockerfile", DOCKERFILE)
    made.write("src/a.py", "a\n")
    made.write("src/gen.py", "g\n")
    made.write(".dockerignore", IGNORE)
    made.commit()
    return made


def source(scratch: Scratch, **options: object) -> Source:
    variant = Variant("web", scratch.top / "Dockerfile", scratch.top, **options)  # type: ignore[arg-type]
    return SourceReader(lambda _: None).read(variant)


def causes(change: Change) -> list[str]:
    return [one.cause.text for one in foreseen_change(change) if one.cause]


def ran(changes: Changes) -> list[str]:
    [change] = changes.each
    return causes(change)


def by_patch(scratch: Scratch, **options: object) -> Changes:
    """The uncommitted change as a patch, with the checkout as it was before."""
    scratch.git("add", "--all")
    diff = scratch.git("diff", "--cached").decode("utf-8", "surrogateescape")
    scratch.git("reset", "--quiet", "--hard")
    return apply([source(scratch, **options)], diff, [scratch.top])


@pytest.mark.parametrize("name", [".dockerignore", "Dockerfile.dockerignore"])
def test_lines_of_an_ignore_file_leave_files_out_and_let_them_in(scratch: Scratch, name: str) -> None:
    scratch.write(name, IGNORE)
    scratch.commit()
    scratch.write(name, IGNORE + "src/gen.py\n")
    assert ran(since_commit([source(scratch)], "HEAD")) == ["src/gen.py was removed"]
    assert ran(by_patch(scratch)) == ["src/gen.py was removed"]
    scratch.write(name, IGNORE + "src/gen.py\n")
    scratch.commit()
    scratch.write(name, IGNORE)
    assert ran(since_commit([source(scratch)], "HEAD")) == ["src/gen.py was added"]
    assert ran(by_patch(scratch)) == ["src/gen.py was added"]


def test_each_side_has_its_own_rules(scratch: Scratch) -> None:
    scratch.write(".dockerignore", IGNORE + "src/gen.py\n")
    scratch.commit()
    scratch.write(".dockerignore", IGNORE + "src/a.py\n")
    scratch.write("src/gen.py", "other\n")
    assert ran(since_commit([source(scratch)], "HEAD")) == ["src/a.py (removed) and src/gen.py (added) changed"]
    (scratch.top / ".dockerignore").unlink()
    assert ran(since_commit([source(scratch)], "HEAD")) == ["src/gen.py was added"]


def test_an_ignore_file_of_a_dockerfile_that_comes_takes_the_place_of_the_other(scratch: Scratch) -> None:
    scratch.write("Dockerfile.dockerignore", "src/a.py\n")
    assert ran(since_commit([source(scratch)], "HEAD")) == ["src/a.py was removed"]
    assert ran(by_patch(scratch)) == ["src/a.py was removed"]


def test_the_ignore_file_of_a_named_context(scratch: Scratch) -> None:
    scratch.write("Dockerfile", "FROM scratch\nCOPY --from=lib . /\n")
    scratch.write("lib/x", "x")
    scratch.write("lib/y", "y")
    scratch.commit()
    scratch.write("lib/.dockerignore", ".dockerignore\ny\n")
    options = {"build_contexts": {"lib": str(scratch.top / "lib")}}
    assert ran(since_commit([source(scratch, **options)], "HEAD")) == ["y was removed"]
    assert ran(by_patch(scratch, **options)) == ["y was removed"]


def test_an_edit_of_what_makes_the_build_is_told(scratch: Scratch, tmp_path: Path) -> None:
    [change] = edit_files([source(scratch)], [scratch.top / ".dockerignore"])
    assert change.notes[0].startswith(".dockerignore is the ignore file: ")
    outside = tmp_path / "outside.Dockerfile"
    outside.write_text(DOCKERFILE)
    ignore = tmp_path / "outside.Dockerfile.dockerignore"
    ignore.write_text("")
    found = SourceReader(lambda _: None).read(Variant("o", outside, scratch.top))
    for file, what in ((outside, "the Dockerfile itself"), (ignore, "the ignore file")):
        [change] = edit_files([found], [file])
        assert what in change.notes[0]


def test_a_patch_of_new_files_starts_where_their_folders_are(scratch: Scratch) -> None:
    scratch.write("app/Dockerfile", DOCKERFILE)
    scratch.write("app/src/a.py", "a\n")
    scratch.commit()
    variant = Variant("app", scratch.top / "app/Dockerfile", scratch.top / "app")
    now = SourceReader(lambda _: None).read(variant)
    added = "--- /dev/null\n+++ b/{}\n@@ -0,0 +1 @@\n+1\n"
    places = [scratch.top, scratch.top / "app"]
    assert ran(apply([now], added.format("app/src/new.py"), places)) == ["src/new.py was added"]
    scratch.write("app/lib/x", "1")
    scratch.write("app/Dockerfile", "FROM scratch\nCOPY lib /\n")
    now = SourceReader(lambda _: None).read(variant)
    assert ran(apply([now], added.format("lib/new.py"), places)) == ["lib/new.py was added"]
    # Where both fit, it is the repository's top: so `git diff` writes it.
    assert ran(apply([source(scratch)], added.format("src/new.py"), places)) == ["src/new.py was added"]


def test_a_dockerfile_that_a_patch_removes_is_no_hit(scratch: Scratch) -> None:
    scratch.write("other.Dockerfile", DOCKERFILE)
    scratch.commit()
    scratch.git("rm", "--quiet", "Dockerfile")
    diff = scratch.git("diff", "--cached").decode()
    scratch.git("reset", "--quiet", "--hard")
    other = SourceReader(lambda _: None).read(Variant("other", scratch.top / "other.Dockerfile", scratch.top))
    found = apply([source(scratch), other], diff, [scratch.top])
    assert [change.source.variant.name for change in found.each] == ["other"]
    assert found.notes == ("web is left out: Dockerfile is not there with the patch: there is no build of it",)
    with pytest.raises(UsageError, match="Dockerfile is not there with the patch"):
        apply([source(scratch)], diff, [scratch.top])


def test_a_file_that_became_a_folder(scratch: Scratch) -> None:
    (scratch.top / "src/a.py").unlink()
    scratch.write("src/a.py/z", "z")
    assert ran(since_commit([source(scratch)], "HEAD")) == ["src/a.py (type) and src/a.py/z (added) changed"]


def test_a_folder_that_became_a_file(scratch: Scratch) -> None:
    scratch.write("src/d/z", "z")
    scratch.commit()
    scratch.git("rm", "--quiet", "-r", "src/d")
    scratch.write("src/d", "now a file")
    assert ran(since_commit([source(scratch)], "HEAD")) == ["src/d (type) and src/d/z (removed) changed"]


def test_a_bench_file_of_then(scratch: Scratch) -> None:
    text = 'name = "b"\n[variants.web]\ndockerfile = "Dockerfile"\nbuild_args = {{ V = "{}" }}\n'
    scratch.write("Dockerfile", "FROM scratch\nARG V\nRUN make\nCOPY src /\n")
    bench_file = scratch.write("layerbench.toml", text.format(1))
    scratch.commit()
    scratch.write("layerbench.toml", text.format(2))
    [variant] = load_bench_file(bench_file, os.environ).variants
    now = SourceReader(lambda _: None).read(variant)
    assert ran(since_commit([now], "HEAD", bench_file))[0] == "build argument V was 1, is 2"
    diff = scratch.git("diff").decode()
    found = apply([now], diff, [scratch.top], bench_file)
    assert "the patch changes layerbench.toml" in found.notes[0]
    scratch.write("layerbench.toml", "no TOML at all")
    scratch.commit()
    scratch.write("layerbench.toml", text.format(2))
    found = since_commit([now], "HEAD", bench_file)
    assert found.notes[0].startswith("the bench file of HEAD cannot be used: variants and their options are taken")
    assert ran(found) == []


def test_a_commit_without_a_bench_file(scratch: Scratch) -> None:
    bench_file = scratch.write("layerbench.toml", 'name = "b"\n[variants.web]\ndockerfile = "Dockerfile"\n')
    scratch.write("src/a.py", "other")
    found = since_commit([source(scratch)], "HEAD", bench_file)
    assert found.notes == ("HEAD has no bench file: variants and their options are taken as they are now",)
    assert ran(found) == ["src/a.py changed (content)"]


@pytest.fixture
def with_submodule(scratch: Scratch, tmp_path: Path) -> Scratch:
    inner = Scratch.new(tmp_path / "inner")
    inner.write("one", "1")
    inner.write("two", "2")
    inner.commit()
    scratch.git("submodule", "--quiet", "add", str(inner.top), "src/sub")
    scratch.commit()
    checkout = Scratch(scratch.top / "src/sub")
    checkout.write("two", "other")
    checkout.commit()
    return scratch


def test_a_submodule_at_another_commit(with_submodule: Scratch) -> None:
    scratch = with_submodule
    assert ran(since_commit([source(scratch)], "HEAD")) == ["src/sub/two changed (content)"]
    scratch.commit("bump")
    assert ran(since_commit([source(scratch)], "HEAD~1")) == ["src/sub/two changed (content)"]
    assert ran(since_commit([source(scratch)], "HEAD")) == []
    # What git keeps where a submodule is, is no file of the commit.
    assert "src/sub/one (added)" in ran(since_commit([source(scratch)], "HEAD~2"))[0]


def test_a_submodule_whose_commit_is_not_there(with_submodule: Scratch) -> None:
    scratch = with_submodule
    scratch.git("update-index", "--cacheinfo", f"160000,{'1' * 40},src/sub")
    scratch.git("commit", "--quiet", "--message", "elsewhere")
    found = since_commit([source(scratch)], "HEAD")
    assert found.notes[0].startswith("the files of the submodule src/sub are taken as they are now")
    assert ran(found) == []


def test_a_patch_that_moves_a_submodule(with_submodule: Scratch) -> None:
    scratch = with_submodule
    scratch.write("src/a.py", "other\n")
    diff = scratch.git("diff").decode()
    assert "Subproject commit" in diff
    found = apply([source(scratch)], diff, [scratch.top])
    assert found.notes[0].startswith("the files of the submodule src/sub are taken as they are now")
    assert ran(found) == ["src/a.py changed (content)"]
    alone = scratch.git("diff", "src/sub").decode()
    assert ran(apply([source(scratch)], alone, [scratch.top])) == []


def test_a_binary_file_without_its_content(scratch: Scratch) -> None:
    scratch.write("src/b.bin", b"\0one")
    scratch.commit()
    scratch.write("src/b.bin", b"\0two")
    scratch.write("src/c.bin", b"\0new", 0o755)
    scratch.git("add", "--all")
    diff = scratch.git("diff", "--cached").decode()
    assert "Binary files" in diff
    expected = ["src/b.bin (content) and src/c.bin (added) changed"]
    assert ran(apply([source(scratch)], diff, [scratch.top])) == expected
    scratch.git("reset", "--quiet", "--hard")
    [change] = apply([source(scratch)], diff, [scratch.top]).each
    assert causes(change) == expected
    assert change.after.contexts[""].entries["src/c.bin"].mode == 0o755
    scratch.write("src/b.bin", b"\0three")
    with pytest.raises(UsageError, match=r"src/b\.bin is a binary file.*git diff --binary"):
        apply([source(scratch)], diff, [scratch.top])


def test_a_binary_file_that_is_renamed(scratch: Scratch) -> None:
    scratch.write("src/b.bin", b"\0one" * 100)
    scratch.commit()
    scratch.git("mv", "src/b.bin", "src/ö.bin")
    scratch.write("src/ö.bin", b"\0one" * 100 + b"\0")
    scratch.git("add", "--all")
    diff = scratch.git("diff", "--cached", "-M").decode()
    assert "rename from" in diff
    expected = ["src/b.bin (removed) and src/ö.bin (added) changed"]
    assert ran(apply([source(scratch)], diff, [scratch.top])) == expected
    scratch.git("reset", "--quiet", "--hard")
    assert ran(apply([source(scratch)], diff, [scratch.top])) == expected


def test_names_that_are_no_utf8_have_one_form(scratch: Scratch) -> None:
    scratch.write(os.fsdecode(b"src/\xff.txt"), "1")
    [step] = _steps(since_commit([source(scratch)], "HEAD"))
    assert step.cause is not None
    assert step.cause.text == r"src/\xff.txt was added"


def _steps(changes: Changes) -> tuple[ForeseenStep, ...]:
    [change] = changes.each
    return foreseen_change(change)


def test_a_file_that_may_not_be_read(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    now = source(scratch)

    def refuse(_source: str, _target: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("layerbench.foresight.patches.copy_entry", refuse)
    diff = "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-a\n+b\n"
    with pytest.raises(UsageError, match=r"the patch changes src/a\.py, which cannot be read \(Permission denied\)"):
        apply([now], diff, [scratch.top])
