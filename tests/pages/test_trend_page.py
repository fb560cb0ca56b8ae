from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from layerbench.analysis.trend.entries import entry_of
from layerbench.analysis.trend.figures import figures_of
from layerbench.analysis.trend.lines import make_lines, most_telling_first
from layerbench.analysis.trend.models import LineKey, Point
from layerbench.report.trend import lines_html
from layerbench.results.file import read_result
from tests.history import factory
from tests.pages.opened import SCHEMES, WIDTHS, Scheme, opened

pytestmark = pytest.mark.e2e
RUNS = 12
GROWN_FROM = 7


@pytest.fixture(scope="module")
def page(pages: Path) -> Path:
    points: dict[LineKey, list[Point]] = {}
    for number in range(RUNS):
        path = factory.write(pages, number, growth_bytes=2_500_000 * (number >= GROWN_FROM), branch='"><b>ב</b>')
        result = read_result(path)
        for figure in figures_of(result):
            point = Point(
                entry_of(result, str(path), f"{number:064}"), figure.value, figure.low, figure.high, figure.count
            )
            points.setdefault(figure.key, []).append(point)
    target = pages / "trend.html"
    target.write_text(lines_html.render(most_telling_first(make_lines(points))))
    return target


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_opens_without_error_or_request(browser: Browser, page: Path, width: int, scheme: Scheme) -> None:
    with opened(browser, page, width, scheme) as found:
        assert (found.errors, found.requests, found.overflow_pixels()) == ([], [], 0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_keeps_people_out(browser: Browser, page: Path, scheme: Scheme) -> None:
    with opened(browser, page, scheme=scheme) as found:
        for summary in found.page.locator("summary").all()[:2]:
            summary.click()
        assert found.serious_violations() == []


def test_the_marked_commit_is_the_planted_one(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        section = found.page.locator("section", has_text="single, cold: compressed").first
        assert section.locator("circle.mark").count() == 1
        assert factory.commit_id(GROWN_FROM)[:10] in section.locator("ol li").inner_text()
        assert "+2.5 MB" in section.locator("ol li").inner_text()


def test_names_stay_text_and_the_table_opens_by_key(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        section = found.page.locator("section").first
        section.locator("summary").focus()
        found.page.keyboard.press("Enter")
        assert section.locator("tbody tr").count() == RUNS
        assert section.locator("tbody b").count() == 0
        assert '"><b>' in section.locator("tbody tr").first.inner_text()
