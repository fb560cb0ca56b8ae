from __future__ import annotations

import dataclasses
import re

import pytest
from lxml import etree

from layerbench.errors import UsageError
from layerbench.report import badge
from layerbench.report.interface import CHARTS, Options, reporter
from layerbench.report.svg.axis import bytes_label, seconds_label, ticks
from layerbench.report.svg.chart import Chart, inline
from layerbench.report.svg.dots import Dot, DotRow, draw_dots
from layerbench.report.svg.elements import escaped
from layerbench.report.svg.timeline import draw_timeline
from layerbench.report.svg.timeline_spans import BUILD_LANE, lay_out
from layerbench.report.svg.treemap import HEIGHT, Tile, draw_treemap
from tests.results import factory

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_stands_alone(chart: str) -> None:
    text = reporter("svg").render(factory.result(rounds=3), Options(chart=chart))
    root = etree.fromstring(text.encode())
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc").text
    assert "href" not in text
    assert not re.search(r"url\((?!#)", text)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_of_hostile_names_is_well_formed(chart: str) -> None:
    name = "<b>&\"'\x00\ufffe\u202e\U0001f600"
    plan = dataclasses.replace(factory.plan("multi"), name=name)
    text = reporter("svg").render(factory.result((plan,), rounds=1), Options(chart=chart))
    etree.fromstring(text.encode())
    assert "<b>" not in text


def test_nothing_to_draw_is_said() -> None:
    empty = dataclasses.replace(factory.result(), builds=())
    for chart in ("sizes", "steps", "timeline"):
        with pytest.raises(UsageError, match="nothing to draw"):
            reporter("svg").render(empty, Options(chart=chart))


def test_ticks_are_round_and_few() -> None:
    assert ticks(21.6) == (0, 5, 10, 15, 20)
    assert ticks(0.9) == pytest.approx((0, 0.2, 0.4, 0.6, 0.8))
    assert ticks(0) == (0,)
    assert ticks(float("inf")) == (0,)
    for most in (0.003, 1, 7, 59, 61, 1e9):
        assert 2 <= len(ticks(most)) <= 6
        assert ticks(most)[-1] <= most * 1.000001
    assert [seconds_label(value) for value in (0, 0.5, 20, 120)] == ["0", "0.5 s", "20 s", "2 min"]
    assert [bytes_label(value) for value in (0, 500, 2e4, 5e7)] == ["0", "500 B", "20 kB", "50 MB"]


def test_all_of_the_wall_time_is_somewhere() -> None:
    for build in factory.result(rounds=1).builds:
        timeline = lay_out(build)
        assert timeline.lanes[-1] == BUILD_LANE
        assert timeline.duration_seconds == pytest.approx(build.wall_seconds, abs=0.02)
        ends = sorted((span.start_seconds, span.end_seconds) for span in timeline.spans)
        clock = 0.0
        for start, end in ends:
            assert start - clock < 0.01, "a hole that is not shown"
            clock = max(clock, end)
        assert clock == pytest.approx(timeline.duration_seconds, abs=0.01)


def test_steps_of_a_stage_share_a_lane_and_those_at_once_do_not() -> None:
    build = factory.build(factory.plan("multi"), "cold", 1)
    assert lay_out(build).lanes == ("builder", "stage-1", BUILD_LANE)
    second = dataclasses.replace(build.steps[2], started_seconds=build.steps[1].started_seconds)
    beside = dataclasses.replace(build, steps=(*build.steps[:2], second, *build.steps[3:]))
    assert lay_out(beside).lanes[:2] == ("builder", "builder, at the same time")


def test_a_failed_step_is_shown_as_such() -> None:
    result = factory.fail(factory.result((factory.plan("multi"),), rounds=1), "multi", "cold", [1])
    timeline = lay_out(result.builds[0])
    assert [span.kind for span in timeline.spans if span.step == 3] == ["failed"]
    assert 's-failed"' in draw_timeline(timeline, "x").content


def test_a_build_without_steps_is_time_that_belongs_to_none() -> None:
    build = dataclasses.replace(factory.build(factory.plan("multi"), "cold", 1), steps=(), export_seconds=None)
    (span,) = lay_out(build).spans
    assert (span.kind, span.end_seconds) == ("other", build.wall_seconds)


def test_areas_are_as_large_as_what_they_stand_for() -> None:
    sizes = (600, 300, 100)
    chart = draw_treemap([Tile(f"t{size}", size, "", "l0") for size in sizes], "x", "y")
    root = etree.fromstring(f"<svg>{chart.content}</svg>")
    areas = [float(one.get("width").rstrip("%")) / 100 * float(one.get("height")) / HEIGHT for one in root.iter("rect")]
    assert sorted(areas) == pytest.approx([0.1, 0.3, 0.6], abs=0.002)


def test_what_is_too_small_is_put_together() -> None:
    tiles = [Tile("big", 1e6, "", "l0"), *(Tile(f"s{at}", 1, f"s{at}", "l0") for at in range(1000))]
    chart = draw_treemap(tiles, "x", "y")
    assert "1000 smaller ones" in chart.content
    assert chart.content.count("<rect") == 2


def test_an_outlier_is_named_beside_its_ring() -> None:
    dots = tuple(Dot(1.0 + at / 100, at, False) for at in range(5))
    chart = draw_dots([DotRow("v", (*dots, Dot(3.0, 6, True)), 1.02)], "x")
    assert 'class="dot outlier"' in chart.content
    assert ">round 6<" in chart.content


def test_the_words_beside_a_ring_lead_away_from_the_other_dots() -> None:
    dots = tuple(Dot(5.0 + at / 100, at, False) for at in range(5))
    low = draw_dots([DotRow("v", (*dots, Dot(4.0, 6, True)), 5.02), DotRow("w", (Dot(10, 1, False),), 10)], "x").content
    high = draw_dots(
        [DotRow("v", (*dots, Dot(6.0, 6, True)), 5.02), DotRow("w", (Dot(10, 1, False),), 10)], "x"
    ).content
    edge = draw_dots([DotRow("v", (*dots, Dot(6.0, 6, True)), 5.02)], "x").content
    ends = [content.count('text-anchor="end">round 6<') for content in (low, high, edge)]
    assert ends == [1, 0, 1]


def test_a_chart_in_a_page_says_what_it_is() -> None:
    root = etree.fromstring(inline(Chart("a <title>", "says", 10, "")))
    assert root.get("role") == "img"
    assert root.get("aria-label").startswith("a <title>. says")
    assert root.find("title") is None, "it would be shown on hover, over what a mark tells"


def test_escaping() -> None:
    assert escaped("<a href='x'>\u202e\ufffe") == "&lt;a href=&#x27;x&#x27;&gt;\\u202e\ufffd"


def test_a_badge_is_of_one_variant() -> None:
    with pytest.raises(UsageError, match="--variant"):
        badge.render(factory.result(), Options())
    text = badge.render(factory.result((factory.plan("single"),)), Options())
    assert text == '{"schemaVersion": 1, "label": "image size", "message": "107.2 MB", "color": "blue"}\n'


def test_a_badge_of_what_failed_says_so() -> None:
    failed = factory.fail(factory.result((factory.plan("single"),), factory.SCENARIOS[:1]), "single", "cold")
    assert '"build failed"' in badge.render(failed, Options())
