"""A baseline file for the terminal."""

from __future__ import annotations

from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.grid import Cell
from layerbench.report.interface import Options
from layerbench.report.page import Page, render_page
from layerbench.results.baseline import Baseline, ScenarioFigures
from layerbench.units import format_bytes

_FIELDS = (
    Field("scenario", "left"),
    Field("compressed"),
    Field("uncompressed"),
    Field("layers"),
    Field("waste"),
    Field("redeploy"),
    Field("cached steps"),
)
_MEANING = {"manifest": "compressed as a pull transfers it", "gzip": "compressed with gzip"}


def render(baseline: Baseline, options: Options) -> str:
    """The figures, a table a variant."""
    return render_page(options, lambda page: _print(page, baseline))


def _print(page: Page, baseline: Baseline) -> None:
    about = (baseline.bench, baseline.platform, _MEANING.get(baseline.compressed_bytes_source or ""))
    page.line(", ".join(part for part in about if part))
    for variant, scenarios in baseline.variants.items():
        page.blank()
        page.line(variant, "bold")
        print_rows(page, _FIELDS, [_row(name, figures) for name, figures in scenarios.items()])


def _row(name: str, figures: ScenarioFigures) -> tuple[Cell, ...]:
    cached = "" if figures.cached_steps is None else f"{figures.cached_steps} of {len(figures.steps)}"
    layers = "" if figures.layers is None else str(figures.layers)
    return (
        Cell(name),
        Cell(_bytes(figures.compressed_bytes)),
        Cell(_bytes(figures.uncompressed_bytes)),
        Cell(layers),
        Cell(_bytes(figures.waste_bytes)),
        Cell(_bytes(figures.redeploy_bytes)),
        Cell(cached),
    )


def _bytes(count: int | None) -> str:
    return "" if count is None else format_bytes(count)
