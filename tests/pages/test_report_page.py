from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from layerbench.analysis.figures import scenario_tables
from layerbench.results.file import result_json
from layerbench.results.models import Result
from layerbench.units import format_bytes, format_seconds
from tests.pages.opened import SCHEMES, WIDTHS, Scheme, opened
from tests.report.html.pages import page_of
from tests.results import factory

pytestmark = pytest.mark.e2e
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202eevil"


@pytest.fixture(scope="module")
def result() -> Result:
    return factory.with_images(factory.result())


@pytest.fixture(scope="module")
def page(pages: Path, result: Result) -> Path:
    target = pages / "report.html"
    target.write_text(page_of(result))
    return target


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_opens_without_error_or_request(browser: Browser, page: Path, width: int, scheme: Scheme) -> None:
    with opened(browser, page, width, scheme) as found:
        assert (found.errors, found.requests, found.overflow_pixels()) == ([], [], 0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_keeps_people_out(browser: Browser, page: Path, scheme: Scheme) -> None:
    with opened(browser, page, scheme=scheme, bypass_csp=True) as found:
        found.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert found.serious_violations() == []


def test_figures_read_back_are_the_results_own(browser: Browser, page: Path, result: Result) -> None:
    with opened(browser, page) as found:
        rows = found.page.locator("#figures-table tbody tr").all_inner_texts()
    for table in scenario_tables(result):
        for figures in table.rows:
            assert figures.wall_seconds is not None
            assert figures.compressed_bytes is not None
            [row] = [cells for cells in map(_cells, rows) if cells[:2] == [table.scenario, figures.variant]]
            assert format_seconds(figures.wall_seconds.median) in row
            assert format_bytes(figures.compressed_bytes.median) in row


def test_sorting_by_click_and_by_key(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        table = found.page.locator("#figures-table")
        original = table.locator("tbody tr").all_inner_texts()
        button = table.locator("thead button", has_text="compressed").first
        button.click()
        ascending = _sort_values(button)
        assert ascending == sorted(ascending)
        assert len(set(ascending)) > 1
        button.focus()
        found.page.keyboard.press("Enter")
        assert _sort_values(button) == sorted(ascending, reverse=True)
        found.page.keyboard.press("Enter")
        assert table.locator("tbody tr").all_inner_texts() == original


def test_a_click_leads_to_the_median_build_and_a_second_one_is_laid_beside(
    browser: Browser, page: Path, result: Result
) -> None:
    with opened(browser, page) as found:
        link = found.page.locator("#figures-table tbody tr", has_text="multi-no-mounts").first.locator("a")
        link.click()
        timelines = found.page.locator("#timelines > div")
        anchor = link.get_attribute("data-build")
        found.page.locator(f'#timelines > div[data-key^="{anchor}-"] svg').first.wait_for()
        rounds = [one for one in result.builds if (one.variant, one.scenario) == ("multi-no-mounts", "cold")]
        median = sorted(rounds, key=lambda one: one.wall_seconds or 0)[(len(rounds) - 1) // 2]
        assert timelines.first.get_attribute("data-key") == f"{anchor}-{median.round}"
        found.page.get_by_label("Beside it: variant").select_option(index=1)
        found.page.wait_for_function("document.querySelectorAll('#timelines > div').length === 2")
        found.page.locator("#overlay").check()
        assert "over" in (found.page.locator("#timelines").get_attribute("class") or "")
        assert found.errors == []


def test_pointing_at_a_mark_tells_what_it_is(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        mark = found.page.locator("#timelines [data-tip]").first
        mark.scroll_into_view_if_needed()
        mark.hover()
        assert found.page.locator("#tip").is_visible()
        assert found.page.locator("#tip").inner_text() == mark.get_attribute("data-tip")
        found.page.keyboard.press("Escape")
        assert not found.page.locator("#tip").is_visible()


def test_folding_and_the_theme_by_keyboard(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        builds = found.page.locator("#builds > summary")
        builds.focus()
        found.page.keyboard.press("Enter")
        assert found.page.locator("#builds table").is_visible()
        found.page.locator("#theme").focus()
        found.page.keyboard.press("Enter")
        assert found.page.locator("html").get_attribute("data-theme") == "light"


def test_it_prints_light_and_whole(browser: Browser, page: Path) -> None:
    """Whatever theme is chosen; on a sheet of A4 with the margins that the page asks for."""
    with opened(browser, page, 703, "dark") as found:
        dark = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
        while found.page.locator("html").get_attribute("data-theme") != "dark":
            found.page.locator("#theme").click()
        found.page.emulate_media(media="print")
        found.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        light = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (dark == light, light) == (False, "rgb(255, 255, 255)")
        assert found.page.locator("details:not([open])").count() == 0
        assert found.page.locator("nav, .tools, .take").filter(visible=True).count() == 0
        cut = "(all) => all.filter((one) => one.scrollWidth > one.parentElement.clientWidth + 1).map((one) => one.id)"
        assert found.page.locator(".scroll > table").evaluate_all(cut) == []
        assert (found.errors, found.overflow_pixels()) == ([], 0)


def test_the_image_shown_first_can_be_chosen_again(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        first = found.page.locator("#images").inner_html()
        choice = found.page.locator("#image-choice")
        choice.select_option(index=1)
        found.page.wait_for_function("(before) => document.getElementById('images').innerHTML !== before", arg=first)
        assert found.page.locator("#images svg").count() > 0
        choice.select_option(index=0)
        found.page.wait_for_function("(before) => document.getElementById('images').innerHTML === before", arg=first)


def test_every_chart_has_its_table(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        for section in ("#timeline", "#image", "#rounds"):
            assert found.page.locator(f"{section} svg").count() > 0
            assert found.page.locator(f"{section} table").count() > 0


def test_the_result_file_can_be_taken_out(browser: Browser, page: Path, result: Result, tmp_path: Path) -> None:
    target = tmp_path / "taken.gz"
    with opened(browser, page) as found:
        with found.page.expect_download() as download:
            found.page.locator("a[download]").click()
        download.value.save_as(target)
    assert gzip.decompress(target.read_bytes()) == result_json(result)


def test_hostile_names_stay_text(browser: Browser, pages: Path) -> None:
    plan = dataclasses.replace(factory.plan("single"), name=HOSTILE)
    long = dataclasses.replace(plan.stages[0][1][0], instruction=f"RUN {HOSTILE} {'x' * 5000}")
    plan = dataclasses.replace(plan, stages=((HOSTILE, (long, *plan.stages[0][1][1:])),))
    target = pages / "hostile.html"
    target.write_text(page_of(factory.with_images(factory.result((plan,)), path=f"usr/{HOSTILE}")))
    with opened(browser, target, 360) as found:
        found.page.get_by_label("Beside it: variant").select_option(index=1)
        found.page.wait_for_function("document.querySelectorAll('#timelines > div').length === 2")
        found.page.locator("#image-choice").select_option(index=0)
        assert (found.errors, found.requests, found.overflow_pixels()) == ([], [], 0)
        assert found.page.locator("main script, main img").count() == 0
        assert "<script>alert(1)</script>" in found.page.locator("#figures-table").inner_text()


@pytest.mark.parametrize("case", ["one build", "failed", "no steps"])
def test_results_with_little_in_them_have_a_page(browser: Browser, pages: Path, result: Result, case: str) -> None:
    one = dataclasses.replace(result, builds=result.builds[:1], images=())
    made = {
        "one build": one,
        "failed": factory.fail(result, "single", "cold"),
        "no steps": dataclasses.replace(one, builds=(dataclasses.replace(one.builds[0], steps=(), image=None),)),
    }[case]
    target = pages / "little.html"
    target.write_text(page_of(made))
    with opened(browser, target) as found:
        assert (found.errors, found.requests) == ([], [])
        assert found.page.locator("h1").inner_text()


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split("\t")]


def _sort_values(button: Locator) -> list[float]:
    """The numbers that a column's rows are sorted by, as they stand."""
    values: list[float] = button.evaluate(
        """(button) => {
            const column = button.closest("th").cellIndex;
            return [...button.closest("table").tBodies[0].rows].map((row) => Number(row.cells[column].dataset.v));
        }"""
    )
    return values
