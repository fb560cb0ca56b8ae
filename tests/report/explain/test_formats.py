from __future__ import annotations

import json
import re

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len

from layerbench.analysis.explain.models import Cause, ExplainedStep, Explanation, StepName
from layerbench.context.models import FileChange
from layerbench.report.explain import json_steps, markdown, table
from layerbench.report.interface import Options
from tests.report.examples import HOSTILE_VARIANT

COPY = StepName(1, "builder", 2, "COPY requirements.txt .", 4)
INSTALL = StepName(2, "builder", 3, "RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt", 5)
TOOL = StepName(3, "final", 2, "COPY --from=builder /tool /tool", 9)
WORKDIR = StepName(0, "builder", 1, "WORKDIR /app", 3)
FILES = Cause("files", COPY, "requirements.txt changed (content)", (FileChange("requirements.txt", "content"),))
PARENT = Cause("parent", COPY, "a step above ran", FILES.files)


def edited(round_: int, variant: str = "multi") -> tuple[ExplainedStep, ...]:
    return (
        ExplainedStep(variant, "edit-deps", round_, WORKDIR, "hit", "proven", None),
        ExplainedStep(variant, "edit-deps", round_, COPY, "ran", "proven", FILES),
        ExplainedStep(variant, "edit-deps", round_, INSTALL, "ran", "proven", PARENT, FILES),
        ExplainedStep(variant, "edit-deps", round_, TOOL, "hit", "derived", None, reason="what it takes is the same"),
    )


def cold() -> tuple[ExplainedStep, ...]:
    cause = Cause("cache-missing", None, "the cache was emptied for this scenario")
    return tuple(ExplainedStep("multi", "cold", 1, step, "ran", "derived", cause) for step in (WORKDIR, COPY))


def whole() -> Explanation:
    return Explanation((*cold(), *edited(1), *edited(2)), ("a note",))


def text(explanation: Explanation, *, everything: bool = False, **options: int | bool) -> str:
    return table.render(explanation, Options(**options), everything=everything)  # type: ignore[arg-type]


def test_what_ran_and_what_hit_in_spite() -> None:
    assert (
        text(whole())
        == """\
multi
  cold: every step ran: the cache was emptied for this scenario
  edit-deps
    line  stage    step                                    why
       4  builder  COPY requirements.txt .            ran  requirements.txt changed (content)
       5  builder  RUN --mount=type…requirements.txt  ran  line 4 ran: requirements.txt changed
                                                           (content)
       9  final    COPY --from=builder /tool /tool    hit  what it takes is the same

Note: a note
Causes are proven by BuildKit's own cache keys, but for those that say otherwise.
"""
    )


def test_everything() -> None:
    shown = text(whole(), everything=True)
    assert shown.count("WORKDIR /app") == 2
    assert shown.count("the cache was emptied") == 2


def test_rounds_that_differ_are_told_apart() -> None:
    other = ExplainedStep("multi", "edit-deps", 3, COPY, "hit", "proven", None)
    shown = text(Explanation((*edited(1), *edited(2), other)))
    assert "edit-deps, rounds 1, 2\n" in shown
    assert "edit-deps, round 3: every step was a hit\n" in shown


def test_certainty_is_said_where_it_is_another() -> None:
    derived = ExplainedStep("multi", "edit-deps", 1, INSTALL, "ran", "derived", FILES)
    unknown = ExplainedStep("multi", "edit-deps", 1, TOOL, "ran", "unknown", Cause("unknown", TOOL, "not known"))
    shown = " ".join(text(Explanation((*edited(1)[:2], derived, unknown))).split())
    assert "requirements.txt changed (content) (derived)" in shown
    assert "not known (" not in shown
    assert "1 of 3 steps that ran did so for a cause that is not known." in shown
    only = text(Explanation((derived,)))
    assert "(derived)" not in only
    assert "Causes are derived from the Dockerfile" in only


def test_json_has_every_step_once() -> None:
    found = json.loads(json_steps.render(whole()))
    assert [(step["scenario"], step["rounds"]) for step in found["steps"]] == [
        *[("cold", [1])] * 2, *[("edit-deps", [1, 2])] * 4,
    ]  # fmt: skip
    install = found["steps"][4]
    assert (install["outcome"], install["certainty"], install["cause"]["kind"]) == ("ran", "proven", "parent")
    assert install["cause"]["first"]["instruction"] == "COPY requirements.txt ."
    assert install["cause"]["files"] == [{"path": "requirements.txt", "change": "content", "old_path": None}]
    assert found["steps"][5]["reason"] == "what it takes is the same"
    assert found["unknown_count"] == 0


@pytest.mark.parametrize("width", [30, 45, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert [line for line in text(whole(), width=width).splitlines() if cell_len(line) > width] == []


def test_hostile_names_stay_text() -> None:
    name = StepName(1, HOSTILE_VARIANT, 2, f"COPY {HOSTILE_VARIANT} .", 1)
    step = ExplainedStep(
        HOSTILE_VARIANT, HOSTILE_VARIANT, 1, name, "ran", "derived", Cause("files", name, HOSTILE_VARIANT)
    )
    explanation = Explanation((step,), (HOSTILE_VARIANT,))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text(explanation))
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.render(explanation))
    inline = [child for token in tokens for child in token.children or []]
    assert {one.content for one in inline if one.type == "html_inline"} <= {"<code>", "</code>", "<sub>", "</sub>"}
    assert not [one for one in inline if one.type in {"link_open", "image"}]
    assert text(explanation, ascii_only=True).isascii()


def test_markdown() -> None:
    shown = markdown.render(whole())
    assert shown.startswith("### multi\n\n**cold**: every step ran: the cache was emptied for this scenario\n")
    assert "| 4 | builder | `COPY requirements.txt .` | ran | requirements.txt changed (content) |" in shown


def test_nothing_to_explain() -> None:
    assert text(Explanation((), ("nothing was kept",))) == "Note: nothing was kept\n"
