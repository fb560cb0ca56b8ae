from __future__ import annotations

import json
import re

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.impact.models import CommitCosts, Effect, FileGroup, Ignorable, Impact, VariantImpact
from layerbench.report.impact import json_files, markdown, table
from layerbench.report.interface import Options
from tests.report.examples import HOSTILE_VARIANT

INSTALL = StepName(2, None, 3, "RUN pip install -r requirements.txt", 5)
COPY = StepName(3, None, 4, "COPY . .", 6)
EFFECTS = (
    Effect((FileGroup("requirements.txt", 1),), 1, (INSTALL, COPY), (2.8, 0.1), 3.2, 19_230_000),
    Effect((FileGroup("src/", 12), FileGroup("app.py", 1)), 13, (COPY,), (0.1,), 0.4, 1_210),
    Effect((FileGroup(".gitignore", 1),), 1, (), (), 0.2, 0),
)
GIT = Ignorable(
    ".git", ".dockerignore", "version control", 40, 2_000_000, (COPY,), ".git/HEAD", ("hatch-vcs reads it",)
)
COSTS = CommitCosts(50, 31, 0.62, 385_000.5, (("app.py", 20), ("requirements.txt", 1)))


def whole(costs: CommitCosts | None = COSTS) -> Impact:
    single = VariantImpact("single", EFFECTS, (GIT,), costs)
    naive = VariantImpact("naive", EFFECTS[:1], (GIT,), costs and CommitCosts(50, 31, 1.9, 1e7), ("a note",))
    return Impact("/project", (single, naive), ("of all",), "r.json")


def text(impact: Impact, top: int = 12, **options: int | bool) -> str:
    return table.render(impact, Options(**options), top=top)  # type: ignore[arg-type]


def test_the_table() -> None:
    assert (
        text(whole())
        == """\
what a commit costs
  variant  rebuild  redeploy  run a step
  single    0.62 s  385.0 kB       31/50
    most of it: app.py (20 commits), requirements.txt (1 commit)
  naive     1.90 s   10.0 MB       31/50
A commit costs single 0.62 s of rebuild on average and 385.0 kB of redeploy (over the last 50
  commits); naive 1.90 s.

single
  seconds  redeploy  files                     runs again
   3.20 s   19.2 MB      1  requirements.txt   pip install, COPY . .
   0.40 s    1.2 kB     13  src/ (12), app.py  COPY . .
   0.20 s       0 B      1  .gitignore         nothing

naive
  seconds  redeploy  files                    runs again
   3.20 s   19.2 MB      1  requirements.txt  pip install, COPY . .
  Note: a note

copied into the image, and could be left out by a line in .dockerignore
  line  what it leaves out
  .git  version control: 40 files, 2.0 MB
    careful: hatch-vcs reads it

Note: of all
How to read it: each row is a set of files whose edit runs the same steps again; seconds are of the
  whole rebuild, redeploy is what a machine with the image from before has to pull.
"""
    )


def test_without_commits_and_with_fewer_rows() -> None:
    shown = text(whole(None), top=1)
    assert "what a commit costs" not in shown
    assert "and 2 more" in shown


def test_unknown_costs_are_dashes_and_no_ranking_is_claimed() -> None:
    shown = text(whole(CommitCosts(50, 31, None, None)))
    assert "A commit costs single" not in shown
    assert "–" in shown
    assert text(whole(CommitCosts(50, 31, None, None)), ascii_only=True).isascii()


def test_json() -> None:
    found = json.loads(json_files.render(whole()))
    assert [one["variant"] for one in found["variants"]] == ["single", "naive"]
    single = found["variants"][0]
    assert single["commits"]["worst_files"] == [
        {"path": "app.py", "commits": 20}, {"path": "requirements.txt", "commits": 1},
    ]  # fmt: skip
    assert single["files"][0]["steps"][0]["seconds"] == 2.8
    assert single["ignorable"][0]["line"] == ".git"


@pytest.mark.parametrize("width", [30, 45, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert [line for line in text(whole(), width=width).splitlines() if cell_len(line) > width] == []


def test_hostile_names_stay_text() -> None:
    name = StepName(1, HOSTILE_VARIANT, 2, HOSTILE_VARIANT, 1)
    hostile = Impact(
        HOSTILE_VARIANT,
        (
            VariantImpact(
                HOSTILE_VARIANT,
                (Effect((FileGroup(HOSTILE_VARIANT, 1),), 1, (name,), (None,), None, None),),
                (Ignorable(HOSTILE_VARIANT, HOSTILE_VARIANT, "x", 1, 1, (name,), "x", (HOSTILE_VARIANT,)),),
                CommitCosts(1, 1, 1.0, 1.0, ((HOSTILE_VARIANT, 1),)),
                (HOSTILE_VARIANT,),
            ),
        ),
        (HOSTILE_VARIANT,),
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text(hostile))
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.render(hostile, top=5))
    inline = [child for token in tokens for child in token.children or []]
    assert not [one for one in inline if one.type in {"link_open", "image"}]


def test_markdown() -> None:
    shown = markdown.render(whole(), top=2)
    assert shown.startswith("### What a commit costs\n")
    assert "| `single` | 0.62 s | 385.0 kB | 31/50 |" in shown
    assert "and 1 more" in shown
    assert "| `.git` | `.dockerignore` | version control: 40 files, 2.0 MB | hatch-vcs reads it |" in shown
