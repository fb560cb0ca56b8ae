"""The sample apps hold together: what their bench files name is there, and is what the issue of each file says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from layerbench.config.file import load_bench_file
from layerbench.config.models import BenchFile, Replace
from layerbench.index.requirements import pinned_version, project_of, read_requirements
from layerbench.workspace import check_edits

FOLDER = Path(__file__).resolve().parents[1] / "sample_app"
VARIANTS = {
    "web": ["naive", "single", "single-pip-cache", "multi", "multi-no-mounts"],
    "native": ["single", "multi"],
}
SCENARIOS = ["cold", "warm", "edit-source", "edit-deps", "touch", "add-file", "edit-ignored"]


@pytest.fixture(params=sorted(VARIANTS))
def bench(request: pytest.FixtureRequest) -> BenchFile:
    return load_bench_file(FOLDER / request.param / "layerbench.toml", {})


def test_every_dockerfile_is_a_variant(bench):
    assert [variant.name for variant in bench.variants] == VARIANTS[bench.name]
    assert {path.name for path in bench.folder.glob("*.Dockerfile")} == {v.dockerfile.name for v in bench.variants}
    assert all(variant.smoke is not None for variant in bench.variants)
    assert [scenario.name for scenario in bench.scenarios] == SCENARIOS


def test_every_edit_fits(bench):
    for scenario in bench.scenarios:
        if scenario.edits:
            check_edits(bench.folder, scenario.edits)


def test_requirements_are_pinned(bench):
    for line in read_requirements(bench.folder / "requirements.txt"):
        assert pinned_version(line), line


def test_the_index_holds_the_pins_that_edits_change_to(bench):
    changed = {edit.replacement for s in bench.scenarios for edit in s.edits if isinstance(edit, Replace)}
    assert changed == set(bench.index.packages)
    assert changed.isdisjoint(read_requirements(bench.folder / "requirements.txt"))


def test_the_stand_in_is_where_make_base_puts_it(bench):
    top = FOLDER.parent
    assert bench.bases == {"python:3.12-slim": f"oci-layout://{top}/.layerbench/bases/python-3.12-slim:3.12-slim"}


def test_only_the_naive_one_has_no_syntax_line(bench):
    for variant in bench.variants:
        has_line = variant.dockerfile.read_text().startswith("# syntax=docker/dockerfile:1\n")
        assert has_line is (variant.name != "naive")


def test_variants_differ_in_what_they_are_about(bench):
    texts = {variant.name: variant.dockerfile.read_text() for variant in bench.variants}
    if bench.name == "web":
        assert texts["single"].replace(" --no-cache-dir", "") == texts["single-pip-cache"]
        final = {name: texts[name].partition("\n\n")[2] for name in ("multi", "multi-no-mounts")}
        assert final["multi"] == final["multi-no-mounts"]
        assert "--mount" not in texts["multi-no-mounts"]
    else:
        assert "libpq-dev" not in texts["multi"].partition("\n\n")[2]


def test_what_is_imported_is_required(bench):
    tree = ast.parse((bench.folder / "app.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    required = {project_of(line) for line in read_requirements(bench.folder / "requirements.txt")}
    assert imported == required


def test_an_ignored_file_is_ignored(bench):
    ignored = (bench.folder / ".dockerignore").read_text().splitlines()
    assert "*.md" in ignored
    assert (bench.folder / "README.md").is_file()
    assert not any(re.match(r"(app|\*)\.py", line) for line in ignored)
