"""The bench files of two trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.ab.loading import Place, Side, fitting, load_sides
from layerbench.config.models import BenchFile
from layerbench.errors import UsageError

BENCH = "[variants.a]\n[variants.b]\n[scenarios.edit]\nedits = [{ append = 'app.py', text = 'x' }]\nvariants = ['a']\n"


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Side, Side]:
    made = []
    for label in ("main", "the working tree"):
        tree = tmp_path / label / "project"
        tree.mkdir(parents=True)
        for name in "ab":
            (tree / f"{name}.Dockerfile").write_text("FROM scratch\nCOPY . .\n")
        (tree / "app.py").write_text("")
        made.append(Side(label, tree))
    (tmp_path / "own").mkdir()
    return made[0], made[1]


def load(sides: tuple[Side, Side], file: str | None = None) -> tuple[BenchFile, BenchFile, list[str]]:
    notes: list[str] = []
    place = Place(sides[0].tree.parent.parent / "own", Path(), file)
    base, head = load_sides(*sides, place, {}, notes.append)
    return base, head, notes


def test_each_side_has_its_own_file(sides: tuple[Side, Side]) -> None:
    (sides[0].tree / "layerbench.toml").write_text("[variants.a]\n")
    (sides[1].tree / "pyproject.toml").write_text("[tool.layerbench.variants.b]\n")
    base, head, notes = load(sides)
    assert ([one.name for one in base.variants], [one.name for one in head.variants]) == (["a"], ["b"])
    assert base.name == head.name == "project"
    assert notes == []


@pytest.mark.parametrize("has", [0, 1])
def test_a_file_on_one_side_serves_for_both(sides: tuple[Side, Side], has: int) -> None:
    (sides[has].tree / "layerbench.toml").write_text(BENCH)
    lacking = sides[1 - has]
    (lacking.tree / "b.Dockerfile").unlink()
    *benches, notes = load(sides)
    assert notes == [f"{lacking.label} has no bench file: that of {sides[has].label} serves for both"]
    taken = benches[1 - has]
    assert [variant.dockerfile for variant in taken.variants] == [lacking.tree / "a.Dockerfile"]
    assert taken.folder == lacking.tree
    assert not (lacking.tree / "layerbench.toml").exists()


def test_a_file_on_one_side_without_dockerfiles_on_the_other(sides: tuple[Side, Side]) -> None:
    (sides[1].tree / "layerbench.toml").write_text(BENCH)
    for name in "ab":
        (sides[0].tree / f"{name}.Dockerfile").unlink()
    with pytest.raises(UsageError, match=r"^main has no bench file, and none of the Dockerfiles that that of the "):
        load(sides)


def test_no_file_at_all(sides: tuple[Side, Side]) -> None:
    with pytest.raises(UsageError, match=r"neither main nor the working tree has the bench file other\.toml"):
        load(sides, "other.toml")


def test_errors_name_the_state_and_not_where_it_lies(sides: tuple[Side, Side]) -> None:
    (sides[0].tree / "layerbench.toml").write_text("[variants.c]\n")
    (sides[1].tree / "layerbench.toml").write_text(BENCH)
    with pytest.raises(UsageError, match=r'^in main: layerbench.toml: variants.c.dockerfile: .*: "c.Dockerfile"'):
        load(sides)


def test_files_that_git_ignores_are_those_of_the_checkout(sides: tuple[Side, Side], tmp_path: Path) -> None:
    text = (
        "[variants.a]\nsecrets = [{ id = 'token', file = 'token.txt' }]\n"
        "[bases]\n'python:3' = 'oci-layout://bases/python:3'\n"
    )
    for side in sides:
        (side.tree / "layerbench.toml").write_text(text)
    with pytest.raises(UsageError, match="the file of secret"):
        load(sides)
    (tmp_path / "own/token.txt").write_text("secret")
    for bench in load(sides)[:2]:
        assert bench.variants[0].secrets[0].file == tmp_path / "own/token.txt"
        assert bench.bases == {"python:3": f"oci-layout://{tmp_path}/own/bases/python:3"}
    assert not any((side.tree / "token.txt").is_symlink() for side in sides)
    (sides[0].tree / "bases/python").mkdir(parents=True)
    assert load(sides)[0].bases == {"python:3": f"oci-layout://{sides[0].tree}/bases/python:3"}


def test_scenarios_that_do_not_fit_are_told_and_left_out(sides: tuple[Side, Side]) -> None:
    (sides[0].tree / "layerbench.toml").write_text(BENCH)
    (sides[0].tree / "app.py").unlink()
    notes: list[str] = []
    base, _, _ = load(sides)
    assert [scenario.name for scenario in fitting(base, sides[0], notes.append).scenarios] == ["cold", "warm"]
    [note] = notes
    assert note.startswith("the scenario edit is left out, for its edits do not fit main: in main: scenarios.edit: ")
