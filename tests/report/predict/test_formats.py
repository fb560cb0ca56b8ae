from __future__ import annotations

import json
import re

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len

from layerbench.analysis.explain.models import Cause, StepName
from layerbench.analysis.predict.models import PredictedStep, Prediction
from layerbench.report.interface import Options
from layerbench.report.predict import json_steps, markdown, table
from tests.report.examples import HOSTILE_VARIANT

COPY = StepName(1, "builder", 2, "COPY requirements.txt .", 4)
INSTALL = StepName(2, "builder", 3, "RUN pip install -r requirements.txt", 5)
VENV = StepName(3, "final", 2, "COPY --from=builder /venv /venv", 9)
LAST = StepName(4, "final", 3, "WORKDIR /x", 10)
FILES = Cause("files", COPY, "requirements.txt changed (content)")


def prediction(seconds: float | None = 3.1, variant: str = "multi") -> Prediction:
    parent = Cause("parent", COPY, "above")
    output = Cause("stage-output", INSTALL, "what builder holds for it changed")
    return Prediction(
        variant,
        (
            PredictedStep(COPY, "ran", "derived", 0.02, FILES),
            PredictedStep(INSTALL, "ran", "derived", seconds and 2.5, parent),
            PredictedStep(VENV, "ran", "unknown", 0.3, output),
            PredictedStep(LAST, "hit", "derived", 0.0, None),
        ),
        seconds,
        None if seconds is None else 19_230_000,
        ("a note",),
    )


def text(*predictions: Prediction, everything: bool = False, **options: int | bool) -> str:
    return table.render(predictions, Options(**options), everything=everything)  # type: ignore[arg-type]


def test_the_steps_that_will_run() -> None:
    lines = [" ".join(line.split()) for line in text(prediction(), width=120).splitlines()]
    assert lines[:3] == [
        "multi: 3 of 4 steps run again, 3.10 s for the whole build, 19.2 MB to redeploy",
        "line stage step seconds why",
        "4 builder COPY requirements.txt . 0.02 s requirements.txt changed (content)",
    ]
    whole = " ".join(lines)
    assert "2.50 s line 4 runs: requirements.txt changed (content)" in whole
    assert "what builder holds for it changed (builder line 5 runs: above)" in whole
    assert "(not certain)" in whole
    assert "Note: a note" in whole
    assert "WORKDIR" not in whole


def test_what_is_not_known_is_a_dash() -> None:
    shown = text(prediction(None), everything=True)
    assert "3 of 4 steps run again, – for the whole build, – to redeploy" in shown
    assert "WORKDIR /x" in shown
    assert text(prediction(None), ascii_only=True).isascii()


def test_one_step_and_none() -> None:
    one = Prediction("v", (PredictedStep(COPY, "ran", "derived", 1.0, FILES),), 1.2, 10)
    assert text(one).startswith("v: its only step runs again, 1.20 s")
    assert text(Prediction("v", prediction().steps[3:] * 2, 0.5, 0)).startswith("v: all 2 steps hit, 0.50 s")


def test_json_sums_of_one_variant_only() -> None:
    one = json.loads(json_steps.render([prediction()], costs_from="r.json"))
    assert (one["total_seconds"], one["redeploy_bytes"], one["costs_from"]) == (3.1, 19_230_000, "r.json")
    assert [step["outcome"] for step in one["steps"]] == ["ran", "ran", "ran", "hit"]
    two = json.loads(json_steps.render([prediction(), prediction(variant="b")]))
    assert two["total_seconds"] is None
    assert [variant["total_seconds"] for variant in two["variants"]] == [3.1, 3.1]
    assert [step["variant"] for step in two["steps"]] == ["multi"] * 4 + ["b"] * 4


@pytest.mark.parametrize("width", [30, 45, 60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert [line for line in text(prediction(), width=width).splitlines() if cell_len(line) > width] == []


def test_hostile_names_stay_text() -> None:
    name = StepName(1, HOSTILE_VARIANT, 2, HOSTILE_VARIANT, 1)
    hostile = Prediction(
        HOSTILE_VARIANT, (PredictedStep(name, "ran", "derived", 1.0, Cause("files", name, HOSTILE_VARIANT)),), 1.0, 1,
        (HOSTILE_VARIANT,),
    )  # fmt: skip
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text(hostile))
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.render([hostile]))
    inline = [child for token in tokens for child in token.children or []]
    assert not [one for one in inline if one.type in {"link_open", "image"}]


def test_markdown() -> None:
    shown = markdown.render([prediction()])
    assert "| 4 | builder | `COPY requirements.txt .` | ran | requirements.txt changed (content) | 0.02 s |" in shown
    assert shown.startswith("### multi\n")
