"""A folder with a bench file and a run of it, and `layerbench check` there."""

from __future__ import annotations

import subprocess
from pathlib import Path

from layerbench.results.file import write_result
from layerbench.results.models import Result
from tests.cli.process import layerbench
from tests.results import factory

BUDGETS = """
[[budgets]]
metric = "compressed_bytes"
max = "120MB"
variant = "multi*"

[[expectations]]
claim = "a source edit does not run pip install again"
that = 'step matching "RUN*pip install*" of single is cached in edit-source'
"""
RELATIVE = """
[[budgets]]
metric = "compressed_bytes"
variant = "multi"
max_increase = ["5%", "1MB"]
"""


def fill(folder: Path) -> Path:
    """Lay out a bench file like the run's, and the run."""
    for plan in factory.WEB:
        (folder / f"{plan.name}.Dockerfile").write_text("FROM scratch\n")
    (folder / "app.py").write_text("")
    write_result(factory.result(), folder / "result.json")
    write_bench(folder, BUDGETS)
    return folder


def write_bench(folder: Path, limits: str, name: str = "web") -> None:
    """Write the bench file anew, with such limits."""
    variants = "".join(f"[variants.{plan.name}]\n" for plan in factory.WEB)
    edits = "".join(
        f'[scenarios.{one.name}]\nedits = [{{ touch = "app.py" }}]\n' for one in factory.SCENARIOS if one.kind == "edit"
    )
    (folder / "layerbench.toml").write_text(f'name = "{name}"\n{variants}{edits}{limits}')


def run_check(folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `layerbench check` in the folder."""
    # The host's own CI must not decide what a path is relative to.
    neutral = {"GITHUB_WORKSPACE": "", "CI_PROJECT_DIR": "", "COLUMNS": "120"}
    return layerbench("check", *arguments, folder=folder, **{**neutral, **environment})


def written(folder: Path, name: str, result: Result) -> str:
    """Write a result beside the first one; its name."""
    write_result(result, folder / name)
    return name
