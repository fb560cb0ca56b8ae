"""What changed between two images, for a terminal: one screen, the largest differences first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.analysis.anatomy.models import ImageDiff, LayerDelta, PackageDelta, PathDelta
from layerbench.report.anatomy.layout import Field, print_rows, shorten
from layerbench.report.anatomy.words import (
    diff_title,
    layer_mark,
    layer_text,
    more_deltas,
    package_change,
    package_places,
    path_change,
    same_layers,
    section_title,
    total_rows,
)
from layerbench.report.grid import Cell
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, render_page
from layerbench.units import format_bytes, format_bytes_delta


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows the lists have at most; with these it is about a screen."""

    packages: int = 15
    others: int = 3


def render(diff: ImageDiff, options: Options, rows: Rows) -> str:
    """The difference as text."""
    return render_page(options, lambda page: _print(diff, page, rows))


def _print(diff: ImageDiff, page: Page, rows: Rows) -> None:
    page.line(diff_title(diff), "bold", hang=2)
    _print_totals(diff, page)
    _print_layers(diff, page, rows.packages)
    _print_packages(diff.packages, page, rows.packages)
    _print_paths("outside of packages", diff.unowned, page, rows.others)
    _print_paths("files", diff.files, page, rows.others)
    page.blank()
    for note in diff.notes:
        page.line(f"Note: {note}", "yellow", hang=2)
    page.line(f"unattributed: {format_bytes(diff.unattributed_bytes)}", "bold red" if diff.unattributed_bytes else "")


def _print_totals(diff: ImageDiff, page: Page) -> None:
    rows = total_rows(diff)
    width = max(len(row.after) for row in rows)
    print_rows(
        page,
        (Field("", "left"), Field(""), Field(""), Field("")),
        [
            (Cell(row.name), Cell(f"{row.before} -> {row.after:>{width}}"), _styled(row.delta), Cell(row.percent))
            for row in rows
        ],
    )


def _print_layers(diff: ImageDiff, page: Page, top: int) -> None:
    page.blank()
    differing = [layer for layer in diff.layers if not layer.is_same]
    if differing:
        page.line("layers that differ", "bold")
        _print_differing(differing, page, top, compares=diff.compressed_bytes_delta is not None)
    page.line(same_layers(diff), "" if not differing else "dim", indent=INDENT if differing else 0)


def _print_differing(layers: Sequence[LayerDelta], page: Page, top: int, *, compares: bool) -> None:
    shown, rest = _largest(layers, top)
    fields = (
        Field("compressed"),
        Field("uncompressed"),
        Field("instruction", "left", least_width=12),
    )
    rows = [
        (
            _delta(layer.compressed_bytes_delta),
            _delta(layer.uncompressed_bytes_delta),
            Cell(f"{layer_mark(layer)} {layer_text(layer.instruction)}"),
        )
        for layer in shown
    ]
    first = 0 if compares else 1
    ellipsis = "..." if page.ascii_only else "…"

    def changed_from(number: int) -> Iterator[tuple[str, str]]:
        before = shown[number].instruction_before
        if before is not None:
            text = page.plain(f"changed from: {layer_text(before)}")
            yield shorten(text, page.width - INDENT - 2, ellipsis), "dim"

    print_rows(page, fields[first:], [row[first:] for row in rows], changed_from)
    if rest:
        total = sum(layer.uncompressed_bytes_delta for layer in rest)
        page.line(f"and {len(rest)} more, {format_bytes_delta(total)} uncompressed in all", "dim", indent=INDENT)


def _print_packages(packages: Sequence[PackageDelta], page: Page, top: int) -> None:
    if not packages:
        return
    page.blank()
    page.line(section_title("packages", packages), "bold")
    fields = (Field("", "left", least_width=24), Field(""), Field("", "left", least_width=8))
    rows = [
        (
            Cell(package_change(package)),
            _delta(package.uncompressed_bytes_delta),
            Cell(package_places(package), "dim"),
        )
        for package in packages[:top]
    ]
    print_rows(page, fields, rows)
    _print_rest(packages[top:], page)


def _print_paths(title: str, paths: Sequence[PathDelta], page: Page, top: int) -> None:
    if not paths:
        return
    page.blank()
    page.line(section_title(title, paths), "bold")
    fields = (Field("", "left", least_width=24), Field(""), Field("", "left", least_width=8))
    rows = [
        (Cell(path_change(path)), _delta(path.uncompressed_bytes_delta), Cell(path.package or "", "dim"))
        for path in paths[:top]
    ]
    print_rows(page, fields, rows)
    _print_rest(paths[top:], page)


def _print_rest(rest: Sequence[PackageDelta | PathDelta], page: Page) -> None:
    if rest:
        page.line(more_deltas(rest), "dim", indent=INDENT)


def _largest(layers: Sequence[LayerDelta], most: int) -> tuple[list[LayerDelta], list[LayerDelta]]:
    """The layers with the largest differences, in the order of the image, and the others."""
    order = sorted(range(len(layers)), key=lambda at: -abs(layers[at].uncompressed_bytes_delta))
    shown = set(order[:most])
    return [layers[at] for at in sorted(shown)], [layers[at] for at in order[most:]]


def _delta(count: int) -> Cell:
    return _styled(format_bytes_delta(count))


def _styled(delta: str) -> Cell:
    return Cell(delta, {"+": "red", "-": "green"}.get(delta[:1], ""))
