"""A treemap: areas within areas, as large as what they stand for.

Bruls, Huizing, van Wijk: "Squarified Treemaps" (2000), as the package `squarify` has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerbench.report.svg.chart import Chart
from layerbench.report.svg.elements import clipped, element, percent

_WIDTH, HEIGHT = 1000.0, 520.0
"""The plane of the layout; only its proportions count, and its height in pixels."""
_HEADER = 17.0
_LEAST_HEADED = (46.0, 34.0)
_LEAST_LABELLED = (60.0, 15.0)
_WIDE, _MIDDLING = 240.0, 120.0
_LEAST_AREA = 260.0
_MOST_CHILDREN = 40


@dataclass(frozen=True, slots=True)
class Tile:
    """An area, or a leaf of them."""

    name: str
    size: float
    tip: str
    class_: str
    children: tuple[Tile, ...] = ()


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


def draw_treemap(tiles: Sequence[Tile], title: str, description: str) -> Chart:
    """The chart. What would be too small to be seen is put together with its like."""
    drawn = "".join(_draw(tiles, _Box(0, 0, _WIDTH, HEIGHT), 0))
    return Chart(title, description, HEIGHT, drawn)


def _draw(tiles: Sequence[Tile], box: _Box, depth: int) -> Iterator[str]:
    for tile, place in _places(tiles, box):
        is_headed = bool(tile.children) and place.width >= _LEAST_HEADED[0] and place.height >= _LEAST_HEADED[1]
        yield _rectangle(tile, place, is_group=bool(tile.children), depth=depth)
        if is_headed:
            yield _label(tile.name, _Box(place.x, place.y, place.width, _HEADER), f"th d{depth}")
            inner = _Box(place.x + 2, place.y + _HEADER, place.width - 4, place.height - _HEADER - 2)
            yield from _draw(tile.children, inner, depth + 1)
        elif tile.children and place.width > 8 and place.height > 8:
            inner = _Box(place.x + 1, place.y + 1, place.width - 2, place.height - 2)
            yield from _draw(tile.children, inner, depth + 1)
        elif place.width >= _LEAST_LABELLED[0] and place.height >= _LEAST_LABELLED[1]:
            yield _label(tile.name, _Box(place.x, place.y, place.width, min(place.height, 18)), "tl")


def _places(tiles: Sequence[Tile], box: _Box) -> list[tuple[Tile, _Box]]:
    import squarify

    whole = sum(tile.size for tile in tiles if tile.size > 0)
    area = box.width * box.height
    if not whole or area <= 0:
        return []
    shown = _joined(tiles, whole * _LEAST_AREA / area)
    sizes = squarify.normalize_sizes([tile.size for tile in shown], box.width, box.height)
    boxes = squarify.squarify(sizes, box.x, box.y, box.width, box.height)
    return [(tile, _Box(one["x"], one["y"], one["dx"], one["dy"])) for tile, one in zip(shown, boxes, strict=True)]


def _joined(tiles: Sequence[Tile], least: float) -> list[Tile]:
    """The tiles by size, those that are too small, or too many, in one."""
    ordered = sorted((tile for tile in tiles if tile.size > 0), key=lambda tile: -tile.size)
    shown = [tile for tile in ordered[:_MOST_CHILDREN] if tile.size >= least]
    rest = ordered[len(shown) :]
    if len(rest) == 1:
        return [*shown, rest[0]]
    if rest:
        size = sum(tile.size for tile in rest)
        classes = {tile.class_ for tile in rest}
        class_ = classes.pop() if len(classes) == 1 else rest[0].class_.replace(" w", "")
        shown.append(Tile(f"{len(rest)} more", size, f"{len(rest)} smaller ones", class_))
    return shown


def _rectangle(tile: Tile, place: _Box, *, is_group: bool, depth: int) -> str:
    kind = f"tg d{depth} {tile.class_}" if is_group else f"t {tile.class_}"
    return element(
        "rect",
        x=percent(place.x / _WIDTH),
        y=place.y,
        width=percent(place.width / _WIDTH),
        height=place.height,
        class_=kind,
        data_tip=tile.tip,
    )


def _label(name: str, place: _Box, class_: str) -> str:
    """Narrow ones are hidden on narrow screens, by their class."""
    room = "" if place.width >= _WIDE else " m" if place.width >= _MIDDLING else " s"
    return clipped(
        name,
        percent(place.x / _WIDTH),
        place.y,
        percent(place.width / _WIDTH),
        place.height,
        f"{class_}{room}",
    )
