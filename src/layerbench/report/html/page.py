"""The page as one file, from its parts through the templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layerbench.analysis.figures import scenario_tables
from layerbench.report.cells import compressed_words, reading_help
from layerbench.report.html.facts import facts, facts_of_sides
from layerbench.report.html.fragments import data_link, packed, script_json
from layerbench.report.html.image_views import image_views, layer_bars, layer_rows, left_out, representative_builds
from layerbench.report.html.of_result import input_of_result
from layerbench.report.html.overview import anchors, overview
from layerbench.report.html.page_input import PageInput
from layerbench.report.html.round_views import build_rows, rounds_charts
from layerbench.report.html.step_views import heat_tables
from layerbench.report.html.timeline_views import timeline_section, timeline_views
from layerbench.report.html.verdicts import verdicts
from layerbench.report.printable import printable
from layerbench.report.svg.bars import draw_bars
from layerbench.report.svg.chart import Chart, inline
from layerbench.report.svg.timeline import legend_marks
from layerbench.report.web_pages import asset, content_policy, environment, markup

if TYPE_CHECKING:
    from jinja2 import Environment

    from layerbench.report.interface import Options
    from layerbench.results.models import Result

_PACKAGE = "layerbench.report.html"
_OPEN_STEP_TABLES = 3
"""More variants than that have their steps folded away, but for the first ones."""


def render(result: Result, options: Options) -> str:
    """The page of a result by itself; see `layerbench.report.interface.Reporter`."""
    return render_page(input_of_result(result))


def render_page(page: PageInput) -> str:
    """The page, which makes no request: styles, script, charts and the result file are in it."""
    templates = _environment()
    style, script = asset(_PACKAGE, "page.css"), asset(_PACKAGE, "page.js")
    context = {**_context(page, templates), "style": markup(style), "script": markup(script)}
    context["policy"] = content_policy(style, script)
    return templates.get_template("page.html.j2").render(context)


def _context(page: PageInput, templates: Environment) -> dict[str, Any]:
    result = page.result
    tables = scenario_tables(result)
    builds = representative_builds(result)
    section, drawn = timeline_section(result, page.looked_at)
    places = anchors(result)
    template = templates.get_template("fragments.html.j2").module
    timelines: dict[str, str] = {}
    for timeline in timeline_views(drawn, places):
        timelines[timeline.key] = str(template.timeline(timeline))  # type: ignore[attr-defined]
    images: dict[str, str] = {}
    names: list[tuple[str, str, bool]] = []
    views = tuple(image_views(result, builds, page.contents, page.comparison))
    for image in views:
        images[image.key] = str(template.image(image))  # type: ignore[attr-defined]
        names.append((image.key, image.name, image.is_diff))
    bars = layer_bars(result, builds)
    first_image = next((key for key, _, is_diff in names if is_diff), None) if page.comparison else None
    first_image = first_image or next((key for key, _, _ in names), None)
    return {
        "page": page,
        "help": reading_help(result, steps=False),
        "compressed_words": compressed_words(result),
        "steps_help": reading_help(result, steps=True),
        "verdicts": verdicts(page.check) if page.check else None,
        "overview": overview(result, tables),
        "pairs": _pairs(page),
        "heat": heat_tables(result, page.explanation),
        "open_step_tables": _OPEN_STEP_TABLES,
        "explanation": page.explanation,
        "timelines": section,
        "first_timelines": [(key, markup(timelines[key])) for key in section.shown if key in timelines],
        "timeline_store": packed(timelines) if timelines else "",
        "build_index": markup(script_json(_index(section.choices))),
        "legend": [(markup(mark), name) for mark, name in legend_marks()],
        "images": names,
        "images_left_out": left_out(builds, views, page.comparison),
        "first_image": (first_image, markup(images[first_image])) if first_image else None,
        # The one that stands in the page is not stored again.
        "image_store": packed({key: text for key, text in images.items() if key != first_image}) if images else "",
        "bars": draw_bars(bars, "Layers of all images", "") if bars else None,
        "layers": layer_rows(result, builds),
        "rounds": rounds_charts(result, tables),
        "builds": build_rows(result),
        "facts": facts_of_sides(page.comparison.base.result, page.comparison.head.result, result)
        if page.comparison
        else facts(result),
        "downloads": [(f"{one.name}.gz", data_link(one.content)) for one in page.downloads],
    }


def _index(choices: tuple[Any, ...]) -> list[Any]:
    """What the script chooses builds by: `[variant, [[scenario, anchor, [[round, text]], median round]]]`."""
    return [
        [
            printable(variant),
            [
                [printable(scenario), anchor, [[one.round, one.text] for one in builds], median]
                for scenario, anchor, builds, median in of_variant
            ],
        ]
        for variant, of_variant in choices
    ]


def _pairs(page: PageInput) -> list[Any]:
    """The rows of a comparison, by variant, with what is to be said beside them."""
    if page.comparison is None:
        return []
    from layerbench.report.comparison.words import pair_cells, pair_remarks, variant_groups

    return [
        (
            name.replace(" -> ", " → "),
            [pair_cells(pair, arrow="→") for pair in pairs],
            [remark for pair in pairs for remark in pair_remarks(pair)],
        )
        for name, pairs in variant_groups(page.comparison)
    ]


def _environment() -> Environment:
    made = environment(_PACKAGE)
    made.filters["chart"] = _chart
    made.filters["short"] = _short
    return made


def _short(value: float) -> str:
    """A number that is only sorted by, or drawn to scale."""
    return f"{value:.4g}"


def _chart(chart: Chart) -> object:
    return markup(inline(chart))
