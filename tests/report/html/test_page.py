"""The page: self-contained, well-formed, with the result file's figures, and safe whatever names say."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re

import pytest
from hypothesis import HealthCheck, given, settings

from layerbench.analysis.checks.models import BudgetOutcome, CheckReport, ExpectationOutcome, Place
from layerbench.analysis.explain.models import Cause, ExplainedStep, Explanation, StepName
from layerbench.analysis.figures import scenario_tables
from layerbench.report.cells import row_cells
from layerbench.report.interface import Options, reporter
from layerbench.results.file import result_json
from layerbench.results.models import Result, ScenarioRecord
from tests.report.html.pages import Reading, downloads, page_of, stored
from tests.results import factory, strategies
from tests.results.factory import StepPlan, VariantPlan

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202eevil</script>"
COLD = (ScenarioRecord("cold", "cold", "nothing cached"),)


def many_steps(count: int) -> Result:
    steps = tuple(StepPlan(f"RUN step {at}", at + 2, 0.1, factory.COLD, 100, 1000) for at in range(count))
    return factory.result((VariantPlan("long", ((None, steps),)),), COLD, 1)


def many_variants(count: int) -> Result:
    step = (StepPlan("RUN make", 2, 1.0, factory.COLD, 10_000, 20_000),)
    return factory.result([VariantPlan(f"variant-{at}", ((None, step),)) for at in range(count)], COLD, 1)


def hostile() -> Result:
    steps = (StepPlan(f"RUN {HOSTILE}", 2, 1.0, factory.COLD, 10_000, 20_000), StepPlan("RUN " + "x" * 5000, 3, 1, ()))
    one = factory.result((VariantPlan(HOSTILE, ((HOSTILE, steps),)),), (ScenarioRecord(HOSTILE, "edit", HOSTILE),), 2)
    one = factory.with_images(factory.fail(one, HOSTILE, HOSTILE, [2], 1), path=HOSTILE)
    return dataclasses.replace(one, notes=(HOSTILE,), bench=dataclasses.replace(one.bench, name=HOSTILE))


def without_steps() -> Result:
    one = factory.result(rounds=1)
    builds = tuple(
        dataclasses.replace(
            build,
            steps=(),
            image=build.image
            and dataclasses.replace(
                build.image, layers=tuple(dataclasses.replace(layer, step=None) for layer in build.image.layers)
            ),
        )
        for build in one.builds
    )
    return dataclasses.replace(one, builds=builds)


def one_build() -> Result:
    one = factory.result((factory.plan("multi"),), COLD, 1)
    assert len(one.builds) == 1
    return one


def all_failed() -> Result:
    return factory.fail(factory.result((factory.plan("multi"),), COLD, 3), "multi", "cold")


CASES = {
    "whole": lambda: factory.with_images(factory.result()),
    "older, without images": factory.result,
    "without steps": without_steps,
    "one build": one_build,
    "failed": all_failed,
    "no builds": lambda: dataclasses.replace(factory.result(), builds=(), complete=False),
    "200 steps": lambda: many_steps(200),
    "300 variants": lambda: many_variants(300),
    "hostile": hostile,
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Result, str]:
    result = CASES[request.param]()
    return result, page_of(result)


def test_every_result_gives_a_well_formed_page(case: tuple[Result, str]) -> None:
    _, text = case
    page = Reading(text)
    assert page.wrong == []
    assert page.open == []
    assert text.startswith("<!doctype html>") or text.lstrip().startswith("<!doctype html>")
    assert [tag for tag, _ in page.elements].count("h1") == 1
    for name in ("timeline-store", "image-store"):
        for fragment in stored(text, name).values():
            assert Reading(fragment).wrong == []
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))


def test_every_link_into_the_page_leads_somewhere(case: tuple[Result, str]) -> None:
    page = Reading(case[1])
    targets = {href[1:] for href in page.attributes("href") if href.startswith("#")}
    assert targets <= set(page.attributes("id"))


def test_no_request_and_no_style_or_script_that_the_policy_does_not_name(case: tuple[Result, str]) -> None:
    text = case[1]
    page = Reading(text)
    assert page.attributes("src") == []
    assert not [name for _, attrs in page.elements for name in attrs if name == "style" or name.startswith("on")]
    assert all(href.startswith(("#", "data:application/gzip;")) for href in page.attributes("href"))
    assert not re.search(r"url\((?!#)|@import", text.partition("</style>")[0])
    policy = next(attrs["content"] or "" for tag, attrs in page.elements if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none';")
    for kind in ("style", "script"):
        content = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_the_result_file_can_be_taken_out(case: tuple[Result, str]) -> None:
    result, text = case
    (content,) = downloads(text).values()
    assert content == result_json(dataclasses.replace(result, side_file=None))


def test_each_chart_has_a_name_and_a_table(case: tuple[Result, str]) -> None:
    page = Reading(case[1])
    charts = [attrs for tag, attrs in page.elements if tag == "svg" and attrs.get("role") == "img"]
    assert all(attrs.get("aria-label") for attrs in charts)
    for fragment in stored(case[1], "timeline-store").values():
        assert "<table>" in fragment


def test_the_figures_are_those_of_the_commands_table() -> None:
    result = factory.result(rounds=5)
    words = Reading(page_of(result)).words
    for table in scenario_tables(result):
        for row in table.rows:
            cells = row_cells(row)
            line = " ".join(part for part in (table.scenario, cells.variant, cells.time, cells.range) if part)
            assert line in words, line


def test_hostile_names_stay_text() -> None:
    text = page_of(hostile())
    everything = [text, *stored(text, "timeline-store").values(), *stored(text, "image-store").values()]
    for piece in everything:
        assert "<script>alert" not in piece
        assert "<img" not in piece
        assert "\u202e" not in piece
    assert "\\u202eevil" in text
    index = re.search(r'id="build-index">(.*?)</script>', text, re.DOTALL)
    assert index is not None
    assert "<" not in index[1]


def test_a_long_instruction_is_cut_and_there_as_a_whole_on_demand() -> None:
    text = page_of(hostile())
    assert "x" * 5000 in text
    cut = re.search(r"<summary><code[^>]*>(RUN x+ \.\.\.)</code></summary>", text)
    assert cut is not None
    assert len(cut[1]) < 300


def test_a_failed_build_says_why() -> None:
    page = Reading(page_of(all_failed()))
    assert "ended with exit code 1" in page.words
    assert "FAILED" in page.words
    assert "Collecting fastapi" in page.words


def test_every_build_has_a_timeline() -> None:
    result = factory.result(rounds=2)
    timelines = stored(page_of(result), "timeline-store")
    assert len(timelines) == len(result.builds)


def test_verdicts_have_their_evidence() -> None:
    check = CheckReport(
        "regression",
        (
            BudgetOutcome(
                "compressed_bytes", "bytes", "multi", None, None, "fail", "regression", 2e6, 1e6, "+5%",
                "multi grew by 1.0 MB", ("numpy: +1.0 MB",), Place("multi.Dockerfile", 4),
            ),
        ),
        (ExpectationOutcome("a claim", "x < y", "confirmed", "x is 1, y is 2"),),
        (), (), (), "verdict: regression compressed_bytes[multi]",
    )  # fmt: skip
    words = Reading(page_of(factory.result(rounds=1), check=check)).words
    for text in ("multi grew by 1.0 MB", "numpy: +1.0 MB", "multi.Dockerfile:4", "a claim", "x is 1, y is 2"):
        assert text in words
    assert "verdict: regression compressed_bytes[multi]" in words


def test_first_causes_stand_in_the_table() -> None:
    result = factory.result((factory.plan("single"),), rounds=1)
    build = next(one for one in result.builds if one.scenario == "edit-deps")
    copy = StepName(2, None, 3, build.steps[2].instruction, 4)
    install = StepName(3, None, 4, build.steps[3].instruction, 5)
    changed = Cause("files", copy, "requirements.txt changed (content)")
    explanation = Explanation(
        (
            ExplainedStep("single", "edit-deps", 1, copy, "ran", "proven", changed),
            ExplainedStep("single", "edit-deps", 1, install, "ran", "proven", Cause("parent", copy, "above"), changed),
        )
    )
    text = page_of(result, explanation=explanation)
    assert "<small><bdi>requirements.txt changed (content)</bdi></small>" in text
    assert "<small><bdi>line 4: requirements.txt changed (content)</bdi></small>" in text


@pytest.mark.parametrize(("rounds", "most"), [(2, 180_000), (5, 235_000)])
def test_the_sample_apps_run_is_small(rounds: int, most: int) -> None:
    """Its bench file asks for two rounds. With the side file the images take some 80 kB more; 400 kB is the limit."""
    result = factory.with_images(factory.result(rounds=rounds), packages=10)
    assert len(page_of(result).encode()) < most


def test_what_is_sorted_by_has_no_more_digits_than_are_seen() -> None:
    page = Reading(page_of(factory.result(rounds=5)))
    figures = [value for value in page.attributes("data-v") if "." in value]
    assert figures
    assert max(map(len, figures)) <= len("0.1234")


def test_what_stands_in_the_page_is_not_stored_as_well() -> None:
    text = page_of(factory.with_images(factory.result(rounds=1)))
    keys = re.findall(r'<option value="(i\d+)"', text)
    shown = re.search(r'<option value="(i\d+)" selected', text)
    assert shown is not None
    assert set(stored(text, "image-store")) == set(keys) - {shown[1]}


def test_without_start_times_of_steps_the_page_says_that_there_is_no_path() -> None:
    one = one_build()
    steps = tuple(dataclasses.replace(step, started_seconds=None, intervals_seconds=()) for step in one.builds[0].steps)
    text = page_of(dataclasses.replace(one, builds=(dataclasses.replace(one.builds[0], steps=steps),)))
    words = Reading(text).words
    assert "Its record does not say when its steps were at work" in words
    assert 'class="path"' not in text.partition('id="timelines"')[2].partition("</section>")[0]
    # How long each took is still known.
    [timeline] = stored(text, "timeline-store").values()
    assert timeline.count("<tr>") == 1 + 1 + len([step for step in steps if step.seconds is not None])


def test_paper_is_light_whatever_the_screen_is() -> None:
    """A dark palette that a sheet of paper would take as well stands outside of `@media screen`."""
    style = page_of(one_build()).partition("<style>")[2].partition("</style>")[0]
    dark = [at.start() for at in re.finditer("color-scheme:dark;", style)]
    assert len(dark) == 2
    assert all(style.rfind("@media", 0, at) == style.rfind("@media screen", 0, at) for at in dark)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=10)
@given(strategies.result())
def test_any_result_gives_a_page(result: Result) -> None:
    assert Reading(page_of(result)).wrong == []


def test_it_is_a_format_like_the_others() -> None:
    assert reporter("html").render(factory.result(rounds=1), Options()).rstrip().endswith("</html>")
