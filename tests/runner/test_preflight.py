"""What is found wrong before an engine is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.config.models import Append, BenchFile, Delete, Replace, Scenario, Secret, Variant
from layerbench.errors import UsageError
from layerbench.runner.preflight import check_all_edits, check_dockerfiles, check_secrets


def bench(folder: Path, *scenarios: Scenario, **fields: object) -> BenchFile:
    variant = Variant("v", folder / "Dockerfile", folder, **fields)  # type: ignore[arg-type]
    return BenchFile("bench", folder, (variant,), scenarios, 1)


def edit(*edits: object, variants: tuple[str, ...] | None = None) -> Scenario:
    return Scenario("e", "edit", edits=edits, variants=variants)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"/Dockerfile: the Dockerfile cannot be parsed: file with no instructions$"),
        (b"# only a comment\n", r"cannot be parsed: file with no instructions$"),
        (b"ARG x\n", r"the Dockerfile has no FROM$"),
        (b"FROM x\n\nCOPPY a b\n", r'line 3: no instruction is named COPPY; did you mean "COPY"\?$'),
        (b"# syntax=docker/dockerfile:1\nFROM x\nQQQQQQ\n", r"line 3: no instruction is named QQQQQQ; known: ADD, ARG"),
        (b'FROM x\nRUN ["a", \n', None),
        (b"FROM ${missing:?why}\n", r"Dockerfile: "),
    ],
)
def test_dockerfiles_that_cannot_be_built(tmp_path: Path, content: bytes, said: str | None) -> None:
    (tmp_path / "Dockerfile").write_bytes(content)
    if said is None:
        check_dockerfiles(bench(tmp_path))  # what the shell gets is the shell's affair
        return
    with pytest.raises(UsageError, match=said):
        check_dockerfiles(bench(tmp_path))


def test_another_frontend_may_know_other_instructions(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("# syntax=someone/else:1\nFROM x\nINSTALL y\n")
    check_dockerfiles(bench(tmp_path))


def test_target_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x AS builder\nFROM builder AS final\n")
    with pytest.raises(UsageError, match=r'Dockerfile: no stage is named "tset"; the Dockerfile has: builder, final'):
        check_dockerfiles(bench(tmp_path, target="tset"))


def test_a_dockerfile_that_went_away(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Dockerfile: No such file"):
        check_dockerfiles(bench(tmp_path))


def test_secrets_have_to_have_a_value(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'variants\.v\.secrets: secret "t": the environment variable T is not set'):
        check_secrets(bench(tmp_path, secrets=(Secret("t", env="T"),)), {})
    with pytest.raises(UsageError, match=r'secret "t": its file ".*/gone" cannot be read: No such file'):
        check_secrets(bench(tmp_path, secrets=(Secret("t", file=tmp_path / "gone"),)), {})
    (tmp_path / "there").write_text("x")
    check_secrets(bench(tmp_path, secrets=(Secret("t", env="T"), Secret("f", file=tmp_path / "there"))), {"T": "x"})


def test_edits_are_tried_and_the_tree_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("print(1)\n")
    before = (tmp_path / "app.py").stat()
    check_all_edits(bench(tmp_path, edit(Append("app.py", "# {nonce}"), Replace("app.py", "1", "2"))))
    after = (tmp_path / "app.py").stat()
    assert (before.st_mtime_ns, before.st_ctime_ns, before.st_size) == (
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_size,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (Append("gone.py", "x"), r'^scenarios\.e: append: no such file "gone.py" in the context$'),
        (Delete("gone.py"), r'^scenarios\.e: delete: no such file "gone.py" in the context$'),
        (Replace("app.py", "absent", "x"), r'^scenarios\.e: replace: "absent" matches nothing in "app.py"$'),
        (Replace("app.py", "1", "1"), r'^scenarios\.e: replace: .* "app.py" does not change$'),
    ],
)
def test_edits_that_cannot_work_or_change_nothing(tmp_path: Path, what: object, said: str) -> None:
    (tmp_path / "app.py").write_text("print(1)\n")
    with pytest.raises(UsageError, match=said):
        check_all_edits(bench(tmp_path, edit(what)))


def test_a_scenario_is_tried_only_with_its_own_variants(tmp_path: Path) -> None:
    check_all_edits(bench(tmp_path, edit(Append("gone.py", "x"), variants=("other",))))
